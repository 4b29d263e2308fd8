import { Eye, EyeOff } from "lucide-react";
import { useState } from "react";
import { IconButton } from "@/components/ui/button";
import { Field, Input } from "@/components/ui/field";
import { t, tn } from "@/i18n";
import { cx } from "@/lib/cx";

/** The least that the server takes, in characters. */
export const leastPassword = 10;
const goodPassword = 16;

interface PasswordFieldProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  error?: string;
  /** A new one is measured, by its length alone; one that is known is not. */
  fresh?: boolean;
}

/** A password, hidden until one wants to see it. */
export function PasswordField({ label, value, onChange, error, fresh }: PasswordFieldProps) {
  const [shown, setShown] = useState(false);
  const [left, setLeft] = useState(false);
  const length = [...value].length;
  const short = left && length > 0 && length < leastPassword;
  return (
    <Field
      label={label}
      hint={fresh ? <Length length={length} /> : undefined}
      error={error ?? (fresh && short ? t("account.password_short") : undefined)}
    >
      <div className="relative">
        <Input
          type={shown ? "text" : "password"}
          autoComplete={fresh ? "new-password" : "current-password"}
          autoCapitalize="off"
          autoCorrect="off"
          spellCheck={false}
          required
          className="pr-10"
          value={value}
          onChange={(e) => onChange(e.target.value)}
          onBlur={() => setLeft(true)}
        />
        <IconButton
          label={t("account.reveal")}
          aria-pressed={shown}
          className="absolute top-0.5 right-0.5"
          onClick={() => setShown(!shown)}
        >
          {shown ? <EyeOff size={16} aria-hidden /> : <Eye size={16} aria-hidden />}
        </IconButton>
      </div>
    </Field>
  );
}

/** How long it is, in words and as a bar; the room it takes is always the same. */
function Length({ length }: { length: number }) {
  const enough = length >= leastPassword;
  const good = length >= goodPassword;
  const bars = Math.min(4, Math.ceil((length / goodPassword) * 4));
  return (
    <>
      <span className="mb-1.5 flex gap-1" aria-hidden>
        {[1, 2, 3, 4].map((n) => (
          <span
            key={n}
            className={cx(
              "h-1 flex-1 rounded-full transition-colors duration-[var(--motion-fast)]",
              n > bars ? "bg-surface-3" : enough ? "bg-ok-mark" : "bg-warn-mark",
            )}
          />
        ))}
      </span>
      <span className="block min-h-10">
        {length === 0
          ? t("account.password_hint")
          : good
            ? t("account.password_good")
            : enough
              ? t("account.password_enough")
              : tn("account.password_more", leastPassword - length)}
      </span>
    </>
  );
}

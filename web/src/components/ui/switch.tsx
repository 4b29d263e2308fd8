import { type InputHTMLAttributes, type ReactNode, useId } from "react";
import { cx } from "@/lib/cx";

interface SwitchProps extends Omit<InputHTMLAttributes<HTMLInputElement>, "type" | "onChange"> {
  label: ReactNode;
  hint?: ReactNode;
  checked: boolean;
  onChange: (on: boolean) => void;
}

/** Something that is on or off and takes effect at once. In a form that is sent later, take a Checkbox. */
export function Switch({ label, hint, checked, onChange, className, ...rest }: SwitchProps) {
  const id = useId();
  return (
    <div className={cx("flex items-start justify-between gap-4", className)}>
      <div className="min-w-0">
        <label htmlFor={id} className="block">
          {label}
        </label>
        {hint && (
          <p id={`${id}-hint`} className="text-sm text-text-3">
            {hint}
          </p>
        )}
      </div>
      <span className="relative mt-0.5 inline-flex shrink-0">
        <input
          type="checkbox"
          role="switch"
          aria-checked={checked}
          id={id}
          checked={checked}
          aria-describedby={hint ? `${id}-hint` : undefined}
          onChange={(e) => onChange(e.target.checked)}
          className="peer h-5 w-9 cursor-pointer appearance-none rounded-full border border-border-strong bg-surface-2 transition-colors duration-[var(--motion-fast)] checked:border-accent checked:bg-accent disabled:cursor-not-allowed disabled:opacity-55"
          {...rest}
        />
        <span
          aria-hidden
          className="pointer-events-none absolute top-1 left-1 size-3 rounded-full bg-border-strong transition-transform duration-[var(--motion-fast)] peer-checked:translate-x-4 peer-checked:bg-on-accent"
        />
      </span>
    </div>
  );
}

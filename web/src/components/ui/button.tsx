import { LoaderCircle } from "lucide-react";
import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";
import { cx } from "@/lib/cx";

export type ButtonLook = "primary" | "plain" | "quiet" | "danger";

const base =
  "inline-flex items-center justify-center gap-1.5 rounded-md font-medium whitespace-nowrap select-none transition-colors duration-[var(--motion-fast)] disabled:opacity-55 disabled:cursor-not-allowed [&_svg]:shrink-0";

const looks: Record<ButtonLook, string> = {
  primary: "bg-accent text-on-accent hover:not-disabled:bg-accent-hover",
  plain: "bg-surface text-text border border-border-strong/60 shadow-1 hover:not-disabled:bg-surface-2",
  quiet: "text-text-2 hover:not-disabled:bg-surface-2 hover:not-disabled:text-text",
  danger: "bg-bad-fill text-on-bad hover:not-disabled:bg-bad-fill-hover",
};

const sizes = {
  md: "min-h-9 px-3.5 text-base",
  sm: "min-h-8 px-2.5 text-sm",
  icon: "size-9",
  "icon-sm": "size-8",
};

/** The classes of a button, for links that look like one. */
export function buttonClass(
  look: ButtonLook = "plain",
  size: keyof typeof sizes = "md",
  more?: string,
): string {
  return cx(base, looks[look], sizes[size], more);
}

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: ButtonLook;
  size?: keyof typeof sizes;
  busy?: boolean;
  ref?: Ref<HTMLButtonElement>;
  children?: ReactNode;
}

/** A button; while busy it cannot be pressed again and says so to screen readers. */
export function Button({
  look,
  size,
  busy,
  className,
  children,
  disabled,
  type = "button",
  ...rest
}: ButtonProps) {
  return (
    <button
      type={type}
      className={buttonClass(look, size, className)}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      {...rest}
    >
      {busy && <LoaderCircle size={15} className="animate-spinner" aria-hidden />}
      {children}
    </button>
  );
}

interface IconButtonProps extends Omit<ButtonProps, "size"> {
  label: string;
  size?: "icon" | "icon-sm";
}

/** A button that shows only an icon; its label is read aloud and shown on hover. */
export function IconButton({ label, look = "quiet", size = "icon-sm", ...rest }: IconButtonProps) {
  return <Button look={look} size={size} aria-label={label} title={label} {...rest} />;
}

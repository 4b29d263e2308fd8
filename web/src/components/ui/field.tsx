import { ChevronDown } from "lucide-react";
import {
  createContext,
  type InputHTMLAttributes,
  type ReactNode,
  type Ref,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useContext,
  useId,
} from "react";
import { cx } from "@/lib/cx";

interface FieldIds {
  id: string;
  describedBy: string | undefined;
  invalid: boolean;
}

const FieldContext = createContext<FieldIds | undefined>(undefined);

interface FieldProps {
  label: ReactNode;
  hint?: ReactNode;
  error?: string;
  optional?: string;
  /** The label is for screen readers only. */
  hideLabel?: boolean;
  className?: string;
  children: ReactNode;
}

/** A label, the control within, a hint, and what is wrong with it beside it. */
export function Field({ label, hint, error, optional, hideLabel, className, children }: FieldProps) {
  const id = useId();
  const hintId = hint ? `${id}-hint` : "";
  const errorId = error ? `${id}-error` : "";
  const describedBy = [errorId, hintId].filter(Boolean).join(" ") || undefined;
  return (
    <div className={cx("min-w-0", className)}>
      <label htmlFor={id} className={hideLabel ? "sr-only" : "mb-1.5 block font-medium text-sm"}>
        {label}
        {optional && <span className="ml-1.5 font-normal text-text-3">{optional}</span>}
      </label>
      <FieldContext value={{ id, describedBy, invalid: Boolean(error) }}>{children}</FieldContext>
      {error && (
        <p id={errorId} className="mt-1.5 text-bad text-sm" role="alert">
          {error}
        </p>
      )}
      {hint && (
        <p id={hintId} className="mt-1.5 text-sm text-text-3">
          {hint}
        </p>
      )}
    </div>
  );
}

function useControl() {
  const field = useContext(FieldContext);
  if (!field) return {};
  return { id: field.id, "aria-describedby": field.describedBy, "aria-invalid": field.invalid || undefined };
}

interface InputProps extends InputHTMLAttributes<HTMLInputElement> {
  mono?: boolean;
  ref?: Ref<HTMLInputElement>;
}

export function Input({ className, mono, ...rest }: InputProps) {
  const technical = mono ? { spellCheck: false, autoCapitalize: "off", autoCorrect: "off" } : {};
  return (
    <input
      className={cx("control", mono && "font-mono", className)}
      {...useControl()}
      {...technical}
      {...rest}
    />
  );
}

interface TextareaProps extends TextareaHTMLAttributes<HTMLTextAreaElement> {
  mono?: boolean;
}

export function Textarea({ className, mono, ...rest }: TextareaProps) {
  const technical = mono ? { spellCheck: false, autoCapitalize: "off", autoCorrect: "off" } : {};
  return (
    <textarea
      className={cx("control", mono && "font-mono", className)}
      {...useControl()}
      {...technical}
      {...rest}
    />
  );
}

interface SelectProps extends SelectHTMLAttributes<HTMLSelectElement> {
  /** It narrows what is shown, and should be seen to. */
  marked?: boolean;
}

/** The platform's own select: it is the one that works everywhere. */
export function Select({ className, marked, children, ...rest }: SelectProps) {
  return (
    <span className={cx("relative block", className)}>
      <select
        className={cx("control appearance-none truncate pr-8", marked && "border-accent! bg-accent-soft!")}
        {...useControl()}
        {...rest}
      >
        {children}
      </select>
      <ChevronDown
        size={15}
        className="pointer-events-none absolute top-1/2 right-2.5 -translate-y-1/2 text-text-3"
        aria-hidden
      />
    </span>
  );
}

interface CheckboxProps extends Omit<InputHTMLAttributes<HTMLInputElement>, "type"> {
  label: ReactNode;
  hint?: ReactNode;
}

export function Checkbox({ label, hint, className, ...rest }: CheckboxProps) {
  const id = useId();
  return (
    <div className={cx("flex gap-2.5", className)}>
      <input
        type="checkbox"
        id={id}
        aria-describedby={hint ? `${id}-hint` : undefined}
        className="mt-0.5 size-4 shrink-0 accent-accent"
        {...rest}
      />
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
    </div>
  );
}

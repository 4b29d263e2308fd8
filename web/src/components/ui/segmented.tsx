import { type ReactNode, useId } from "react";
import { cx } from "@/lib/cx";

interface SegmentedProps<T extends string> {
  /** Names the choice for screen readers. */
  label: string;
  value: T;
  onChange: (value: T) => void;
  options: readonly { value: T; label: ReactNode /** When the label is an icon. */; name?: string }[];
  size?: "md" | "sm";
  className?: string;
}

/** One of a few, all of them seen: two to five short words. The arrow keys move between them. */
export function Segmented<T extends string>({
  label,
  value,
  onChange,
  options,
  size = "md",
  className,
}: SegmentedProps<T>) {
  const name = useId();
  return (
    <fieldset className={cx("inline-flex rounded-md bg-surface-3 p-0.5", className)}>
      <legend className="sr-only">{label}</legend>
      {options.map((option) => (
        <label
          key={option.value}
          title={option.name}
          className={cx(
            "relative inline-flex cursor-pointer items-center justify-center gap-1.5 whitespace-nowrap rounded-sm font-medium text-sm text-text-2 hover:text-text",
            "has-checked:bg-surface has-checked:text-text has-checked:shadow-1",
            "has-focus-visible:outline-2 has-focus-visible:outline-focus has-focus-visible:outline-offset-1",
            size === "md" ? "min-h-8 px-3" : "min-h-7 px-2",
          )}
        >
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={option.value === value}
            onChange={() => onChange(option.value)}
            aria-label={option.name}
            className="absolute inset-0 cursor-pointer appearance-none rounded-sm outline-none"
          />
          {option.label}
        </label>
      ))}
    </fieldset>
  );
}

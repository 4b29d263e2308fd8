import type { ReactNode } from "react";
import { Field, Select } from "@/components/ui/field";

interface ChoiceProps {
  label: string;
  value: string | undefined;
  all: string;
  onChange: (value: string | undefined) => void;
  children: ReactNode;
}

/** What a list is narrowed by, or all. */
export function Choice({ label, value, all, onChange, children }: ChoiceProps) {
  return (
    <Field label={label} hideLabel className="min-w-32 flex-1 sm:max-w-64 sm:flex-none">
      <Select
        value={value ?? ""}
        onChange={(e) => onChange(e.target.value || undefined)}
        className={value ? "font-medium" : undefined}
      >
        <option value="">{all}</option>
        {children}
      </Select>
    </Field>
  );
}

import { Tabs as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { cx } from "@/lib/cx";

/** How a tab looks, links that are tabs included; "active" marks the open one. */
export const tabClass =
  "-outline-offset-2! whitespace-nowrap border-transparent border-b-2 px-2.5 py-2 text-text-2 hover:text-text [&.active]:border-accent [&.active]:font-medium [&.active]:text-text data-[state=active]:border-accent data-[state=active]:font-medium data-[state=active]:text-text";

interface TabsProps<T extends string> {
  label: string;
  value: T;
  onChange: (value: T) => void;
  tabs: readonly { value: T; label: ReactNode; content: ReactNode }[];
  className?: string;
}

/** Views of one thing within a page, one at a time. What has an address of its own is a link instead. */
export function Tabs<T extends string>({ label, value, onChange, tabs, className }: TabsProps<T>) {
  return (
    <Radix.Root value={value} onValueChange={(chosen) => onChange(chosen as T)} className={className}>
      <Radix.List
        aria-label={label}
        className="relative flex gap-0.5 overflow-x-auto border-b [scrollbar-width:none]"
      >
        {tabs.map((tab) => (
          <Radix.Trigger key={tab.value} value={tab.value} className={cx(tabClass, "-mb-px")}>
            {tab.label}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {tabs.map((tab) => (
        <Radix.Content key={tab.value} value={tab.value} className="pt-4">
          {tab.content}
        </Radix.Content>
      ))}
    </Radix.Root>
  );
}

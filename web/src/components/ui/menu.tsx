import { Check } from "lucide-react";
import { DropdownMenu as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { cx } from "@/lib/cx";

const item =
  "flex w-full items-center gap-2.5 rounded-sm px-2.5 py-1.5 text-left outline-none data-[highlighted]:bg-surface-2 data-[disabled]:opacity-50";

/** A menu that opens from a button. It is not modal: the page behind stays as it is. */
export function Menu({
  trigger,
  children,
  align = "end",
  defaultOpen,
}: {
  trigger: ReactNode;
  children: ReactNode;
  align?: "start" | "end";
  defaultOpen?: boolean;
}) {
  return (
    <Radix.Root modal={false} defaultOpen={defaultOpen}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      {/* Within a landmark, so that those who go from one to the next meet it. */}
      <Radix.Portal container={document.getElementById("main")}>
        <Radix.Content
          align={align}
          sideOffset={6}
          collisionPadding={8}
          className="z-50 min-w-48 animate-fade rounded-md border bg-surface p-1 shadow-2"
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

export function MenuItem({
  onSelect,
  children,
  danger,
  asChild,
}: {
  onSelect?: () => void;
  children: ReactNode;
  danger?: boolean;
  asChild?: boolean;
}) {
  return (
    <Radix.Item onSelect={onSelect} asChild={asChild} className={cx(item, danger && "text-bad")}>
      {children}
    </Radix.Item>
  );
}

export function MenuLabel({ children }: { children: ReactNode }) {
  return <Radix.Label className="px-2.5 pt-1.5 pb-1 text-text-3 text-xs">{children}</Radix.Label>;
}

export function MenuSeparator() {
  return <Radix.Separator className="my-1 h-px bg-border" />;
}

interface MenuSwitchProps {
  checked: boolean;
  onChange: (on: boolean) => void;
  disabled?: boolean;
  children: ReactNode;
}

/** An item that is on or off; the menu stays open. */
export function MenuSwitch({ checked, onChange, disabled, children }: MenuSwitchProps) {
  return (
    <Radix.CheckboxItem
      checked={checked}
      disabled={disabled}
      onCheckedChange={onChange}
      onSelect={(event) => event.preventDefault()}
      className={cx(item, "max-w-72 items-start")}
    >
      <span className="mt-0.5 grid size-4 shrink-0 place-items-center rounded-sm border border-border-strong">
        <Radix.ItemIndicator>
          <Check size={13} aria-hidden />
        </Radix.ItemIndicator>
      </span>
      <span className="min-w-0">{children}</span>
    </Radix.CheckboxItem>
  );
}

interface MenuChoiceProps<T extends string> {
  value: T;
  onChange: (value: T) => void;
  options: { value: T; label: ReactNode }[];
}

export function MenuChoice<T extends string>({ value, onChange, options }: MenuChoiceProps<T>) {
  return (
    <Radix.RadioGroup value={value} onValueChange={(chosen) => onChange(chosen as T)}>
      {options.map((option) => (
        <Radix.RadioItem key={option.value} value={option.value} className={item}>
          <span className="w-4">
            <Radix.ItemIndicator>
              <Check size={15} aria-hidden />
            </Radix.ItemIndicator>
          </span>
          {option.label}
        </Radix.RadioItem>
      ))}
    </Radix.RadioGroup>
  );
}

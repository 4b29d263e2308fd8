import { Popover as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { cx } from "@/lib/cx";

interface PopoverProps {
  trigger: ReactNode;
  /** Names it for screen readers. */
  label: string;
  align?: "start" | "center" | "end";
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  className?: string;
  children: ReactNode;
}

/** A small pane that opens from a button, for a few controls or more about one thing. */
export function Popover({
  trigger,
  label,
  align = "start",
  open,
  onOpenChange,
  className,
  children,
}: PopoverProps) {
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          aria-label={label}
          align={align}
          sideOffset={6}
          collisionPadding={8}
          className={cx(
            "z-50 max-w-[calc(100vw-1rem)] animate-fade rounded-md border bg-surface p-4 shadow-2 outline-none",
            className ?? "w-72",
          )}
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** Closes the popover that it stands in. */
export const PopoverClose = Radix.Close;

import { Tooltip as Radix } from "radix-ui";
import type { ReactNode } from "react";

interface TooltipProps {
  /** A few words; never the only place where something is said. */
  text: ReactNode;
  side?: "top" | "right" | "bottom" | "left";
  /** What it is about: one element that takes focus. */
  children: ReactNode;
}

/** Words that appear on hover and on focus, and go with Escape. */
export function Tooltip({ text, side = "top", children }: TooltipProps) {
  return (
    <Radix.Provider delayDuration={350}>
      <Radix.Root>
        <Radix.Trigger asChild>{children}</Radix.Trigger>
        <Radix.Portal>
          <Radix.Content
            side={side}
            sideOffset={6}
            collisionPadding={8}
            className="z-50 max-w-72 animate-fade rounded-sm bg-text px-2 py-1 text-bg text-xs shadow-2"
          >
            {text}
          </Radix.Content>
        </Radix.Portal>
      </Radix.Root>
    </Radix.Provider>
  );
}

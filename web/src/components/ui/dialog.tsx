import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { t } from "@/i18n";
import { cx } from "@/lib/cx";
import { IconButton } from "./button";
import { useModal } from "./modal";

interface DialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: ReactNode;
  description?: ReactNode;
  wide?: boolean;
  children: ReactNode;
}

/**
 * A modal dialog. The scrim is our own: Radix's overlay writes a style element,
 * which the content security policy refuses.
 */
export function Dialog({ open, onOpenChange, title, description, wide, children }: DialogProps) {
  const modal = useModal(open);
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <div className="fixed inset-0 z-40 animate-fade bg-scrim" aria-hidden />
        <div className="pointer-events-none fixed inset-0 z-50 grid items-end-safe justify-items-center overflow-y-auto p-0 sm:items-center-safe sm:p-6">
          <Radix.Content
            {...modal}
            aria-describedby={description ? undefined : ""}
            className={cx(
              "pointer-events-auto w-full animate-rise rounded-t-lg border bg-surface p-5 shadow-2 sm:rounded-lg sm:p-6",
              wide ? "sm:max-w-2xl" : "sm:max-w-md",
            )}
          >
            <div className="mb-1 flex items-start justify-between gap-4">
              <Radix.Title className="font-semibold text-lg">{title}</Radix.Title>
              <Radix.Close asChild>
                <IconButton label={t("common.close")} className="-mt-1.5 -mr-2">
                  <X size={17} aria-hidden />
                </IconButton>
              </Radix.Close>
            </div>
            {description && (
              <Radix.Description asChild>
                <div className="mb-4 text-text-2">{description}</div>
              </Radix.Description>
            )}
            {children}
          </Radix.Content>
        </div>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** The row of buttons at the end of a dialog or form. */
export function DialogActions({ children }: { children: ReactNode }) {
  return <div className="mt-5 flex flex-wrap justify-end gap-2">{children}</div>;
}

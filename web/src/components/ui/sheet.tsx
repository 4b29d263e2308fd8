import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { t } from "@/i18n";
import { IconButton } from "./button";
import { useModal } from "./modal";

interface SheetProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: ReactNode;
  children: ReactNode;
}

/** A dialog at the side of the screen, for what is long and read beside the page. */
export function Sheet({ open, onOpenChange, title, children }: SheetProps) {
  const modal = useModal(open);
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <div className="fixed inset-0 z-40 animate-fade bg-scrim" aria-hidden />
        <Radix.Content
          {...modal}
          aria-describedby={undefined}
          className="fixed inset-y-0 right-0 z-50 flex w-full max-w-md animate-fade flex-col border-l bg-surface shadow-2"
        >
          <div className="flex items-center justify-between gap-4 border-b px-5 py-3">
            <Radix.Title className="min-w-0 truncate font-semibold text-lg">{title}</Radix.Title>
            <Radix.Close asChild>
              <IconButton label={t("common.close")} className="-mr-2">
                <X size={17} aria-hidden />
              </IconButton>
            </Radix.Close>
          </div>
          <div className="min-h-0 flex-1 overflow-y-auto p-5">{children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

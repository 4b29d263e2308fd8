import { Command } from "cmdk";
import { ChevronLeft, Search } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import { type ReactNode, useState } from "react";
import { useModal } from "@/components/ui/modal";
import { t } from "@/i18n";
import { showPanel } from "./panel";
import { ReleaseItems } from "./ReleaseItems";
import { RootItems } from "./RootItems";
import { ScaleItems } from "./ScaleItems";

/** A page of the palette: what there is, or what one action needs to know. */
export type PalettePage = "root" | "rollback" | "scale" | "theme" | "language";

interface PaletteProps {
  app: string | undefined;
  begin: string;
}

/** Finds apps and pages, and does what can be done, by a few letters. */
export function Palette({ app, begin }: PaletteProps) {
  const first: PalettePage = app && (begin === "rollback" || begin === "scale") ? begin : "root";
  const [page, setPage] = useState<PalettePage>(first);
  const [search, setSearch] = useState("");
  const modal = useModal(true);
  const close = () => showPanel(undefined);
  const turn = (to: PalettePage) => {
    setPage(to);
    setSearch("");
  };
  const ask =
    page === "root" ? t("palette.ask") : page === "scale" ? t("palette.ask_scale") : t("palette.ask_choice");
  return (
    <Radix.Root open onOpenChange={(open) => !open && close()}>
      <Radix.Portal>
        <div className="fixed inset-0 z-40 animate-fade bg-scrim" aria-hidden />
        <Radix.Content
          {...modal}
          aria-describedby={undefined}
          onEscapeKeyDown={(event) => {
            if (page === "root" || page === first) return;
            event.preventDefault();
            turn("root");
          }}
          className="fixed inset-x-2 top-2 z-50 mx-auto max-w-xl animate-fade overflow-hidden rounded-lg border bg-surface shadow-2 sm:top-[12vh]"
        >
          <Radix.Title className="sr-only">{t("palette.title")}</Radix.Title>
          <Command key={page} label={t("palette.title")} loop shouldFilter={page !== "scale"}>
            <div className="flex items-center gap-2.5 border-b px-3.5">
              {page === "root" ? (
                <Search size={17} className="shrink-0 text-text-3" aria-hidden />
              ) : (
                <button
                  type="button"
                  aria-label={t("palette.back")}
                  onClick={() => turn("root")}
                  className="-ml-1.5 shrink-0 rounded-sm p-1 text-text-3 hover:text-text"
                >
                  <ChevronLeft size={17} aria-hidden />
                </button>
              )}
              <Command.Input
                autoFocus
                value={search}
                onValueChange={setSearch}
                placeholder={ask}
                onKeyDown={(event) => {
                  if (event.key === "Backspace" && search === "" && page !== "root") turn("root");
                }}
                className="h-12 w-full bg-transparent text-lg outline-none"
              />
            </div>
            <Command.List
              label={ask}
              className="max-h-[min(24rem,60dvh)] overflow-y-auto overscroll-contain p-1.5"
            >
              {page !== "scale" && (
                <Command.Empty className="px-3 py-8 text-center text-text-2">
                  {t("palette.nothing")}
                </Command.Empty>
              )}
              {page === "scale" && app && <ScaleItems app={app} typed={search} done={close} />}
              {page === "rollback" && app && <ReleaseItems app={app} done={close} />}
              {page !== "scale" && page !== "rollback" && (
                <RootItems app={app} page={page} search={search} turn={turn} done={close} />
              )}
            </Command.List>
          </Command>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

interface ItemProps {
  /** Tells it from all others. */
  id: string;
  icon?: ReactNode;
  words?: string[];
  end?: ReactNode;
  onSelect: () => void;
  children: ReactNode;
}

export function Item({ id, icon, words, end, onSelect, children }: ItemProps) {
  return (
    <Command.Item
      value={id}
      keywords={words}
      onSelect={onSelect}
      className="flex min-h-9 cursor-pointer items-center gap-2.5 rounded-md px-2.5 py-1.5 data-[selected=true]:bg-accent-soft"
    >
      <span className="grid w-4 shrink-0 place-items-center text-text-3 [[data-selected=true]_&]:text-accent-text">
        {icon}
      </span>
      <span className="min-w-0 flex-1 truncate">{children}</span>
      {end}
    </Command.Item>
  );
}

export function Group({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Command.Group
      heading={title}
      className="**:[[cmdk-group-heading]]:px-2.5 **:[[cmdk-group-heading]]:pt-2 **:[[cmdk-group-heading]]:pb-1 **:[[cmdk-group-heading]]:text-text-3 **:[[cmdk-group-heading]]:text-xs"
    >
      {children}
    </Command.Group>
  );
}

import { useQuery } from "@tanstack/react-query";
import { Eye, EyeOff, Lock, Search, SlidersHorizontal } from "lucide-react";
import { type DragEvent, useState } from "react";
import { queries } from "@/api/queries";
import { can } from "@/api/types";
import { Button } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { Empty, ErrorNote, SkeletonRows } from "@/components/ui/feedback";
import { Input } from "@/components/ui/field";
import { Card, PageHead, Rows } from "@/components/ui/layout";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { cx } from "@/lib/cx";
import { useTypedSearch } from "@/lib/search";
import { ConfigRow } from "./ConfigRow";
import { DeploymentProgress } from "./DeploymentProgress";
import { DraftRows } from "./DraftRows";
import { LeaveGuard } from "./LeaveGuard";
import { StagedChanges } from "./StagedChanges";
import { type Imported, useConfigStage } from "./useConfigStage";

// From so many vars on there is a filter.
const many = 8;
// A .env is small; anything larger is another file.
const largestFile = 1024 * 1024;

/** The config vars of an app, and the changes to them before they are saved. */
export function ConfigPanel({ app }: { app: string }) {
  const { data, error, isPending, refetch } = useQuery(queries.config(app));
  const { data: me } = useQuery(queries.session());
  const staged = useConfigStage(app, data);
  const [revealed, setRevealed] = useState(false);
  const [adding, setAdding] = useState(false);
  const [tried, setTried] = useState(false);
  const [imported, setImported] = useState<Imported>();
  const [filter, setFilter] = useTypedSearch("q");
  const mayWrite = can(me, "write");
  const rowsOpen = adding && staged.stage.drafts.length > 0;
  const items = data?.items ?? [];
  const wanted = filter.trim().toLowerCase();
  const shown = wanted ? items.filter((item) => item.key.toLowerCase().includes(wanted)) : items;

  const open = () => {
    if (staged.stage.drafts.length === 0) staged.addRow();
    setAdding(true);
  };
  const close = () => {
    staged.dropRows();
    setAdding(false);
    setTried(false);
    setImported(undefined);
  };
  const takeText = (text: string) => {
    const read = staged.take(text);
    setImported(read);
    if (!adding && read.count === 0) open();
    setAdding(true);
  };
  const takeFile = (file: File) => {
    if (file.size > largestFile) {
      setImported({ count: 0, bad: [] });
      open();
      return;
    }
    const reader = new FileReader();
    reader.onload = () => takeText(String(reader.result));
    reader.readAsText(file);
  };
  const save = async () => {
    setTried(true);
    if (!staged.valid) {
      // It may be far from the button that was pressed.
      requestAnimationFrame(() =>
        document.querySelector<HTMLElement>("input[aria-invalid=true], textarea[aria-invalid=true]")?.focus(),
      );
      return;
    }
    if (!(await staged.submit())) return;
    setAdding(false);
    setTried(false);
    setImported(undefined);
  };
  const discard = () => {
    staged.discard();
    setAdding(false);
    setTried(false);
    setImported(undefined);
  };

  return (
    <DropZone onFile={mayWrite ? takeFile : undefined}>
      <PageHead
        title={t("tab.config")}
        actions={
          <>
            {data?.can_read && items.length > 0 && (
              <Button onClick={() => setRevealed(!revealed)} aria-pressed={revealed}>
                {revealed ? <EyeOff size={15} aria-hidden /> : <Eye size={15} aria-hidden />}
                {revealed ? t("config.hide_all") : t("config.reveal_all")}
              </Button>
            )}
            {mayWrite && !rowsOpen && (
              <Button look="primary" onClick={open}>
                {t("config.add")}
              </Button>
            )}
          </>
        }
      >
        {t("config.lead")}
      </PageHead>
      {staged.deployment && (
        <DeploymentProgress
          app={app}
          number={staged.deployment.number}
          onClose={staged.forget}
          className="mb-5"
        />
      )}
      {data && !data.can_read && (
        <p className="mb-4 flex items-center gap-2 rounded-md bg-surface-2 px-3 py-2.5 text-text-2">
          <Lock size={15} className="shrink-0" aria-hidden />
          {t("config.may_not_read")}
        </p>
      )}
      {rowsOpen && (
        <DraftRows
          staged={staged}
          known={items}
          tried={tried}
          imported={imported}
          onText={takeText}
          onFile={takeFile}
          onClose={close}
        />
      )}
      {isPending && <SkeletonRows />}
      {error && <ErrorNote error={error} onRetry={() => void refetch()} className="mb-4" />}
      {data && items.length === 0 && !rowsOpen && (
        <Empty icon={<SlidersHorizontal size={28} aria-hidden />} title={t("config.empty")}>
          {t("config.empty_body")}
        </Empty>
      )}
      {(items.length > many || wanted !== "") && (
        <span className="relative mb-3 block sm:max-w-xs">
          <Search
            size={15}
            className="-translate-y-1/2 pointer-events-none absolute top-1/2 left-2.5 text-text-3"
            aria-hidden
          />
          <Input
            mono
            type="search"
            className="pl-8"
            aria-label={t("config.filter")}
            placeholder={t("config.filter")}
            value={filter}
            onChange={(e) => setFilter(e.target.value)}
          />
        </span>
      )}
      {items.length > 0 && shown.length === 0 && (
        <p className="py-6 text-center text-text-2" role="status">
          {t("config.none_match")}
        </p>
      )}
      {shown.length > 0 && (
        <Card className="overflow-hidden">
          <Rows label={t("tab.config")}>
            {shown.map((item) => (
              <ConfigRow key={item.key} item={item} staged={staged} revealed={revealed} mayWrite={mayWrite} />
            ))}
          </Rows>
        </Card>
      )}
      {staged.dirty && (
        <StagedChanges app={app} staged={staged} onSave={() => void save()} onDiscard={discard} />
      )}
      <CommandHint className="mt-5" command={cli("config", app)} />
      <LeaveGuard dirty={staged.dirty} />
    </DropZone>
  );
}

/** Takes a file that is dropped anywhere on the page. */
function DropZone({
  onFile,
  children,
}: {
  onFile: ((file: File) => void) | undefined;
  children: React.ReactNode;
}) {
  const [over, setOver] = useState(false);
  const takes = (event: DragEvent) => onFile && event.dataTransfer.types.includes("Files");
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the same is done by the button that chooses a file
    <div
      className={cx("rounded-lg", over && "outline-2 outline-accent outline-dashed outline-offset-8")}
      onDragOver={(event) => {
        if (!takes(event)) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
      }}
      onDrop={(event) => {
        if (!takes(event)) return;
        event.preventDefault();
        setOver(false);
        const file = event.dataTransfer.files[0];
        if (file) onFile?.(file);
      }}
    >
      {children}
    </div>
  );
}

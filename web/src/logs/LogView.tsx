import { ArrowDown } from "lucide-react";
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { StreamStatus } from "@/components/StreamStatus";
import { Button } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { ErrorNote } from "@/components/ui/feedback";
import { num, t, tn, tWord } from "@/i18n";
import { useNow } from "@/lib/time";
import type { LogAddress } from "./address";
import { downloadUrl } from "./download";
import { useLogKeys } from "./keys";
import { LineBar } from "./LineBar";
import { LogHead, LogNotes } from "./LogNotes";
import { fold, LogPane, type PaneHandle } from "./LogPane";
import type { RowLook } from "./LogRow";
import { LogSearch } from "./LogSearch";
import { LogToolbar } from "./LogToolbar";
import { narrowScreen, useLogPrefs } from "./prefs";
import type { LineRange } from "./query";
import { type LogSource, useLogView } from "./useLogView";

// Who searches wants more at once than who scrolls.
const olderAtOnce = 10_000;

interface LogViewProps {
  source: LogSource;
  address: LogAddress;
  /** Names the log for screen readers. */
  label: string;
  /** The name of a file of it, without ending. */
  file: string;
  /** The command that shows the same. */
  command: string;
  /** What is said while there is no line. */
  none: string;
}

/** A log: what narrows it, its lines, and how it is connected. */
export function LogView({ source, address, label, file, command, none }: LogViewProps) {
  const { query, line, setQuery, setLine } = address;
  const view = useLogView(source, query, line);
  const { model, matcher } = view;
  const [prefs, putPrefs] = useLogPrefs();
  const [follow, setFollowing] = useState(!line);
  const [current, setCurrent] = useState<number>();
  const pane = useRef<PaneHandle>(null);
  const input = useRef<HTMLInputElement>(null);

  const setFollow = (on: boolean) => {
    setFollowing(on);
    if (!on) return;
    setCurrent(undefined);
    if (line) setLine(undefined);
    void view.toEnd();
  };
  if (follow || model.seen === 0) model.seen = model.cursor;
  const unseen = follow ? 0 : model.unseen;

  // A link to a line brings it into the middle, and does not follow.
  const goal = line?.from;
  useEffect(() => {
    if (goal === undefined || view.located !== "found") return;
    setFollowing(false);
    setCurrent(goal);
    pane.current?.show(goal);
  }, [goal, view.located]);

  const goTo = (order: number) => {
    setFollowing(false);
    setCurrent(order);
    pane.current?.show(order);
  };
  const step = (direction: 1 | -1) => {
    const from = current ?? (pane.current?.top() ?? 0) - 0.001;
    const edge = direction === 1 ? -1 : Number.POSITIVE_INFINITY;
    const hit = model.view.nextHit(from, direction) ?? model.view.nextHit(edge, direction);
    if (hit) goTo(hit.order);
  };
  const walk = (direction: 1 | -1) => {
    const { view: rows } = model;
    const index = current === undefined ? -1 : rows.indexOf(current);
    const next = index < 0 ? (rows.get(pane.current?.top() ?? 0) ?? rows.first) : rows.at(index + direction);
    if (next) goTo(next.order);
  };
  const onLine = (seq: number, extend: boolean) => {
    const range =
      extend && line ? { from: Math.min(line.from, seq), to: Math.max(line.from, seq) } : undefined;
    setFollowing(false);
    setCurrent(seq);
    setLine(range ?? { from: seq, to: seq });
  };

  const act: Record<string, () => void> = {
    f: () => setFollow(!follow),
    w: () => putPrefs({ wrap: !prefs.wrap }),
    t: () => putPrefs({ times: prefs.times === "time" ? "ago" : prefs.times === "ago" ? "off" : "time" }),
    j: () => walk(1),
    k: () => walk(-1),
    End: () => setFollow(true),
    Home: () => pane.current?.scroll("start", -1),
    ArrowDown: () => pane.current?.scroll("line", 1),
    ArrowUp: () => pane.current?.scroll("line", -1),
    PageDown: () => pane.current?.scroll("page", 1),
    PageUp: () => pane.current?.scroll("page", -1),
    "/": () => input.current?.focus(),
  };
  const [copying, setCopying] = useState<{ what: "line" | "link"; n: number }>();
  const chosen: LineRange | undefined =
    line ?? (current === undefined ? undefined : { from: current, to: current });
  useLogKeys((key) => {
    if (key === "Enter") {
      const row = current === undefined ? undefined : model.view.get(current);
      if (!row) return false;
      fold(model, row);
      setCopying(undefined);
      view.redraw();
      return true;
    }
    if ((key === "c" || key === "l") && chosen) {
      setCopying((before) => ({ what: key === "c" ? "line" : "link", n: (before?.n ?? 0) + 1 }));
      return true;
    }
    if (key === "Escape" && chosen) {
      setCurrent(undefined);
      setLine(undefined);
      return true;
    }
    const found = Object.hasOwn(act, key) ? act[key] : undefined;
    found?.();
    return found !== undefined;
  });

  const now = useNow(prefs.times === "ago" ? 1000 : 60_000);
  const find = matcher.searches ? matcher.find : undefined;
  const look: RowLook = useMemo(() => ({ ...prefs, now, names: !narrowScreen(), find }), [prefs, now, find]);
  const { held, shown } = model.lines;
  const searchError = model.tooSlow
    ? t("logs.search_slow")
    : matcher.refused
      ? tWord("logs.search_refused", matcher.refused)
      : matcher.error && t("logs.search_bad", { why: matcher.error });
  const hits = model.view.hits;
  const at = current !== undefined && model.view.get(current)?.hit ? model.view.hitsUpTo(current) : 0;
  const empty: ReactNode =
    matcher.narrows && held > 0 ? t("logs.none_match") : view.caughtUp ? none : t("common.loading");
  return (
    <>
      <LogToolbar
        model={model}
        query={query}
        onQuery={setQuery}
        prefs={prefs}
        onPrefs={putPrefs}
        follow={follow}
        onFollow={setFollow}
        ended={view.ended}
        file={file}
        download={(format) => downloadUrl(source.path, query, format)}
        search={
          <LogSearch
            query={query}
            onQuery={setQuery}
            error={searchError}
            at={at}
            matches={hits}
            busy={model.busy}
            onStep={step}
            input={input}
          />
        }
      />
      {view.problem && <ErrorNote error={new Error(view.problem.detail)} className="mx-4 mb-2 sm:mx-6" />}
      {view.error !== undefined && <ErrorNote error={view.error} className="mx-4 mb-2 sm:mx-6" />}
      <LogNotes view={view} line={line} onClear={() => setLine(undefined)} />
      <section aria-label={label} className="relative flex min-h-0 flex-1 flex-col border-y">
        <div className="min-h-0 flex-1">
          <LogPane
            model={model}
            version={view.version}
            look={look}
            follow={follow}
            onFollow={setFollow}
            label={t("logs.lines")}
            current={current}
            marked={line}
            onLine={onLine}
            onEdge={(edge) => void (edge === "start" ? view.loadEarlier() : view.loadLater())}
            head={held > 0 && <LogHead view={view} onEarlier={() => void view.loadEarlier()} />}
            empty={
              <>
                {empty}
                {matcher.narrows && held > 0 && (
                  <LogHead view={view} onEarlier={() => void view.loadEarlier()} />
                )}
              </>
            }
            handle={pane}
          />
        </div>
        <div className="pointer-events-none absolute inset-x-0 bottom-3 flex flex-wrap items-center justify-center gap-2 px-3">
          {chosen && (
            <LineBar
              range={chosen}
              model={model}
              link={address.link(chosen)}
              copying={copying}
              onClose={() => {
                setCurrent(undefined);
                setLine(undefined);
              }}
            />
          )}
          {!follow && held > 0 && !view.ended && (
            <Button
              size="sm"
              look="primary"
              className="pointer-events-auto animate-rise rounded-full! shadow-2"
              busy={view.loading === "end"}
              aria-keyshortcuts="End"
              onClick={() => setFollow(true)}
            >
              <ArrowDown size={14} aria-hidden />
              {unseen > 0 ? tn("logs.unseen", unseen) : t("logs.to_end")}
            </Button>
          )}
        </div>
      </section>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1 bg-surface px-4 py-2 text-sm text-text-3 tabular-nums sm:px-6">
        <StreamStatus
          status={view.status}
          retryAt={view.retryAt}
          paused={!follow && view.status === "open"}
          onRetry={view.retryNow}
        />
        <span>
          {matcher.narrows
            ? t("logs.count_filtered", { shown: num(shown), all: num(held) })
            : t("logs.count", { n: num(held) })}
        </span>
        {matcher.narrows && held > 0 && !model.earliest && model.start > 1 && (
          <button
            type="button"
            className="link rounded-sm"
            disabled={view.loading === "earlier"}
            onClick={() => void view.loadEarlier(olderAtOnce)}
          >
            {view.loading === "earlier"
              ? t("logs.searching")
              : t("logs.search_older", { n: num(model.start - 1) })}
          </button>
        )}
        {model.busy && <span role="status">{t("logs.searching")}</span>}
        {model.dropped > 0 && <span>{t("logs.dropped", { n: num(model.dropped) })}</span>}
        <CommandHint className="ml-auto" command={command} />
      </div>
    </>
  );
}

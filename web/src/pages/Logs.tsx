import { useParams } from "@tanstack/react-router";
import { Pause, Play, Search, X } from "lucide-react";
import { useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { StreamStatus } from "@/components/StreamStatus";
import { Button, IconButton } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { ErrorNote } from "@/components/ui/feedback";
import { num, t } from "@/i18n";
import { cli } from "@/lib/command";
import { cx } from "@/lib/cx";
import { useTitle } from "@/lib/title";
import { LogPane } from "@/logs/LogPane";
import { type Filter, LogModel, noFilter } from "@/logs/model";
import { useLogStream } from "@/logs/stream";

const history = 1000;

/** What the app's instances say, live. */
export default function Logs() {
  const { app } = useParams({ from: "/shell/apps/$app/logs" });
  // Another app is another page: nothing of the one before stays.
  return <LogsOf key={app} app={app} />;
}

function narrowScreen(): boolean {
  return typeof matchMedia === "function" && matchMedia("(max-width: 640px)").matches;
}

function LogsOf({ app }: { app: string }) {
  useTitle(t("tab.logs"), app);
  const stream = useLogStream(
    `/api/v1/apps/${encodeURIComponent(app)}/logs/stream`,
    () => new LogModel(),
    history,
  );
  const model = stream.sink;
  const [filter, setFilter] = useState<Filter>(noFilter);
  const [follow, setFollow] = useState(true);
  const [wrap, setWrap] = useState(narrowScreen);
  const [times, setTimes] = useState(() => !narrowScreen());
  const applied = useDeferredValue(filter);
  const seenUntil = useRef(0);
  const place = useRef(0);

  useMemo(() => model.setFilter(applied), [model, applied]);
  const total = model.dropped + model.size;
  if (follow) seenUntil.current = total;
  const unseen = total - seenUntil.current;

  const filtered = applied !== noFilter && Object.values(applied).some(Boolean);
  const look = useMemo(
    () => ({ wrap, times, names: !narrowScreen(), needle: applied.text }),
    [wrap, times, applied.text],
  );
  return (
    <div data-fills className="flex min-h-80 flex-1 flex-col">
      <h1 className="sr-only">{t("logs.title", { app })}</h1>
      <Toolbar
        model={model}
        filter={filter}
        onFilter={setFilter}
        follow={follow}
        onFollow={setFollow}
        wrap={wrap}
        onWrap={setWrap}
        times={times}
        onTimes={setTimes}
      />
      {stream.problem && <ErrorNote error={new Error(stream.problem.detail)} className="mx-4 mb-2 sm:mx-6" />}
      <div className="flex min-h-0 flex-1 flex-col border-y">
        <LogPane
          key={JSON.stringify(applied)}
          model={model}
          version={stream.version}
          look={look}
          follow={follow}
          onFollow={setFollow}
          label={t("logs.title", { app })}
          place={place}
          unseen={unseen}
          empty={filtered ? t("logs.none_match") : stream.caughtUp ? t("logs.none") : t("common.loading")}
        />
      </div>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1 bg-surface px-4 py-2 text-sm text-text-3 sm:px-6">
        <StreamStatus status={stream.status} onRetry={stream.retryNow} />
        <span>
          {filtered
            ? t("logs.count_filtered", {
                shown: num(model.lines.shown),
                all: num(model.lines.held),
              })
            : t("logs.count", { n: num(model.lines.held) })}
        </span>
        {model.dropped > 0 && <span>{t("logs.dropped", { n: num(model.dropped) })}</span>}
        <CommandHint className="ml-auto" command={logsCommand(app, filter)} />
      </div>
    </div>
  );
}

function logsCommand(app: string, filter: Filter): string {
  const words = ["-f"];
  if (filter.process) words.push("--process", filter.process);
  if (filter.instance) words.push("--instance", filter.instance);
  return cli("logs", app, ...words);
}

interface ToolbarProps {
  model: LogModel;
  filter: Filter;
  onFilter: (filter: Filter) => void;
  follow: boolean;
  onFollow: (follow: boolean) => void;
  wrap: boolean;
  onWrap: (wrap: boolean) => void;
  times: boolean;
  onTimes: (times: boolean) => void;
}

function Toolbar({ model, filter, onFilter, follow, onFollow, wrap, onWrap, times, onTimes }: ToolbarProps) {
  const search = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLElement && event.target.closest("input, textarea, select");
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        search.current?.focus();
      }
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  const put = (part: Partial<Filter>) => onFilter({ ...filter, ...part });
  const options = (names: Iterable<string>) =>
    Array.from(names)
      .sort()
      .map((name) => (
        <option key={name} value={name}>
          {name}
        </option>
      ));
  return (
    <div className="flex flex-wrap items-center gap-2 bg-surface px-4 py-2.5 sm:px-6">
      <div className="relative basis-full sm:max-w-sm sm:flex-1 sm:basis-40">
        <Search size={15} className="absolute top-1/2 left-2.5 -translate-y-1/2 text-text-3" aria-hidden />
        <input
          ref={search}
          type="search"
          className="control px-8"
          aria-label={t("logs.search")}
          placeholder={t("logs.search")}
          aria-keyshortcuts="/"
          value={filter.text}
          onChange={(e) => put({ text: e.target.value })}
          onKeyDown={(e) => e.key === "Escape" && put({ text: "" })}
        />
        {filter.text && (
          <IconButton
            label={t("logs.clear_search")}
            className="absolute top-0.5 right-0.5"
            onClick={() => put({ text: "" })}
          >
            <X size={14} aria-hidden />
          </IconButton>
        )}
      </div>
      <FilterSelect label={t("logs.process")} value={filter.process} onChange={(process) => put({ process })}>
        <option value="">{t("logs.all_processes")}</option>
        {options(model.processes)}
      </FilterSelect>
      <FilterSelect
        label={t("logs.instance")}
        value={filter.instance}
        onChange={(instance) => put({ instance })}
      >
        <option value="">{t("logs.all_instances")}</option>
        {options(model.instances)}
      </FilterSelect>
      <FilterSelect label={t("logs.stream")} value={filter.stream} onChange={(stream) => put({ stream })}>
        <option value="">{t("logs.all_streams")}</option>
        <option value="stdout">stdout</option>
        <option value="stderr">stderr</option>
        <option value="router">{t("logs.router")}</option>
        <option value="slipway">{t("logs.slipway")}</option>
      </FilterSelect>
      <span className="ml-auto flex items-center gap-1">
        <Toggle on={times} onChange={onTimes} label={t("logs.times")} />
        <Toggle on={wrap} onChange={onWrap} label={t("logs.wrap")} />
        <Button size="sm" onClick={() => onFollow(!follow)} aria-pressed={follow}>
          {follow ? <Pause size={14} aria-hidden /> : <Play size={14} aria-hidden />}
          {follow ? t("logs.pause") : t("logs.follow")}
        </Button>
      </span>
    </div>
  );
}

function Toggle({ on, onChange, label }: { on: boolean; onChange: (on: boolean) => void; label: string }) {
  return (
    <Button
      size="sm"
      look="quiet"
      aria-pressed={on}
      onClick={() => onChange(!on)}
      className={cx(on && "bg-surface-2 text-text!")}
    >
      {label}
    </Button>
  );
}

interface FilterSelectProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  children: React.ReactNode;
}

function FilterSelect({ label, value, onChange, children }: FilterSelectProps) {
  return (
    <select
      aria-label={label}
      className={cx(
        "control min-w-0 max-w-40 flex-1 basis-24 sm:w-auto! sm:flex-none",
        value && "border-accent! bg-accent-soft!",
      )}
      value={value}
      onChange={(e) => onChange(e.target.value)}
    >
      {children}
    </select>
  );
}

import { Clock, Download, Pause, Play, SlidersHorizontal, WrapText } from "lucide-react";
import { type ReactNode, useState } from "react";
import { Button, IconButton } from "@/components/ui/button";
import { Select } from "@/components/ui/field";
import { Menu, MenuChoice, MenuItem, MenuLabel, MenuSeparator } from "@/components/ui/menu";
import { Segmented } from "@/components/ui/segmented";
import { t } from "@/i18n";
import { cx } from "@/lib/cx";
import { type Format, save, shownAsFile } from "./download";
import type { Times } from "./LogRow";
import { type Level, levels } from "./level";
import type { LogModel } from "./model";
import type { LogPrefs } from "./prefs";
import { noQuery, type Query, type StreamFilter } from "./query";

interface LogToolbarProps {
  model: LogModel;
  query: Query;
  onQuery: (query: Query) => void;
  prefs: LogPrefs;
  onPrefs: (part: Partial<LogPrefs>) => void;
  follow: boolean;
  onFollow: (follow: boolean) => void;
  /** The stream is over: there is nothing to follow. */
  ended: boolean;
  /** The file's name, and where the server gives the whole of it. */
  file: string;
  download: (format: Format) => string;
  search: ReactNode;
}

/** What narrows a log and how it looks. On a narrow screen the filters are folded away. */
export function LogToolbar(props: LogToolbarProps) {
  const { model, query, onQuery, prefs, onPrefs, follow, onFollow, ended } = props;
  const [open, setOpen] = useState(false);
  const filters = [query.process, query.instance, query.stream, query.level].filter(Boolean).length;
  return (
    <div
      role="toolbar"
      aria-label={t("logs.toolbar")}
      className="flex flex-wrap items-start gap-2 bg-surface px-4 py-2.5 sm:px-6"
    >
      {props.search}
      <span className="flex items-center gap-1 sm:order-last sm:ml-auto">
        <IconButton
          className="sm:hidden"
          label={t("logs.filters")}
          aria-expanded={open}
          aria-pressed={filters > 0}
          size="icon"
          onClick={() => setOpen(!open)}
        >
          <SlidersHorizontal size={16} aria-hidden />
        </IconButton>
        <TimesMenu times={prefs.times} onTimes={(times) => onPrefs({ times })} />
        <IconButton
          size="icon"
          label={t("logs.wrap")}
          aria-pressed={prefs.wrap}
          aria-keyshortcuts="w"
          className="aria-pressed:bg-surface-2 aria-pressed:text-accent-text!"
          onClick={() => onPrefs({ wrap: !prefs.wrap })}
        >
          <WrapText size={16} aria-hidden />
        </IconButton>
        <DownloadMenu {...props} />
        {!ended && (
          <Button
            aria-label={follow ? t("logs.pause") : t("logs.follow")}
            aria-keyshortcuts="f"
            className="px-2.5!"
            onClick={() => onFollow(!follow)}
          >
            {follow ? <Pause size={14} aria-hidden /> : <Play size={14} aria-hidden />}
            <span className="hidden sm:inline">{follow ? t("logs.pause") : t("logs.follow")}</span>
          </Button>
        )}
      </span>
      <div className={cx("flex-wrap items-center gap-2 max-sm:basis-full sm:flex", open ? "flex" : "hidden")}>
        <Segmented
          label={t("logs.mode")}
          value={query.only ? "only" : "mark"}
          onChange={(mode) => onQuery({ ...query, only: mode === "only" })}
          options={[
            { value: "only", label: t("logs.mode_only") },
            { value: "mark", label: t("logs.mode_mark") },
          ]}
        />
        <Filters model={model} query={query} onQuery={onQuery} />
        {filters > 0 && (
          <button
            type="button"
            className="link rounded-sm text-sm"
            onClick={() =>
              onQuery({ ...noQuery, q: query.q, regex: query.regex, case: query.case, only: query.only })
            }
          >
            {t("logs.clear_filters")}
          </button>
        )}
      </div>
    </div>
  );
}

function Filters({ model, query, onQuery }: Pick<LogToolbarProps, "model" | "query" | "onQuery">) {
  const put = (part: Partial<Query>) => onQuery({ ...query, ...part });
  return (
    <>
      <Filter label={t("logs.process")} value={query.process} onChange={(process) => put({ process })}>
        <option value="">{t("logs.all_processes")}</option>
        {names(model.processes, query.process)}
      </Filter>
      <Filter label={t("logs.instance")} value={query.instance} onChange={(instance) => put({ instance })}>
        <option value="">{t("logs.all_instances")}</option>
        {names(model.instances, query.instance)}
      </Filter>
      <Filter
        label={t("logs.stream")}
        value={query.stream}
        onChange={(stream) => put({ stream: stream as StreamFilter | "" })}
      >
        <option value="">{t("logs.all_streams")}</option>
        <option value="stdout">stdout</option>
        <option value="stderr">stderr</option>
        <option value="access">{t("logs.access")}</option>
        <option value="platform">{t("logs.platform")}</option>
      </Filter>
      <Filter
        label={t("logs.level")}
        value={query.level}
        onChange={(level) => put({ level: level as Level | "" })}
      >
        <option value="">{t("logs.all_levels")}</option>
        {levels.toReversed().map((level) => (
          <option key={level} value={level}>
            {level === "fatal" ? level : t("logs.level_up", { level })}
          </option>
        ))}
      </Filter>
    </>
  );
}

function names(known: ReadonlySet<string>, chosen: string): ReactNode {
  const all = new Set(known);
  if (chosen) all.add(chosen);
  return [...all].sort().map((name) => (
    <option key={name} value={name}>
      {name}
    </option>
  ));
}

interface FilterProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  children: ReactNode;
}

function Filter({ label, value, onChange, children }: FilterProps) {
  return (
    <Select
      aria-label={label}
      className="min-w-0 flex-1 basis-32 sm:w-36 sm:flex-none"
      marked={value !== ""}
      value={value}
      onChange={(e) => onChange(e.target.value)}
    >
      {children}
    </Select>
  );
}

function TimesMenu({ times, onTimes }: { times: Times; onTimes: (times: Times) => void }) {
  return (
    <Menu
      trigger={
        <IconButton size="icon" label={t("logs.times")} aria-keyshortcuts="t">
          <Clock size={16} aria-hidden />
        </IconButton>
      }
    >
      <MenuLabel>{t("logs.times")}</MenuLabel>
      <MenuChoice
        value={times}
        onChange={onTimes}
        options={[
          { value: "time", label: t("logs.times_time") },
          { value: "ago", label: t("logs.times_ago") },
          { value: "off", label: t("logs.times_off") },
        ]}
      />
    </Menu>
  );
}

function DownloadMenu({ model, file, download }: LogToolbarProps) {
  const shown = (format: Format) =>
    save(shownAsFile(model, format), `${file}.${format === "text" ? "log" : "jsonl"}`);
  return (
    <Menu
      trigger={
        <IconButton size="icon" label={t("logs.download")}>
          <Download size={16} aria-hidden />
        </IconButton>
      }
    >
      <MenuLabel>{t("logs.download_kept")}</MenuLabel>
      {(["text", "jsonl"] as const).map((format) => (
        <MenuItem key={format} asChild>
          <a href={download(format)} download>
            {format === "text" ? t("logs.format_text") : t("logs.format_jsonl")}
          </a>
        </MenuItem>
      ))}
      <MenuSeparator />
      <MenuLabel>{t("logs.download_shown")}</MenuLabel>
      <MenuItem onSelect={() => shown("text")}>{t("logs.format_text")}</MenuItem>
      <MenuItem onSelect={() => shown("jsonl")}>{t("logs.format_jsonl")}</MenuItem>
    </Menu>
  );
}

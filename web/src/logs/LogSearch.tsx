import { CaseSensitive, ChevronDown, ChevronUp, Regex, Search, X } from "lucide-react";
import { type ReactNode, type RefObject, useId } from "react";
import { num, t, tn } from "@/i18n";
import { cx } from "@/lib/cx";
import type { Query } from "./query";

interface LogSearchProps {
  query: Query;
  onQuery: (query: Query) => void;
  /** Why the search cannot be understood. */
  error: string;
  /** Which match the reader stands at, from 1; 0 for none. */
  at: number;
  matches: number;
  busy: boolean;
  onStep: (step: 1 | -1) => void;
  input: RefObject<HTMLInputElement | null>;
}

/** The search field with its toggles, and where one stands among the matches. */
export function LogSearch({ query, onQuery, error, at, matches, busy, onStep, input }: LogSearchProps) {
  const errorId = useId();
  const put = (part: Partial<Query>) => onQuery({ ...query, ...part });
  const searching = query.q !== "" && !error;
  return (
    <div className="relative min-w-0 flex-1 basis-64 sm:max-w-xl">
      <Search size={15} className="absolute top-2.5 left-2.5 text-text-3" aria-hidden />
      <input
        ref={input}
        type="search"
        className={cx("control pl-8 [&::-webkit-search-cancel-button]:hidden", query.q ? "pr-52!" : "pr-18!")}
        aria-label={t("logs.search")}
        placeholder={t("logs.search")}
        aria-keyshortcuts="/"
        aria-invalid={error ? true : undefined}
        aria-describedby={error ? errorId : undefined}
        autoComplete="off"
        spellCheck={false}
        value={query.q}
        onChange={(e) => put({ q: e.target.value })}
        onKeyDown={(e) => {
          if (e.key === "Escape" && query.q) {
            e.preventDefault();
            put({ q: "" });
          } else if (e.key === "Enter" && !e.nativeEvent.isComposing) {
            e.preventDefault();
            onStep(e.shiftKey ? -1 : 1);
          }
        }}
      />
      <span className="absolute top-1 right-1 flex items-center">
        {searching && (
          <>
            <span role="status" className="px-1.5 text-sm text-text-3 tabular-nums">
              {busy && matches === 0
                ? t("logs.searching")
                : at > 0
                  ? t("logs.match_of", { n: num(at), m: num(matches) })
                  : tn("logs.matches", matches)}
            </span>
            <Inside label={t("logs.match_before")} onClick={() => onStep(-1)} disabled={matches === 0}>
              <ChevronUp size={15} aria-hidden />
            </Inside>
            <Inside label={t("logs.match_after")} onClick={() => onStep(1)} disabled={matches === 0}>
              <ChevronDown size={15} aria-hidden />
            </Inside>
          </>
        )}
        <Inside label={t("logs.case")} on={query.case} onClick={() => put({ case: !query.case })}>
          <CaseSensitive size={16} aria-hidden />
        </Inside>
        <Inside label={t("logs.regex")} on={query.regex} onClick={() => put({ regex: !query.regex })}>
          <Regex size={14} aria-hidden />
        </Inside>
        {query.q && (
          <Inside label={t("logs.clear_search")} onClick={() => put({ q: "" })}>
            <X size={14} aria-hidden />
          </Inside>
        )}
      </span>
      {error && (
        <p id={errorId} role="alert" className="mt-1 text-bad text-sm">
          {error}
        </p>
      )}
    </div>
  );
}

interface InsideProps {
  label: string;
  on?: boolean;
  disabled?: boolean;
  onClick: () => void;
  children: ReactNode;
}

/** A small button inside the field. */
function Inside({ label, on, disabled, onClick, children }: InsideProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      aria-pressed={on}
      disabled={disabled}
      onClick={onClick}
      className="grid size-7 place-items-center rounded-sm text-text-3 hover:not-disabled:bg-surface-2 hover:not-disabled:text-text disabled:opacity-40 aria-pressed:bg-accent-soft aria-pressed:text-accent-text"
    >
      {children}
    </button>
  );
}

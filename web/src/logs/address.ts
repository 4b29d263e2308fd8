import { useRouter, useRouterState } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { type LineRange, type Query, readSearch, writeSearch } from "./query";

/** What a log view is narrowed to and which line it leads to, and how they are changed. */
export interface LogAddress {
  query: Query;
  line: LineRange | undefined;
  setQuery: (query: Query) => void;
  setLine: (line: LineRange | undefined) => void;
  /** The whole address of a line. */
  link: (line: LineRange) => string;
}

// Long enough that a word is written to the address as a whole.
const pause = 250;

const nothing: Record<string, string> = {};

/** Keeps query and line in the page's address, in place of what stood there before, beside what is to stay. */
export function useLogAddress(stays = nothing): LogAddress {
  const router = useRouter();
  const search = useRouterState({ select: (state) => state.location.search as Record<string, unknown> });
  const read = useMemo(() => readSearch(search), [search]);
  const [query, setLocal] = useState(read.query);
  const written = useRef(JSON.stringify(writeSearch(read.query)));
  const now = useRef({ query, line: read.line });
  now.current = { query, line: read.line };
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  // Another query came from elsewhere: a link, or the way back.
  useEffect(() => {
    const text = JSON.stringify(writeSearch(read.query));
    if (text === written.current) return;
    clearTimeout(timer.current);
    written.current = text;
    setLocal(read.query);
  }, [read]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const write = useCallback(
    (next: Query, line: LineRange | undefined) => {
      clearTimeout(timer.current);
      written.current = JSON.stringify(writeSearch(next));
      void router.navigate({
        to: ".",
        search: { ...stays, ...writeSearch(next, line) } as never,
        replace: true,
        resetScroll: false,
      });
    },
    [router, stays],
  );
  const setQuery = useCallback(
    (next: Query) => {
      setLocal(next);
      clearTimeout(timer.current);
      const { pathname } = router.latestLocation;
      timer.current = setTimeout(() => {
        // Who is on the way to another page takes nothing along.
        if (router.latestLocation.pathname === pathname) write(next, now.current.line);
      }, pause);
    },
    [router, write],
  );
  const setLine = useCallback((line: LineRange | undefined) => write(now.current.query, line), [write]);
  const link = useCallback(
    (line: LineRange) => {
      const range = line.from === line.to ? String(line.from) : `${line.from}-${line.to}`;
      return `${location.origin}${location.pathname}?${new URLSearchParams({ ...stays, line: range })}`;
    },
    [stays],
  );
  return { query, line: read.line, setQuery, setLine, link };
}

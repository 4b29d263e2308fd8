import { Check, Copy, Link2, X } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Button, IconButton } from "@/components/ui/button";
import { num, t } from "@/i18n";
import { copyText } from "@/lib/clipboard";
import { type LogModel, plainOf } from "./model";
import type { LineRange } from "./query";

interface LineBarProps {
  range: LineRange;
  model: LogModel;
  /** The address of these lines. */
  link: string;
  /** A key asked for a copy; another n is another time. */
  copying: { what: "line" | "link"; n: number } | undefined;
  onClose: () => void;
}

/** What can be done with the lines that were chosen. */
export function LineBar({ range, model, link, copying, onClose }: LineBarProps) {
  const [done, setDone] = useState<"line" | "link" | "failed">();
  const asked = useRef(copying);
  const copy = async (what: "line" | "link") => {
    const text =
      what === "link"
        ? link
        : model
            .range(range.from, range.to)
            .map((row) => plainOf(row))
            .join("\n");
    setDone((await copyText(text)) ? what : "failed");
  };
  useEffect(() => {
    if (!copying || copying === asked.current) return;
    asked.current = copying;
    void copy(copying.what);
  });
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(undefined), 1800);
    return () => clearTimeout(timer);
  }, [done]);
  const many = range.to > range.from;
  const tick = <Check size={14} className="text-ok" aria-hidden />;
  return (
    <div className="pointer-events-auto flex animate-rise items-center gap-0.5 rounded-full border bg-surface py-0.5 pr-1 pl-3.5 text-sm shadow-2">
      <span className="mr-1 whitespace-nowrap text-text-2 tabular-nums">
        {many
          ? t("logs.line_range", { from: num(range.from), to: num(range.to) })
          : t("logs.line", { n: num(range.from) })}
      </span>
      <Button size="sm" look="quiet" aria-keyshortcuts="c" onClick={() => void copy("line")}>
        {done === "line" ? tick : <Copy size={14} aria-hidden />}
        {many ? t("logs.copy_lines") : t("logs.copy_line")}
      </Button>
      <Button size="sm" look="quiet" aria-keyshortcuts="l" onClick={() => void copy("link")}>
        {done === "link" ? tick : <Link2 size={14} aria-hidden />}
        {t("logs.copy_link")}
      </Button>
      <IconButton label={t("logs.line_forget")} className="rounded-full!" onClick={onClose}>
        <X size={14} aria-hidden />
      </IconButton>
      <span className="sr-only" aria-live="polite">
        {done && (done === "failed" ? t("common.copy_failed") : t("common.copied"))}
      </span>
    </div>
  );
}

import { ArrowUp } from "lucide-react";
import { Button } from "@/components/ui/button";
import { num, t } from "@/i18n";
import type { LineRange } from "./query";
import type { LogView } from "./useLogView";

/** What stands above the first line: more, or the beginning. */
export function LogHead({ view, onEarlier }: { view: LogView; onEarlier: () => void }) {
  const { model, loading } = view;
  const before = model.start - 1;
  return (
    <div className="flex h-9 items-center gap-3 px-4 text-sm text-text-3">
      {model.earliest || before < 1 ? (
        t("logs.begins")
      ) : (
        <Button size="sm" look="quiet" className="-ml-2.5" busy={loading === "earlier"} onClick={onEarlier}>
          {loading !== "earlier" && <ArrowUp size={14} aria-hidden />}
          {t("logs.earlier", { n: num(before) })}
        </Button>
      )}
    </div>
  );
}

/** Says what became of a link to a line where the line cannot be seen. */
export function LogNotes({
  view,
  line,
  onClear,
}: {
  view: LogView;
  line: LineRange | undefined;
  onClear: () => void;
}) {
  if (!line) return null;
  const n = num(line.from);
  const { located, model } = view;
  let words = "";
  if (located === "looking") words = t("logs.line_looking", { n });
  else if (located === "expired") words = t("logs.line_expired", { n });
  else if (located === "unwritten") words = t("logs.line_unwritten", { n });
  else if (located === "found" && !model.busy && model.find(line.from) && !model.view.get(line.from)) {
    words = t("logs.line_hidden", { n });
  }
  if (!words) return null;
  return (
    <div role="status" className="flex items-center gap-3 bg-warn-soft px-4 py-2 text-sm text-warn sm:px-6">
      <span className="min-w-0 flex-1">{words}</span>
      {located !== "looking" && (
        <button type="button" className="rounded-sm font-medium underline" onClick={onClear}>
          {t("logs.line_forget")}
        </button>
      )}
    </div>
  );
}

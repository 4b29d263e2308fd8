import { type LogModel, plainOf } from "./model";

/**
 * What a selection within the rows is as plain text: lines as they were written,
 * without times and names. Undefined when it is within one line, where the
 * browser's own way does.
 */
export function copiedText(block: HTMLElement, model: LogModel): string | undefined {
  const selection = document.getSelection();
  if (!selection || selection.rangeCount === 0 || selection.isCollapsed) return undefined;
  const range = selection.getRangeAt(0);
  const rows = [...block.children].filter(
    (row): row is HTMLElement => row instanceof HTMLElement && range.intersectsNode(row),
  );
  if (rows.length < 2) return undefined;
  const lines: string[] = [];
  for (const element of rows) {
    const text = element.querySelector("[data-text]");
    const row = model.find(Number(element.dataset.order));
    if (!text || row?.kind !== "line" || !range.intersectsNode(text)) continue;
    const own = document.createRange();
    own.selectNodeContents(text);
    const whole =
      range.compareBoundaryPoints(Range.START_TO_START, own) <= 0 &&
      range.compareBoundaryPoints(Range.END_TO_END, own) >= 0;
    if (whole) lines.push(plainOf(row));
    else {
      if (range.compareBoundaryPoints(Range.START_TO_START, own) > 0) {
        own.setStart(range.startContainer, range.startOffset);
      }
      if (range.compareBoundaryPoints(Range.END_TO_END, own) < 0) {
        own.setEnd(range.endContainer, range.endOffset);
      }
      lines.push(own.toString());
    }
  }
  return lines.join("\n");
}

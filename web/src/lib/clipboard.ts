/** Copies text; false when the browser would not. navigator.clipboard is missing on plain-HTTP origins. */
export async function copyText(text: string): Promise<boolean> {
  try {
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(text);
      return true;
    }
  } catch {
    // Not allowed; the older way may be.
  }
  const holder = document.createElement("textarea");
  holder.value = text;
  holder.setAttribute("readonly", "");
  holder.className = "fixed top-0 left-0 opacity-0";
  // Inside an open dialog, or its focus trap would take the selection away.
  const parent = document.querySelector("[role=dialog]") ?? document.body;
  const focused = document.activeElement;
  parent.append(holder);
  holder.select();
  try {
    return document.execCommand("copy");
  } finally {
    holder.remove();
    if (focused instanceof HTMLElement) focused.focus();
  }
}

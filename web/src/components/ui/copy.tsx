import { Check, Copy, SquareTerminal } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { t } from "@/i18n";
import { copyText } from "@/lib/clipboard";
import { cx } from "@/lib/cx";
import { Button, IconButton } from "./button";

function useCopied(): [state: "no" | "yes" | "failed", copy: (text: string) => void] {
  const [state, setState] = useState<"no" | "yes" | "failed">("no");
  useEffect(() => {
    if (state === "no") return;
    const timer = setTimeout(() => setState("no"), 1800);
    return () => clearTimeout(timer);
  }, [state]);
  return [state, (text) => void copyText(text).then((done) => setState(done ? "yes" : "failed"))];
}

function words(state: "no" | "yes" | "failed", label: string): string {
  return state === "yes" ? t("common.copied") : state === "failed" ? t("common.copy_failed") : label;
}

/** Copies text and says that it did. */
export function CopyButton({ text, label, withText }: { text: string; label?: string; withText?: boolean }) {
  const [state, copy] = useCopied();
  const icon = state === "yes" ? <Check size={15} aria-hidden /> : <Copy size={15} aria-hidden />;
  const name = label ?? t("common.copy");
  return (
    <>
      {withText ? (
        <Button size="sm" onClick={() => copy(text)}>
          {icon}
          {words(state, name)}
        </Button>
      ) : (
        <IconButton label={name} onClick={() => copy(text)} className={cx(state === "yes" && "text-ok!")}>
          {icon}
        </IconButton>
      )}
      <span className="sr-only" aria-live="polite">
        {state === "no" ? "" : words(state, name)}
      </span>
    </>
  );
}

/** Text to take away: a command, an address, a secret. */
export function CodeBlock({ text, label, children }: { text: string; label?: string; children?: ReactNode }) {
  return (
    <div className="flex items-start gap-1 rounded-md border bg-log-bg py-1 pr-1 pl-3">
      <pre className="min-w-0 flex-1 overflow-x-auto [overflow-wrap:anywhere] whitespace-pre-wrap py-1.5 font-mono text-sm">
        {children ?? text}
      </pre>
      <CopyButton text={text} label={label} />
    </div>
  );
}

/** The command that does what stands above it, folded away until asked for. */
export function CommandHint({ command, className }: { command: string; className?: string }) {
  return (
    <details className={cx("group text-sm", className)}>
      <summary className="inline-flex list-none items-center gap-1.5 rounded-sm text-text-3 hover:text-text [&::-webkit-details-marker]:hidden">
        <SquareTerminal size={14} aria-hidden />
        {t("common.command")}
      </summary>
      <div className="mt-2">
        <CodeBlock text={command} label={t("common.copy_command")} />
      </div>
    </details>
  );
}

import { useMemo, useState } from "react";
import { type Deployment, terminal } from "@/api/types";
import { StreamStatus } from "@/components/StreamStatus";
import { type Block, BuildLog } from "@/deployments/buildlog";
import { num, t, tn, tWord } from "@/i18n";
import { cli } from "@/lib/command";
import { useNow } from "@/lib/time";
import { useLogStream } from "@/logs/stream";
import { OutputLines } from "./OutputLines";
import { StepItem } from "./StepItem";
import { CommandHint } from "./ui/copy";
import { Checkbox } from "./ui/field";
import { Section } from "./ui/layout";

/** What a deployment says while it runs: steps with their output, and words between them. */
export function BuildOutput({ deployment: d }: { deployment: Deployment }) {
  const path = `/api/v1/apps/${encodeURIComponent(d.app)}/deployments/${d.number}/logs/stream`;
  const stream = useLogStream(path, () => new BuildLog());
  const [internal, setInternal] = useState(false);
  const log = stream.sink;
  const over = terminal(d.state);
  const now = useNow(250, !over);
  // The stream's end says that no step runs any more, whatever became of its last word.
  useMemo(() => {
    if (stream.ended && over) log.end(d.state === "failed");
  }, [stream.ended, over, log, d.state]);

  const hidden = log.blocks.filter((block) => block.kind === "step" && block.step.internal).length;
  return (
    <Section
      title={t("build.title")}
      hint={log.stepCount > 0 ? tn("build.steps", log.stepCount) : undefined}
      flush
      actions={
        <>
          {hidden > 0 && (
            <Checkbox
              label={<span className="text-sm text-text-2">{t("build.internal")}</span>}
              checked={internal}
              onChange={(e) => setInternal(e.target.checked)}
            />
          )}
          {!stream.ended && <StreamStatus status={stream.status} onRetry={stream.retryNow} />}
        </>
      }
    >
      <div className="divide-y border-t" data-version={stream.version}>
        {log.blocks.length === 0 && (
          <p className="px-5 py-5 text-text-3">{stream.ended ? t("build.nothing") : t("build.waiting")}</p>
        )}
        {log.blocks.map((block) => (
          <BlockView key={blockKey(block)} block={block} now={now} showInternal={internal} />
        ))}
      </div>
      <div className="border-t px-4 pt-2.5 pb-2 sm:px-5">
        <CommandHint command={cli("logs", d.app, "--deployment", String(d.number))} />
      </div>
    </Section>
  );
}

function blockKey(block: Block): string {
  if (block.kind === "step") return `step-${block.step.id}`;
  if (block.kind === "gap") return `gap-${block.gap.from}`;
  return block.id;
}

function BlockView({ block, now, showInternal }: { block: Block; now: number; showInternal: boolean }) {
  if (block.kind === "gap") {
    return (
      <p className="px-4 py-1.5 text-sm text-warn sm:px-5">
        {t("logs.gap", {
          n: num(block.gap.to - block.gap.from + 1),
          reason: tWord("logs.gap_reason", block.gap.reason),
        })}
      </p>
    );
  }
  if (block.kind === "step") {
    if (block.step.internal && !showInternal && block.step.status !== "failed") return null;
    return <StepItem step={block.step} lineCount={block.step.lines.length} now={now} />;
  }
  return <OutputLines lines={block.lines} count={block.lines.length} dropped={block.dropped} />;
}

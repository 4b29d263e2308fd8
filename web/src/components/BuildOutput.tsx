import { ChevronsDownUp, ChevronsUpDown, ListTree, ScrollText } from "lucide-react";
import { type KeyboardEvent, lazy, Suspense, useState } from "react";
import { type Deployment, terminal } from "@/api/types";
import { StreamStatus } from "@/components/StreamStatus";
import type { Block, BuildLog } from "@/deployments/buildlog";
import type { DeploymentLog } from "@/deployments/useDeploymentLog";
import { num, t, tn, tWord } from "@/i18n";
import { cli } from "@/lib/command";
import { duration, useNow } from "@/lib/time";
import { OutputLines } from "./OutputLines";
import { holdsMore, StepItem } from "./StepItem";
import { Button, IconButton } from "./ui/button";
import { CommandHint } from "./ui/copy";
import { Skeleton } from "./ui/feedback";
import { Checkbox } from "./ui/field";
import { Section } from "./ui/layout";

// The pane of all logs is heavier than the steps, and seldom wanted here.
const RawLog = lazy(() => import("./deployments/RawLog"));

export type OutputView = "steps" | "raw";

interface BuildOutputProps {
  deployment: Deployment;
  log: DeploymentLog;
  view: OutputView;
  onView: (view: OutputView) => void;
}

/** What a deployment says while it runs: steps with their output and words between them, or the log as it is. */
export function BuildOutput({ deployment: d, log: stream, view, onView }: BuildOutputProps) {
  const [internal, setInternal] = useState(false);
  const [chosen, setChosen] = useState<Record<string, boolean>>({});
  const { log } = stream;
  const now = useNow(200, !terminal(d.state));
  const hidden = log.blocks.some((block) => block.kind === "step" && block.step.internal);
  const foldable = log.blocks.flatMap((block) =>
    block.kind === "step" && holdsMore(block.step, block.step.lines.length) ? [block.step.id] : [],
  );
  const all = (open: boolean) => setChosen(Object.fromEntries(foldable.map((id) => [id, open])));
  return (
    <Section
      title={t("build.title")}
      hint={totalWords(log)}
      flush
      actions={
        <>
          {view === "steps" && hidden && (
            <Checkbox
              label={<span className="text-sm text-text-2">{t("build.internal")}</span>}
              checked={internal}
              onChange={(e) => setInternal(e.target.checked)}
            />
          )}
          {view === "steps" && !stream.ended && (
            <StreamStatus status={stream.status} onRetry={stream.retryNow} />
          )}
          {view === "steps" && foldable.length > 1 && (
            <span className="flex">
              <IconButton label={t("build.open_all")} onClick={() => all(true)}>
                <ChevronsUpDown size={15} aria-hidden />
              </IconButton>
              <IconButton label={t("build.close_all")} onClick={() => all(false)}>
                <ChevronsDownUp size={15} aria-hidden />
              </IconButton>
            </span>
          )}
          <ViewSwitch view={view} onView={onView} />
        </>
      }
    >
      {view === "raw" ? (
        <Suspense fallback={<Skeleton className="h-[70dvh] min-h-96" />}>
          <RawLog deployment={d} />
        </Suspense>
      ) : (
        // biome-ignore lint/a11y/noStaticElementInteractions: the keys move between the buttons within
        <div className="divide-y border-t" data-version={stream.version} onKeyDown={moveBetweenSteps}>
          {log.blocks.length === 0 && (
            <p className="px-5 py-5 text-text-3">{stream.ended ? t("build.nothing") : t("build.waiting")}</p>
          )}
          {log.blocks.map((block) => (
            <BlockView
              key={blockKey(block)}
              block={block}
              now={now}
              showInternal={internal}
              chosen={chosen}
              onChoose={(id, open) => setChosen((before) => ({ ...before, [id]: open }))}
            />
          ))}
        </div>
      )}
      {view === "steps" && (
        <div className="border-t px-4 pt-2.5 pb-2 sm:px-5">
          <CommandHint command={cli("logs", d.app, "--deployment", String(d.number))} />
        </div>
      )}
    </Section>
  );
}

/** "8 steps, 6 cached, 1.2 s". */
function totalWords(log: BuildLog): string | undefined {
  const { steps, cached, ms } = log.totals;
  if (steps === 0) return undefined;
  const parts = [tn("build.steps_short", steps)];
  if (cached > 0) parts.push(t("build.cached_count", { n: num(cached) }));
  if (ms !== undefined) parts.push(duration(ms));
  return parts.join(t("timeline.and"));
}

/** The arrow keys, Home and End go from step to step. */
function moveBetweenSteps(event: KeyboardEvent<HTMLElement>): void {
  const steps = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-step]:not(:disabled)")];
  const here = steps.indexOf(document.activeElement as HTMLElement);
  if (here < 0) return;
  const goal = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: steps.length - 1 }[event.key];
  const step = goal === undefined ? undefined : steps[goal];
  if (!step) return;
  event.preventDefault();
  step.focus();
}

function ViewSwitch({ view, onView }: { view: OutputView; onView: (view: OutputView) => void }) {
  return (
    <fieldset className="flex rounded-md bg-surface-2 p-0.5" aria-label={t("build.view")}>
      {(["steps", "raw"] as const).map((one) => (
        <Button
          key={one}
          size="sm"
          look="quiet"
          aria-pressed={view === one}
          className="min-h-7! aria-pressed:bg-surface aria-pressed:text-text aria-pressed:shadow-1"
          onClick={() => onView(one)}
        >
          {one === "steps" ? <ListTree size={14} aria-hidden /> : <ScrollText size={14} aria-hidden />}
          {tWord("build_view", one)}
        </Button>
      ))}
    </fieldset>
  );
}

function blockKey(block: Block): string {
  if (block.kind === "step") return `step-${block.step.id}`;
  if (block.kind === "gap") return `gap-${block.gap.from}`;
  return block.id;
}

interface BlockViewProps {
  block: Block;
  now: number;
  showInternal: boolean;
  chosen: Record<string, boolean>;
  onChoose: (id: string, open: boolean) => void;
}

function BlockView({ block, now, showInternal, chosen, onChoose }: BlockViewProps) {
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
    const { step } = block;
    if (step.internal && !showInternal && step.status !== "failed") return null;
    return (
      <StepItem
        step={step}
        lineCount={step.lines.length}
        now={now}
        chosen={chosen[step.id]}
        onChoose={(open) => onChoose(step.id, open)}
      />
    );
  }
  return <OutputLines lines={block.lines} count={block.lines.length} dropped={block.dropped} />;
}

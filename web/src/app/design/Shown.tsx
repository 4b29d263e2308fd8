import { Boxes } from "lucide-react";
import { useState } from "react";
import { Problem } from "@/api/problem";
import type { AppStatus, DeploymentState, Instance } from "@/api/types";
import { Button } from "@/components/ui/button";
import { CodeBlock, CommandHint } from "@/components/ui/copy";
import {
  Empty,
  ErrorNote,
  InlineError,
  Skeleton,
  SkeletonRows,
  SkeletonText,
} from "@/components/ui/feedback";
import { Card, Row, Rows, Section } from "@/components/ui/layout";
import { Progress } from "@/components/ui/progress";
import { AppStatusBadge, Badge, DeploymentBadge, InstanceBadge } from "@/components/ui/status";
import { Cell, HeadCell, Table, TableHead, TableRow } from "@/components/ui/table";
import { Ago } from "@/components/ui/time";
import { num, t } from "@/i18n";
import { cli } from "@/lib/command";
import { Specimen, State, States } from "./Specimen";
import type { DesignWords } from "./words";

const appStates: AppStatus[] = ["new", "deploying", "live", "down", "stopped", "failed"];
const deploymentStates: DeploymentState[] = [
  "queued",
  "building",
  "releasing",
  "deploying",
  "succeeded",
  "failed",
  "cancelled",
  "superseded",
];
const instanceStates: Instance["state"][] = ["starting", "healthy", "unhealthy", "exited"];
const shownAt = new Date().toISOString();

/** What is looked at: states, lists, and what stands where there is nothing or something went wrong. */
export function Shown({ words }: { words: DesignWords }) {
  const problem = new Problem(503, "unavailable", words.error_text, {}, { requestId: "r-1" });
  return (
    <>
      <Specimen name="Badge" when={words.badge_when}>
        <div className="flex flex-wrap gap-2">
          {(["ok", "busy", "bad", "warn", "idle"] as const).map((tone) => (
            <Badge key={tone} tone={tone}>
              {tone}
            </Badge>
          ))}
          {appStates.map((status) => (
            <AppStatusBadge key={status} status={status} />
          ))}
          {deploymentStates.map((state) => (
            <DeploymentBadge key={state} state={state} />
          ))}
          {instanceStates.map((state) => (
            <InstanceBadge key={state} state={state} />
          ))}
        </div>
      </Specimen>
      <Specimen name="Progress" when={words.progress_when}>
        <div className="grid gap-4 sm:grid-cols-3">
          {(["accent", "ok", "warn", "bad"] as const).map((tone, i) => (
            <Progress key={tone} tone={tone} label={tone} value={20 + i * 25} />
          ))}
          <Progress label={words.state_unknown} />
        </div>
      </Specimen>
      <Specimen name="Table" when={words.table_when}>
        <SortedTable words={words} />
      </Specimen>
      <Specimen name="Card, Section, Rows" when={words.card_when}>
        <div className="grid gap-4 sm:grid-cols-2">
          <Card className="p-4">{words.body}</Card>
          <Section
            title={words.card_title}
            hint={words.card_hint}
            actions={<Button size="sm">{t("common.more")}</Button>}
            flush
          >
            <Rows label={words.card_title}>
              <Row>
                <DeploymentBadge state="succeeded" />
              </Row>
              <Row>
                <DeploymentBadge state="building" />
              </Row>
            </Rows>
          </Section>
        </div>
      </Specimen>
      <Specimen name="Empty" when={words.empty_when}>
        <Empty
          icon={<Boxes size={28} aria-hidden />}
          title={t("apps.empty")}
          action={<Button look="primary">{t("apps.new")}</Button>}
        >
          {t("apps.empty_body")}
        </Empty>
      </Specimen>
      <Specimen name="ErrorNote, InlineError" when={words.error_when}>
        <div className="space-y-3">
          <ErrorNote error={problem} onRetry={() => {}} />
          <InlineError error={problem} onRetry={() => {}} />
        </div>
      </Specimen>
      <Specimen name="Skeleton, SkeletonText, SkeletonRows" when={words.skeleton_when}>
        <div className="grid gap-4 sm:grid-cols-3">
          <Skeleton className="h-24" />
          <SkeletonText lines={3} />
          <SkeletonRows rows={2} />
        </div>
      </Specimen>
      <Specimen name="CodeBlock, CommandHint" when={words.command_when}>
        <div className="space-y-3">
          <CodeBlock text={cli("deploy", "shop")} label={t("common.copy_command")} />
          <CommandHint command={cli("restart", "shop")} />
        </div>
      </Specimen>
      <Specimen name="Ago" when={words.time_when}>
        <States>
          <State name="Ago">
            <Ago when={shownAt} />
          </State>
        </States>
      </Specimen>
    </>
  );
}

const rows = [
  { name: "shop", requests: 12345 },
  { name: "crunch", requests: 870 },
  { name: "docs", requests: 0 },
];

function SortedTable({ words }: { words: DesignWords }) {
  const [by, setBy] = useState<"name" | "requests">("name");
  const sorted = rows.toSorted((a, b) =>
    by === "name" ? a.name.localeCompare(b.name) : b.requests - a.requests,
  );
  return (
    <Table label={words.table_when}>
      <TableHead>
        <HeadCell sorted={by === "name" ? "ascending" : undefined} onSort={() => setBy("name")}>
          {words.table_name}
        </HeadCell>
        <HeadCell end sorted={by === "requests" ? "descending" : undefined} onSort={() => setBy("requests")}>
          {words.table_requests}
        </HeadCell>
      </TableHead>
      <tbody>
        {sorted.map((row) => (
          <TableRow key={row.name}>
            <Cell>{row.name}</Cell>
            <Cell end>{num(row.requests)}</Cell>
          </TableRow>
        ))}
      </tbody>
    </Table>
  );
}

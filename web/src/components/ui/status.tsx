import { Ban, Check, CircleDashed, CircleSlash, Clock, Moon, TriangleAlert, X } from "lucide-react";
import type { ReactNode } from "react";
import type { App, AppStatus, DeploymentState, Instance } from "@/api/types";
import { tWord } from "@/i18n";
import { cx } from "@/lib/cx";

export type Tone = "ok" | "busy" | "bad" | "warn" | "idle";

const tones: Record<Tone, string> = {
  ok: "bg-ok-soft text-ok",
  busy: "bg-accent-soft text-accent-text",
  bad: "bg-bad-soft text-bad",
  warn: "bg-warn-soft text-warn",
  idle: "bg-surface-2 text-text-2",
};

/** A word with a colour and a sign of its own, so that the colour is never all that tells. */
export function Badge({
  tone = "idle",
  icon,
  children,
}: {
  tone?: Tone;
  icon?: ReactNode;
  children: ReactNode;
}) {
  return (
    <span
      className={cx(
        "inline-flex items-center gap-1.5 whitespace-nowrap rounded-full px-2 py-0.5 font-medium text-xs",
        tones[tone],
      )}
    >
      {icon}
      {children}
    </span>
  );
}

export function BusyDot() {
  return (
    <span className="inline-block size-2 shrink-0 animate-breathe rounded-full bg-current" aria-hidden />
  );
}

const size = { size: 13, strokeWidth: 2.5, "aria-hidden": true } as const;

/** An app's status as it is shown: one whose web process has no instance serves nobody, whatever else runs. */
export type ShownStatus = AppStatus | "web_stopped";

export function shownStatus(app: Pick<App, "status" | "scale">): ShownStatus {
  return app.status === "live" && app.scale.web === 0 ? "web_stopped" : app.status;
}

const appTones: Record<ShownStatus, [Tone, ReactNode]> = {
  new: ["idle", <CircleDashed key="i" {...size} />],
  deploying: ["busy", <BusyDot key="i" />],
  live: ["ok", <Check key="i" {...size} />],
  down: ["bad", <TriangleAlert key="i" {...size} />],
  stopped: ["idle", <Moon key="i" {...size} />],
  web_stopped: ["idle", <Moon key="i" {...size} />],
  failed: ["bad", <X key="i" {...size} />],
};

export function AppStatusBadge({ status }: { status: ShownStatus }) {
  const [tone, icon] = appTones[status] ?? ["idle", null];
  return (
    <Badge tone={tone} icon={icon}>
      {tWord("app_status", status)}
    </Badge>
  );
}

const deploymentTones: Record<DeploymentState, [Tone, ReactNode]> = {
  queued: ["warn", <Clock key="i" {...size} />],
  building: ["busy", <BusyDot key="i" />],
  releasing: ["busy", <BusyDot key="i" />],
  deploying: ["busy", <BusyDot key="i" />],
  succeeded: ["ok", <Check key="i" {...size} />],
  failed: ["bad", <X key="i" {...size} />],
  cancelled: ["idle", <Ban key="i" {...size} />],
  superseded: ["idle", <CircleSlash key="i" {...size} />],
};

export function DeploymentBadge({ state }: { state: DeploymentState }) {
  const [tone, icon] = deploymentTones[state] ?? ["idle", null];
  return (
    <Badge tone={tone} icon={icon}>
      {tWord("state", state)}
    </Badge>
  );
}

const instanceTones: Record<Instance["state"], [Tone, ReactNode]> = {
  starting: ["busy", <BusyDot key="i" />],
  healthy: ["ok", <Check key="i" {...size} />],
  unhealthy: ["bad", <TriangleAlert key="i" {...size} />],
  exited: ["bad", <X key="i" {...size} />],
};

export function InstanceBadge({ state }: { state: Instance["state"] }) {
  const [tone, icon] = instanceTones[state] ?? ["idle", null];
  return (
    <Badge tone={tone} icon={icon}>
      {tWord("instance_state", state)}
    </Badge>
  );
}

import { Link } from "@tanstack/react-router";
import {
  Box,
  CircleDot,
  Globe,
  HardDrive,
  KeyRound,
  type LucideIcon,
  MonitorSmartphone,
  Rocket,
  Server,
  SlidersHorizontal,
  UserRound,
  Webhook,
  Wrench,
} from "lucide-react";
import { Fragment, memo, type ReactNode } from "react";
import type { Event } from "@/api/types";
import { pieces } from "@/i18n";
import { useLanguage } from "@/i18n/language";
import { exactly } from "@/lib/time";
import { detailsOf, saidOf, sentenceOf } from "./actions";
import { minuteOfDay } from "./days";

const icons: Record<string, LucideIcon> = {
  app: Box,
  deployment: Rocket,
  config: SlidersHorizontal,
  domain: Globe,
  webhook: Webhook,
  volume: HardDrive,
  space: HardDrive,
  cluster: Server,
  node: Server,
  drift: Wrench,
  session: MonitorSmartphone,
  sign_in_link: MonitorSmartphone,
  token: KeyRound,
  password: KeyRound,
  user: UserRound,
  invitation: UserRound,
};

interface EventRowProps {
  event: Event;
  /** The app is no more, hence leads nowhere. */
  gone: boolean;
}

/** One thing that somebody did, as a sentence. Rows far from the screen are not laid out. */
export const EventRow = memo(function EventRow({ event: e, gone }: EventRowProps) {
  useLanguage();
  const Icon = icons[e.action.split(".")[0] ?? ""] ?? CircleDot;
  const details = detailsOf(e);
  const commit = e.detail.commit?.slice(0, 7);
  return (
    <li className="flex items-start gap-3 px-4 py-2.5 [contain-intrinsic-size:auto_3.9rem] [content-visibility:auto] sm:px-5">
      <Icon size={16} className="mt-0.75 shrink-0 text-text-3" aria-hidden />
      <div className="min-w-0 flex-1 [overflow-wrap:anywhere]">
        <Sentence event={e} gone={gone} />
        {(details.length > 0 || commit) && (
          <span className="flex flex-wrap gap-x-2.5 text-sm text-text-3">
            {details.map((words) => (
              <span key={words}>{words}</span>
            ))}
            {commit && <span className="font-mono">{commit}</span>}
          </span>
        )}
        {saidOf(e).map((words) => (
          <span key={words} className="block text-sm text-text-3" lang="en">
            {words}
          </span>
        ))}
      </div>
      <span className="flex shrink-0 flex-col items-end text-sm text-text-3 leading-5.5 sm:flex-row-reverse sm:gap-3">
        <time dateTime={e.created_at} title={exactly(e.created_at)} className="tabular-nums">
          {minuteOfDay(e.created_at)}
        </time>
        {e.ip && <span className="hidden font-mono text-xs leading-5.5 sm:inline">{e.ip}</span>}
      </span>
    </li>
  );
});

/** What was done, with the way to what it was done to. */
export function Sentence({ event: e, gone }: EventRowProps) {
  return (
    <span className="text-text-2">
      {pieces(sentenceOf(e)).map((piece, i) => (
        <Fragment key={i}>{piece.param ? gap(piece.param, e, gone) : piece.text}</Fragment>
      ))}
    </span>
  );
}

function gap(name: string, e: Event, gone: boolean): ReactNode {
  switch (name) {
    case "who":
      return (
        <Link
          to="/activity"
          search={(before) => ({ ...before, by: e.actor })}
          className="font-medium text-text hover:underline"
        >
          {e.actor === "slipway" ? "Slipway" : e.actor}
        </Link>
      );
    case "app":
      return gone || e.action === "app.destroy" ? (
        <span className="font-medium text-text">{e.app}</span>
      ) : (
        <Link to="/apps/$app" params={{ app: e.app }} className="link">
          {e.app}
        </Link>
      );
    case "release":
      return <span className="font-mono text-sm text-text">{e.detail.release}</span>;
    case "what":
      return <Target event={e} gone={gone} />;
    default:
      return <span className="font-mono text-sm">{e.action}</span>;
  }
}

/** What it was done to, with the way there. */
function Target({ event: e, gone }: { event: Event; gone: boolean }) {
  const params = { app: e.app };
  if (!gone && e.app) {
    const number = /^#(\d{1,9})$/.exec(e.target)?.[1];
    if (e.action.startsWith("deployment.") && number)
      return (
        <Link to="/apps/$app/deployments/$number" params={{ ...params, number }} className="link">
          {e.target}
        </Link>
      );
    if (e.action === "config.set")
      return (
        <Link to="/apps/$app/config" params={params} className="link font-mono text-sm">
          {e.target}
        </Link>
      );
    if (e.action.startsWith("domain."))
      return (
        <Link to="/apps/$app/domains" params={params} className="link">
          {e.target}
        </Link>
      );
  }
  const [, volume, path] = /^(\S+) at (\/.*)$/.exec(e.target) ?? [];
  if (e.action === "volume.add" && volume) {
    return (
      <span className="font-mono text-sm text-text">
        {volume} <span className="text-text-3">{path}</span>
      </span>
    );
  }
  const technical = e.action === "app.scale" || e.action === "config.set";
  return <span className={technical ? "font-mono text-sm text-text" : "text-text"}>{e.target}</span>;
}

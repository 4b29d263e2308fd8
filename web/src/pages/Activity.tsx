import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { History } from "lucide-react";
import { queries } from "@/api/queries";
import type { Event } from "@/api/types";
import { Page } from "@/app/Page";
import { Pages } from "@/components/Pages";
import { CommandHint } from "@/components/ui/copy";
import { Empty } from "@/components/ui/feedback";
import { PageHead, Row } from "@/components/ui/layout";
import { Ago } from "@/components/ui/time";
import { t, tWord } from "@/i18n";
import { curl } from "@/lib/command";
import { useTitle } from "@/lib/title";

/** Who did what to which thing. */
export default function Activity() {
  useTitle(t("nav.activity"));
  const query = useInfiniteQuery(queries.events());
  return (
    <Page>
      <PageHead title={t("nav.activity")}>{t("activity.lead")}</PageHead>
      <Pages
        query={query}
        label={t("nav.activity")}
        row={(event) => <EventRow key={event.id} event={event} />}
        empty={<Empty icon={<History size={28} aria-hidden />} title={t("activity.empty")} />}
      />
      <CommandHint className="mt-5" command={curl("GET", "/events")} />
    </Page>
  );
}

function EventRow({ event: e }: { event: Event }) {
  const detail = Object.entries(e.detail ?? {});
  const target = e.target && e.target !== e.app ? e.target : "";
  return (
    <Row className="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-0.5">
      <div className="min-w-0">
        <span className="font-medium">{e.actor}</span>{" "}
        <span className="text-text-2" title={e.action}>
          {tWord("action", e.action)}
        </span>{" "}
        {e.app && (
          <Link to="/apps/$app" params={{ app: e.app }} className="link">
            {e.app}
          </Link>
        )}{" "}
        {target && <span className="break-all font-mono text-sm">{target}</span>}
        {detail.length > 0 && (
          <span className="block text-sm text-text-3">
            {detail.map(([key, value]) => (
              <span key={key} className="mr-3 break-all">
                {key}: <span className="font-mono">{value}</span>
              </span>
            ))}
          </span>
        )}
      </div>
      <span className="text-sm text-text-3">
        {e.ip && <span className="mr-2 font-mono text-xs">{e.ip}</span>}
        <Ago when={e.created_at} />
      </span>
    </Row>
  );
}

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { LockKeyhole } from "lucide-react";
import { useState } from "react";
import { queries } from "@/api/queries";
import { can, type SpaceApp, type Space as SpaceReport } from "@/api/types";
import { Page } from "@/app/Page";
import { AccountTabs } from "@/components/AccountTabs";
import { CollectDialog } from "@/components/space/CollectDialog";
import { DiskBar } from "@/components/space/DiskBar";
import { UsesTable } from "@/components/space/UsesTable";
import { Button } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { Empty, ErrorNote, Skeleton } from "@/components/ui/feedback";
import { PageHead, Section } from "@/components/ui/layout";
import { bytes } from "@/deployments/words";
import { num, t, tWord } from "@/i18n";
import { Say } from "@/i18n/Say";
import { cli } from "@/lib/command";
import { ago } from "@/lib/time";
import { useTitle } from "@/lib/title";

/** What uses the disk, what would go, and collecting it. */
export default function Space() {
  useTitle(t("space.title"));
  const { data: me } = useQuery(queries.session());
  const owner = can(me, "admin");
  const { data, error, refetch } = useQuery({ ...queries.space(), enabled: owner });
  const [collecting, setCollecting] = useState(false);
  return (
    <Page width="narrow">
      <PageHead
        title={t("space.title")}
        actions={
          owner && (
            <Button look="primary" onClick={() => setCollecting(true)}>
              {t("space.collect")}
            </Button>
          )
        }
      >
        {t("space.lead")}
      </PageHead>
      <AccountTabs />
      {me && !owner && (
        <Empty icon={<LockKeyhole size={28} aria-hidden />} title={t("people.owners_only")}>
          {t("people.owners_only_body")}
        </Empty>
      )}
      {error && <ErrorNote error={error} onRetry={() => void refetch()} className="mb-4" />}
      {(!me || (owner && !data && !error)) && <Shape />}
      {data && <Report space={data} />}
      <CommandHint className="mt-5" command={cli("space")} />
      <CollectDialog open={collecting} onOpenChange={setCollecting} />
    </Page>
  );
}

/** The page's own shape: measuring the disk takes a moment. */
function Shape() {
  return (
    <div role="status" aria-label={t("common.loading")} className="space-y-5">
      <Skeleton className="h-33" />
      <Skeleton className="h-112" />
      <Skeleton className="h-48" />
    </div>
  );
}

function Report({ space: s }: { space: SpaceReport }) {
  const { policy } = s;
  return (
    <div className="space-y-5">
      {s.disks.map((disk) => (
        <DiskBar key={disk.path} disk={disk} watermark={policy.watermark_percent} />
      ))}
      <Section title={t("space.uses")} hint={t("space.uses_hint", { when: ago(s.checked_at) })} flush>
        <UsesTable uses={s.uses} />
      </Section>
      {s.unknown.length > 0 && (
        <Section title={t("space.unknown")}>
          <ul className="list-disc space-y-0.5 pl-5 text-text-2">
            {s.unknown.map((what) => (
              <li key={what} className="break-words" lang="en">
                {what}
              </li>
            ))}
          </ul>
        </Section>
      )}
      {s.apps.length > 0 && (
        <Section title={t("space.apps")} hint={t("space.apps_hint")} flush>
          <ul className="divide-y" aria-label={t("space.apps")}>
            {s.apps.map((app, i) => (
              <li
                key={app.app || i}
                className="grid grid-cols-[minmax(0,1fr)_auto] items-baseline gap-x-4 px-4 py-2 sm:grid-cols-[minmax(0,2fr)_minmax(0,3fr)_5rem] sm:px-5"
              >
                <AppName name={app.app} />
                <Uses uses={app.uses} />
                <span className="whitespace-nowrap text-right tabular-nums">{bytes(app.bytes)}</span>
              </li>
            ))}
          </ul>
        </Section>
      )}
      <Section title={t("space.policy")}>
        <ul className="list-disc space-y-0.5 pl-5 text-text-2">
          <li>{t("space.policy_releases", { n: num(policy.keep_releases) })}</li>
          <li>
            {policy.keep_days > 0
              ? t("space.policy_days", { n: num(policy.keep_days) })
              : t("space.policy_forever")}
          </li>
          <li>{t("space.policy_cache", { size: bytes(policy.build_cache_bytes) })}</li>
        </ul>
        <p className="mt-2 text-sm text-text-3">{t("space.policy_never")}</p>
        <p className="mt-2 text-sm text-text-3">
          {s.last_collection ? (
            <Say
              k="space.last"
              values={{
                when: ago(s.last_collection.at),
                who: s.last_collection.by === "slipway" ? "Slipway" : s.last_collection.by,
                size: bytes(s.last_collection.bytes),
              }}
            />
          ) : (
            t("space.nothing_last")
          )}
        </p>
      </Section>
    </div>
  );
}

function AppName({ name }: { name: string }) {
  return name ? (
    <Link to="/apps/$app" params={{ app: name }} className="link justify-self-start break-all" translate="no">
      {name}
    </Link>
  ) : (
    <span className="text-text-2">{t("space.no_app")}</span>
  );
}

/** What an app's room is made of; what takes none is left out. */
function Uses({ uses }: Pick<SpaceApp, "uses">) {
  return (
    <ul className="order-last col-span-2 flex flex-wrap gap-x-3 text-sm text-text-3 tabular-nums sm:order-none sm:col-span-1 sm:justify-end">
      {uses
        .filter((use) => use.bytes > 0)
        .map(({ kind, bytes: n }) => (
          <li key={kind} className="whitespace-nowrap">
            {tWord("space.kinds", kind)} {bytes(n)}
          </li>
        ))}
    </ul>
  );
}

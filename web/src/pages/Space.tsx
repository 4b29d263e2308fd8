import { useQuery } from "@tanstack/react-query";
import { LockKeyhole } from "lucide-react";
import { useState } from "react";
import { queries } from "@/api/queries";
import { can, type Space as SpaceReport } from "@/api/types";
import { Page } from "@/app/Page";
import { AccountTabs } from "@/components/AccountTabs";
import { CollectDialog } from "@/components/space/CollectDialog";
import { DiskBar } from "@/components/space/DiskBar";
import { UsesTable } from "@/components/space/UsesTable";
import { Button } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { Empty, ErrorNote, SkeletonRows } from "@/components/ui/feedback";
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
      {(!me || (owner && !data && !error)) && <SkeletonRows rows={6} />}
      {data && <Report space={data} />}
      <CommandHint className="mt-5" command={cli("space")} />
      <CollectDialog open={collecting} onOpenChange={setCollecting} />
    </Page>
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
              <li key={app.app || i} className="flex flex-wrap items-baseline gap-x-3 px-4 py-2 sm:px-5">
                <span className="min-w-0 flex-1 basis-40 break-all font-medium" translate="no">
                  {app.app || t("space.no_app")}
                </span>
                <span className="text-sm text-text-3 tabular-nums">
                  {app.uses
                    .map(({ kind, bytes: n }) => `${tWord("space.kinds", kind)} ${bytes(n)}`)
                    .join(" · ")}
                </span>
                <span className="w-20 text-right tabular-nums">{bytes(app.bytes)}</span>
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

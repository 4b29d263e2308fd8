import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { ArrowLeft, ArrowLeftRight, Undo2 } from "lucide-react";
import { useState } from "react";
import { asProblem } from "@/api/problem";
import { queries } from "@/api/queries";
import { can, type Release } from "@/api/types";
import { Page } from "@/app/Page";
import { RollbackDialog } from "@/components/deployments/RollbackDialog";
import { ReleaseChanges } from "@/components/ReleaseChanges";
import { Button, buttonClass } from "@/components/ui/button";
import { Empty, ErrorNote, Skeleton } from "@/components/ui/feedback";
import { Field, Select } from "@/components/ui/field";
import { PageHead } from "@/components/ui/layout";
import { compareReleases, pair } from "@/deployments/compare";
import { t } from "@/i18n";
import { useTitle } from "@/lib/title";

/** Any two releases of an app side by side; the address names them. */
export default function CompareReleases() {
  const { app } = useParams({ from: "/shell/apps/$app/releases/compare" });
  const asked = useSearch({ from: "/shell/apps/$app/releases/compare" });
  const navigate = useNavigate({ from: "/apps/$app/releases/compare" });
  const list = useInfiniteQuery(queries.releases(app));
  const { data: row } = useQuery(queries.app(app));
  const { data: me } = useQuery(queries.session());
  const [back, setBack] = useState<number>();
  const releases = list.data?.pages.flatMap((page) => page.items) ?? [];
  const live = row?.live_release?.version ?? 0;
  const ready = list.data !== undefined && row !== undefined;
  const chosen =
    asked.from && asked.to
      ? { from: asked.from, to: asked.to }
      : ready
        ? pair(
            releases.map((r) => r.version),
            live,
            asked.from,
            asked.to,
          )
        : undefined;
  const from = useQuery({ ...queries.release(app, chosen?.from ?? 0), enabled: chosen !== undefined });
  const to = useQuery({ ...queries.release(app, chosen?.to ?? 0), enabled: chosen !== undefined });
  useTitle(chosen ? t("compare.short", { a: chosen.from, b: chosen.to }) : t("compare.title"), app);
  const show = (search: { from: number; to: number }) =>
    void navigate({ search, replace: true, resetScroll: false });
  const goal = chosen && (chosen.from === live ? chosen.to : chosen.to === live ? chosen.from : 0);

  return (
    <Page>
      <PageHead
        title={t("compare.title")}
        actions={
          <>
            {goal && goal !== live && can(me, "deploy") && to.data && from.data ? (
              <Button onClick={() => setBack(goal)}>
                <Undo2 size={15} aria-hidden />
                {t("releases.rollback_to", { v: goal })}
              </Button>
            ) : null}
            <Link to="/apps/$app/releases" params={{ app }} className={buttonClass("plain")}>
              <ArrowLeft size={15} aria-hidden />
              {t("compare.all")}
            </Link>
          </>
        }
      >
        {t("compare.lead")}
      </PageHead>
      {list.error && <ErrorNote error={list.error} onRetry={() => void list.refetch()} className="mb-3" />}
      {ready && !chosen && <Empty title={t("compare.too_few")}>{t("releases.empty_body")}</Empty>}
      {chosen && (
        <div className="mb-4 flex items-end gap-2">
          <Version
            label={t("compare.from")}
            value={chosen.from}
            releases={releases}
            live={live}
            onChange={(version) => show({ ...chosen, from: version })}
          />
          <Button
            look="plain"
            size="icon"
            className="shrink-0"
            aria-label={t("compare.swap")}
            title={t("compare.swap")}
            onClick={() => show({ from: chosen.to, to: chosen.from })}
          >
            <ArrowLeftRight size={16} aria-hidden />
          </Button>
          <Version
            label={t("compare.to")}
            value={chosen.to}
            releases={releases}
            live={live}
            onChange={(version) => show({ ...chosen, to: version })}
          />
        </div>
      )}
      {chosen && <Result app={app} {...chosen} a={from} b={to} />}
      {!ready && !chosen && !list.error && <Skeleton className="h-96" />}
      <RollbackDialog
        app={app}
        live={live}
        warm={row?.warm_release?.version}
        target={back}
        onClose={() => setBack(undefined)}
      />
    </Page>
  );
}

interface Fetched {
  data: Release | undefined;
  error: unknown;
  refetch: () => unknown;
}

function Result({ app, from, to, a, b }: { app: string; from: number; to: number; a: Fetched; b: Fetched }) {
  if (from === to) return <p className="text-text-2">{t("compare.same_release")}</p>;
  for (const [version, one] of [
    [from, a],
    [to, b],
  ] as const) {
    if (!one.error || one.data) continue;
    if (asProblem(one.error).status === 404)
      return <Empty title={t("compare.missing", { app, v: version })} />;
    return <ErrorNote error={one.error} onRetry={() => void one.refetch()} />;
  }
  if (!a.data || !b.data) return <Skeleton className="h-96" />;
  return (
    <>
      {compareReleases(a.data, b.data).none && <p className="mb-3 text-text-2">{t("compare.nothing")}</p>}
      <ReleaseChanges from={a.data} to={b.data} />
      <p className="mt-3 flex flex-wrap gap-x-4 text-sm">
        {[a.data, b.data].map(
          (r) =>
            r.deployment_number > 0 && (
              <Link
                key={r.version}
                to="/apps/$app/deployments/$number"
                params={{ app, number: String(r.deployment_number) }}
                className="link rounded-sm"
              >
                {t("compare.made_by", { v: r.version, n: r.deployment_number })}
              </Link>
            ),
        )}
      </p>
    </>
  );
}

interface VersionProps {
  label: string;
  value: number;
  releases: readonly Release[];
  live: number;
  onChange: (version: number) => void;
}

function Version({ label, value, releases, live, onChange }: VersionProps) {
  const listed = releases.some((r) => r.version === value);
  return (
    <Field label={label} className="w-full max-w-sm">
      <Select value={value} onChange={(e) => onChange(Number(e.target.value))}>
        {!listed && <option value={value}>v{value}</option>}
        {releases.map((r) => (
          <option key={r.version} value={r.version}>
            v{r.version}
            {r.version === live ? ` (${t("releases.live")})` : ""}
            {r.description ? ` · ${r.description.slice(0, 60)}` : ""}
          </option>
        ))}
      </Select>
    </Field>
  );
}

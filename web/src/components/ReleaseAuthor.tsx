import { useInfiniteQuery } from "@tanstack/react-query";
import { queries } from "@/api/queries";
import { t } from "@/i18n";

/** Who made a release, when the list of releases says so. */
export function ReleaseAuthor({ app, version }: { app: string; version: number }) {
  const { data } = useInfiniteQuery(queries.releases(app));
  const release = data?.pages.flatMap((page) => page.items).find((one) => one.version === version);
  return release?.created_by ? (
    <span className="text-text-2"> {t("overview.by", { who: release.created_by })}</span>
  ) : null;
}

import { useQuery } from "@tanstack/react-query";
import { queries } from "@/api/queries";
import { t } from "@/i18n";

/** Who made a release. */
export function ReleaseAuthor({ app, version }: { app: string; version: number }) {
  const { data: release } = useQuery(queries.release(app, version));
  return release?.created_by ? (
    <span className="text-text-2"> {t("overview.by", { who: release.created_by })}</span>
  ) : null;
}

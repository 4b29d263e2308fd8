import { useNavigate, useSearch } from "@tanstack/react-router";
import { ActivityList } from "@/activity/ActivityList";
import { Page } from "@/app/Page";
import { CommandHint } from "@/components/ui/copy";
import { PageHead } from "@/components/ui/layout";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useTitle } from "@/lib/title";

/** Who did what to which thing. */
export default function Activity() {
  useTitle(t("nav.activity"));
  const search = useSearch({ from: "/shell/activity" });
  const navigate = useNavigate({ from: "/activity" });
  const words: string[] = [];
  if (search.by) words.push("--by", search.by);
  if (search.action) words.push("--action", search.action);
  return (
    <Page>
      <PageHead title={t("nav.activity")}>{t("activity.lead")}</PageHead>
      <ActivityList
        search={search}
        onSearch={(next) => void navigate({ search: next, replace: true, resetScroll: false })}
      />
      <CommandHint className="mt-5" command={cli("activity", search.app, ...words)} />
    </Page>
  );
}

import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useState } from "react";
import { Page } from "@/app/Page";
import { PageHead } from "@/components/ui/layout";
import { t } from "@/i18n";
import { useTitle } from "@/lib/title";
import { type Made, NewAppForm } from "@/newapp/NewAppForm";
import type { NewAppSearch } from "@/newapp/search";
import { Watch } from "@/newapp/Watch";

/** A new app, by one of four ways, and its way to being live. */
export default function NewAppPage() {
  const search = useSearch({ from: "/shell/new" });
  const navigate = useNavigate({ from: "/new" });
  const [made, setMade] = useState<Made>();

  const onSearch = useCallback(
    (next: NewAppSearch) => void navigate({ search: next, replace: true, resetScroll: false }),
    [navigate],
  );
  const onMade = async (now: Made) => {
    setMade(now);
    const { way, example } = now.draft;
    await navigate({ search: { way, app: now.app.name, example: way === "example" ? example : undefined } });
  };
  if (search.app) {
    return (
      <Page>
        <Watch
          key={search.app}
          name={search.app}
          way={search.way ?? "push"}
          example={search.example}
          problem={made?.app.name === search.app ? made.problem : undefined}
          arrived={made?.app.name === search.app}
        />
      </Page>
    );
  }
  return (
    <Page width="narrow">
      <Titled />
      <NewAppForm search={search} onSearch={onSearch} onMade={onMade} />
    </Page>
  );
}

function Titled() {
  useTitle(t("new.title"));
  return <PageHead title={t("new.title")} />;
}

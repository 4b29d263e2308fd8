import { useQueryClient } from "@tanstack/react-query";
import { type ErrorComponentProps, Link, useRouter } from "@tanstack/react-router";
import { Compass } from "lucide-react";
import { buttonClass } from "@/components/ui/button";
import { Empty, ErrorNote, SkeletonRows } from "@/components/ui/feedback";
import { t } from "@/i18n";
import { useTitle } from "@/lib/title";

/** What stands while a page's code is on its way. */
export function Pending() {
  return (
    <div className="page-room py-6">
      <SkeletonRows />
    </div>
  );
}

export function MissingPage() {
  useTitle(t("missing.title"));
  return (
    <div className="mx-auto w-full max-w-2xl px-4 py-16">
      <Empty
        icon={<Compass size={28} aria-hidden />}
        level={1}
        title={t("missing.title")}
        action={
          <Link to="/" className={buttonClass("primary")}>
            {t("missing.home")}
          </Link>
        }
      >
        {t("missing.body")}
      </Empty>
    </div>
  );
}

export function FailedPage({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const client = useQueryClient();
  useTitle(t("problem.title"));
  const again = () => {
    // A failed query would throw the same again at once.
    void client.resetQueries({ predicate: (query) => query.state.status === "error" });
    reset();
    void router.invalidate();
  };
  return (
    <div className="mx-auto w-full max-w-2xl px-4 py-16">
      <h1 className="mb-4 text-page-title">{t("problem.title")}</h1>
      <ErrorNote error={error} onRetry={again} />
    </div>
  );
}

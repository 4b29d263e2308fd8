import { useQuery } from "@tanstack/react-query";
import { Link, useLocation } from "@tanstack/react-router";
import { queries } from "@/api/queries";
import { can } from "@/api/types";
import { useOpenTab } from "@/components/ui/openTab";
import { t } from "@/i18n";

const tabs = [
  ["/account", "nav.account"],
  ["/account/tokens", "nav.tokens"],
  ["/account/sessions", "nav.sessions"],
  ["/account/people", "people.title"],
  ["/account/space", "space.title"],
] as const;
const owners = new Set<string>(["/account/people", "/account/space"]);

/** The way between the pages of one's own account, and to everybody's for owners. */
export function AccountTabs() {
  const { data: me } = useQuery(queries.session());
  const path = useLocation({ select: (location) => location.pathname });
  const shown = tabs.filter(([to]) => !owners.has(to) || can(me, "admin"));
  // The tabs of owners come when it is known who asks.
  const nav = useOpenTab(`${path} ${shown.length}`);
  return (
    <nav
      ref={nav}
      aria-label={t("nav.account")}
      className="relative mb-6 flex gap-0.5 overflow-x-auto border-b [scrollbar-width:none]"
    >
      {shown.map(([to, key]) => (
        <Link
          key={to}
          to={to}
          activeOptions={{ exact: true }}
          className="-outline-offset-2! -mb-px whitespace-nowrap border-transparent border-b-2 px-2.5 py-2 text-text-2 hover:text-text [&.active]:border-accent [&.active]:font-medium [&.active]:text-text"
        >
          {t(key)}
        </Link>
      ))}
    </nav>
  );
}

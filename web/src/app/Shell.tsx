import { Link, Outlet, useLocation, useRouteContext } from "@tanstack/react-router";
import { CircleUser, WifiOff } from "lucide-react";
import { lazy, Suspense, useEffect, useState } from "react";
import { useLiveStatus, useLostAt } from "@/api/live";
import { Logo } from "@/components/Logo";
import { Button, IconButton } from "@/components/ui/button";
import { loadEnglish, t } from "@/i18n";
import { useLanguage } from "@/i18n/language";
import { cx } from "@/lib/cx";
import { useSlow } from "@/lib/slow";
import { timeOfDay } from "@/lib/time";
import { CommandCenter } from "./command/CommandCenter";

/** The frame around every page: where one is, who one is, whether it is live. */
export function Shell() {
  useLanguage();
  const live = useRouteContext({ from: "__root__", select: (context) => context.live });
  useEffect(() => {
    live.start();
    return () => live.stop();
  }, [live]);
  return (
    <div className="flex min-h-dvh flex-col has-[[data-fills]]:h-dvh">
      <a
        href="#main"
        className="sr-only z-50 rounded-md bg-accent px-4 py-2 text-on-accent focus:not-sr-only focus:fixed! focus:top-3 focus:left-3"
      >
        {t("nav.skip")}
      </a>
      <header className="sticky top-0 z-30 border-b bg-surface/95 backdrop-blur">
        <div className="page-room flex h-13 items-center gap-2 sm:gap-5">
          <Link
            to="/"
            className="flex items-center gap-2 rounded-sm font-semibold"
            aria-label={t("nav.home")}
          >
            <Logo />
            <span className="hidden text-lg tracking-tight sm:inline">Slipway</span>
          </Link>
          <nav aria-label={t("nav.main")} className="flex min-w-0 items-center gap-0.5">
            <NavLink to="/" label={t("nav.apps")} also="/apps" />
            <NavLink to="/deployments" label={t("nav.deployments")} />
            <NavLink to="/activity" label={t("nav.activity")} />
            <NavLink to="/clusters" label={t("nav.clusters")} also="/clusters" className="max-sm:hidden" />
          </nav>
          <div className="ml-auto flex shrink-0 items-center sm:gap-2">
            <CommandCenter />
            <AccountButton />
          </div>
        </div>
        <LiveBanner />
      </header>
      <main id="main" tabIndex={-1} className="flex min-h-0 flex-1 flex-col outline-none">
        <Outlet />
      </main>
    </div>
  );
}

function NavLink({
  to,
  label,
  also,
  className,
}: {
  to: "/" | "/deployments" | "/activity" | "/clusters";
  label: string;
  also?: string;
  className?: string;
}) {
  const within = useLocation({ select: ({ pathname }) => also !== undefined && pathname.startsWith(also) });
  return (
    <Link
      to={to}
      activeOptions={{ exact: true }}
      className={cx(
        "whitespace-nowrap rounded-md px-1.5 py-1.5 text-sm text-text-2 hover:bg-surface-2 hover:text-text sm:px-3 sm:text-base",
        "[&.active]:font-medium [&.active]:text-text",
        within && "font-medium text-text!",
        className,
      )}
    >
      {label}
    </Link>
  );
}

/** Says that what is shown may be old, once a cut has lasted long enough to matter. */
function LiveBanner() {
  const live = useRouteContext({ from: "__root__", select: (context) => context.live });
  const status = useLiveStatus(live);
  const lostAt = useLostAt(live);
  const shown = useSlow(status === "lost", 1200);
  return (
    <div role="status" aria-live="polite">
      {shown && (
        <div className="flex items-center justify-center gap-3 bg-warn-soft px-4 py-1.5 text-sm text-warn">
          <WifiOff size={15} className="shrink-0" aria-hidden />
          <span>{t("live.lost", { at: timeOfDay(lostAt ?? Date.now()) })}</span>
          <Button size="sm" look="plain" className="min-h-7!" onClick={live.retryNow}>
            {t("live.retry")}
          </Button>
        </div>
      )}
    </div>
  );
}

const loadMenu = async () => {
  const [menu] = await Promise.all([import("./AccountMenu"), loadEnglish()]);
  return menu;
};
const AccountMenu = lazy(loadMenu);

/** The menu's button; what the menu is made of comes with the first press. */
function AccountButton() {
  const [wanted, setWanted] = useState(false);
  const button = (
    <IconButton
      label={t("nav.account_menu")}
      size="icon"
      aria-haspopup="menu"
      onPointerEnter={() => void loadMenu()}
      onClick={() => setWanted(true)}
    >
      <CircleUser size={20} aria-hidden />
    </IconButton>
  );
  if (!wanted) return button;
  return (
    <Suspense fallback={button}>
      <AccountMenu />
    </Suspense>
  );
}

import { useNavigate, useParams } from "@tanstack/react-router";
import { Search } from "lucide-react";
import { lazy, Suspense, useEffect, useRef } from "react";
import { Kbd } from "@/components/ui/kbd";
import { loadEnglish, t } from "@/i18n";
import { showPanel, usePanel } from "./panel";
import { appActions, appPages, pages, Sequence, shortcutsOn, taken } from "./shortcuts";

const load = async () => {
  const [panels] = await Promise.all([import("./Panels"), loadEnglish()]);
  return panels;
};
const Panels = lazy(load);

const known = new Set([...pages, ...appPages, ...appActions].map(({ keys }) => keys).concat("/", "?"));

/** The button that opens the palette, the keys that do, and whatever they have opened. */
export function CommandCenter() {
  const panel = usePanel();
  const app = useParams({ strict: false, select: (params) => params.app });
  const navigate = useNavigate();
  const sequence = useRef(new Sequence(known));

  useEffect(() => {
    const run = (keys: string): boolean => {
      if (keys === "?") {
        showPanel("shortcuts");
        return true;
      }
      if (keys === "/") return focusSearch();
      const page = pages.find((one) => one.keys === keys);
      if (page) {
        void navigate({ to: page.to, search: page.search });
        return true;
      }
      if (!app) return false;
      const appPage = appPages.find((one) => one.keys === keys);
      if (appPage) void navigate({ to: appPage.to, params: { app } });
      const action = appActions.find((one) => one.keys === keys);
      if (action) showPanel(action.panel);
      return Boolean(appPage ?? action);
    };
    const onKeyDown = (event: KeyboardEvent) => {
      if ((event.metaKey || event.ctrlKey) && !event.altKey && event.key.toLowerCase() === "k") {
        event.preventDefault();
        showPanel("palette");
        return;
      }
      if (event.metaKey || event.ctrlKey || event.altKey || event.key.length !== 1) return;
      if (!shortcutsOn() || taken(event)) return;
      const keys = sequence.current.press(event.key, event.timeStamp);
      if (keys && run(keys)) event.preventDefault();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [app, navigate]);

  return (
    <>
      <button
        type="button"
        onClick={() => showPanel("palette")}
        onPointerEnter={() => void load()}
        aria-keyshortcuts="Control+K Meta+K"
        className="inline-flex min-h-9 min-w-9 items-center justify-center gap-2 rounded-md text-text-2 text-sm hover:bg-surface-2 hover:text-text md:border md:border-border-strong/60 md:px-2.5"
      >
        <Search size={16} aria-hidden />
        <span className="sr-only lg:not-sr-only">{t("palette.open")}</span>
        <span aria-hidden className="hidden md:inline">
          <Kbd keys="mod k" />
        </span>
      </button>
      {panel && (
        <Suspense>
          <Panels panel={panel} app={app} />
        </Suspense>
      )}
    </>
  );
}

/** Puts the focus into the page's search field, if it has one. */
function focusSearch(): boolean {
  for (const field of document.querySelectorAll<HTMLInputElement>("main input[type=search]")) {
    if (field.disabled || field.getClientRects().length === 0) continue;
    field.focus();
    field.select();
    return true;
  }
  return false;
}

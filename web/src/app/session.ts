import type { QueryClient } from "@tanstack/react-query";
import { api, whenSignedOut } from "@/api/client";
import { Endings } from "@/api/endings";
import type { Live } from "@/api/live";
import { keys } from "@/api/queries";
import { hearTabs } from "@/api/tabs";
import type { Deployment, SignedIn } from "@/api/types";
import { t, tWord } from "@/i18n";
import { notify, notifyState } from "@/lib/notify";
import type { makeRouter } from "@/router";

interface Parts {
  client: QueryClient;
  live: Live;
  router: ReturnType<typeof makeRouter>;
}

const outside = (path: string) => path === "/sign-in" || path === "/setup" || path === "/join";

/** Leads to the sign-in page, and back from it, and forgets what was held for whoever was signed in. */
function leave({ client, live, router }: Parts): void {
  const { pathname, href } = router.state.location;
  if (outside(pathname) || !client.getQueryData(keys.session)) return;
  live.stop();
  client.clear();
  void router.navigate({ to: "/sign-in", search: { next: href === "/" ? undefined : href } });
}

/** Another tab has signed in: whoever waits here goes on, and what is shown of another person goes. */
async function enter({ client, live, router }: Parts): Promise<void> {
  const { pathname, search } = router.state.location;
  if (pathname === "/join") return; // whoever joins waits for nobody, and keeps what is typed
  if (outside(pathname)) {
    client.clear();
    await router.navigate({ href: search.next ?? "/", replace: true });
    return;
  }
  const before = client.getQueryData<SignedIn>(keys.session);
  const now = await api.session();
  client.setQueryData(keys.session, now);
  if (before?.user.id === now.user.id) return;
  live.stop();
  await client.resetQueries({ predicate: (query) => query.queryKey[0] !== keys.session[0] });
  live.start();
}

/** Keeps this tab to who is signed in, whichever tab they signed in or out in, and tells of deployments that end. */
export function keepSession(parts: Parts): void {
  const { client, live, router } = parts;
  whenSignedOut(() => leave(parts));
  hearTabs((word) => {
    if (word === "signed-out") leave(parts);
    else void enter(parts).catch(() => {}); // the next call says what is wrong
  });
  const tell = (d: Deployment) => {
    // Whoever looks at this tab sees it anyway.
    if (document.hasFocus()) return;
    const title = t("notify.title", { app: d.app, state: tWord("state", d.state) });
    notify(title, t("deployment.title", { n: d.number }), d.id, () => {
      void router.navigate({
        to: "/apps/$app/deployments/$number",
        params: { app: d.app, number: String(d.number) },
      });
    });
  };
  new Endings(client, live, { wanted: () => notifyState() === "on", tell });
}

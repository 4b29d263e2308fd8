import type { App } from "@/api/types";

// More are found by another letter; the list stays quick with thousands of apps.
const most = 30;
const mostUnasked = 6;

/** The apps that fit a search, those whose name begins with it first; without one, those that changed last. */
export function findApps(apps: readonly App[], search: string, here?: string): App[] {
  const needle = search.trim().toLowerCase();
  if (needle === "") {
    return apps
      .filter((app) => app.name !== here)
      .sort((a, b) => touched(b).localeCompare(touched(a)))
      .slice(0, mostUnasked);
  }
  const ranked: [number, App][] = [];
  for (const app of apps) {
    const at = app.name.toLowerCase().indexOf(needle);
    if (at >= 0) ranked.push([at === 0 ? 0 : 1, app]);
    else if (app.urls.some((url) => url.toLowerCase().includes(needle))) ranked.push([2, app]);
  }
  return ranked
    .sort(([a, x], [b, y]) => a - b || x.name.localeCompare(y.name))
    .slice(0, most)
    .map(([, app]) => app);
}

function touched(app: App): string {
  return app.last_deployment?.created_at ?? app.created_at;
}

import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { Problem } from "@/api/problem";
import { keys } from "@/api/queries";
import type { App, Deployment } from "@/api/types";
import { FirstDeployment } from "@/components/FirstDeployment";
import { anApp } from "@/test/app";
import { aDeployment } from "@/test/deployments";
import { renderPiece } from "@/test/render";
import { answerCalls, type Call, refusal } from "@/test/server";
import { NewAppForm } from "./NewAppForm";
import type { NewAppSearch } from "./search";
import { Watch } from "./Watch";

const user = userEvent.setup();

const none = { "GET /apps": () => ({ body: { items: [], next_cursor: "" } }) };
const examples = {
  "GET /examples": () => ({
    body: {
      items: [
        { name: "static-site", title: "Static site", description: "", builder: "static", broken: false },
        { name: "broken", title: "A broken one", description: "", builder: "dockerfile", broken: true },
      ],
      next_cursor: "",
    },
  }),
};
/** Quicker than typing, where each key does not matter. */
const fill = async (field: HTMLElement, text: string) => {
  await user.click(field);
  await user.paste(text);
};
const posts = (calls: Call[]) => calls.filter((call) => call.method === "POST");

async function form(search: NewAppSearch = {}) {
  const onMade = vi.fn();
  const onSearch = vi.fn();
  await renderPiece(<NewAppForm search={search} onSearch={onSearch} onMade={onMade} />);
  return { onMade, onSearch };
}

describe("the name of a new app", () => {
  it("is refused beside the field once typing pauses: malformed, reserved, taken", async () => {
    answerCalls({
      "GET /apps": () => ({ body: { items: [anApp({ name: "shop" })], next_cursor: "" } }),
    });
    await form();
    const name = screen.getByLabelText("Name");
    for (const [typed, words] of [
      ["Bad_Name", /Use lower-case letters/],
      ["api", /Slipway keeps “api” for itself/],
      ["shop", /There is an app called “shop” already/],
    ] as const) {
      await user.clear(name);
      await user.type(name, typed);
      await waitFor(() => expect(name).toHaveAccessibleDescription(words));
      expect(name).toBeInvalid();
    }
    await user.type(name, "per");
    await waitFor(() => expect(name).not.toBeInvalid());
  });

  it("is let alone while more typing may mend it, and refused when the field is left", async () => {
    answerCalls(none);
    const { onSearch } = await form();
    const name = screen.getByLabelText("Name");
    await user.type(name, "shop-");
    await waitFor(() => expect(onSearch).toHaveBeenLastCalledWith({ way: undefined, name: "shop-" }));
    expect(name).not.toBeInvalid();
    await user.tab();
    await waitFor(() => expect(name).toBeInvalid());
  });

  it("is suggested from where the app comes from, until somebody gives one", async () => {
    answerCalls({
      "GET /apps": () => ({ body: { items: [anApp({ name: "nginx" })], next_cursor: "" } }),
    });
    await form({ way: "image" });
    await fill(screen.getByLabelText("Image"), "registry.example.com/team/nginx:1.29");
    await waitFor(() => expect(screen.getByLabelText("Name")).toHaveValue("nginx-2"));
    await user.clear(screen.getByLabelText("Name"));
    await user.type(screen.getByLabelText("Name"), "front");
    await user.type(screen.getByLabelText("Image"), "0");
    expect(screen.getByLabelText("Name")).toHaveValue("front");
  });

  it("is offered where there is nothing to take it from", async () => {
    const calls = answerCalls({ ...none, "POST /apps": () => ({ status: 201, body: anApp({}) }) });
    const { onMade } = await form();
    const offer = screen.getByRole("button", { name: /^Use / });
    const offered = offer.textContent?.replace("Use ", "");
    // A name is none of the page's words: no translation may touch it.
    expect(offer.querySelector("[translate=no]")).toHaveTextContent(offered ?? "");
    await user.click(offer);
    expect(screen.getByLabelText("Name")).toHaveValue(offered);
    await user.click(screen.getByRole("button", { name: "Create app" }));
    await waitFor(() => expect(onMade).toHaveBeenCalled());
    expect(posts(calls)[0]?.body).toEqual({ name: offered });
  });

  it("and the way come from the address", async () => {
    answerCalls(none);
    await form({ way: "git", name: "docs" });
    expect(screen.getByRole("radio", { name: /A git URL/ })).toBeChecked();
    expect(screen.getByLabelText("Name")).toHaveValue("docs");
  });
});

describe("NewAppForm", () => {
  it("leaves the address alone once the app is there, however lately its name was typed", async () => {
    vi.useFakeTimers();
    try {
      answerCalls({ ...none, "POST /apps": () => ({ status: 201, body: anApp({ name: "quick" }) }) });
      const { onMade, onSearch } = await form();
      const name = screen.getByLabelText("Name");
      fireEvent.change(name, { target: { value: "quick" } });
      fireEvent.submit(name);
      await vi.waitFor(() => expect(onMade).toHaveBeenCalled());
      await act(() => vi.runAllTimersAsync()); // typing has paused by now
      expect(onSearch).not.toHaveBeenCalled();
    } finally {
      vi.useRealTimers();
    }
  });

  it("keeps what was typed when it is refused, and says why beside the field", async () => {
    answerCalls({
      ...none,
      "POST /apps": () => refusal(422, "the URL is private", { "source.url": "the URL is private" }),
    });
    const { onMade } = await form({ way: "git" });
    const url = screen.getByLabelText("Git URL");
    await fill(url, "https://example.com/shop.git");
    await fill(screen.getByLabelText(/Branch/), "next");
    await user.click(screen.getByRole("button", { name: "Create and deploy" }));
    await waitFor(() => expect(url).toHaveAccessibleDescription(/the URL is private/));
    await waitFor(() => expect(url).toHaveFocus());
    expect(url).toHaveValue("https://example.com/shop.git");
    expect(screen.getByLabelText(/Branch/)).toHaveValue("next");
    expect(screen.getByLabelText("Name")).toHaveValue("shop");
    expect(screen.getAllByRole("alert")).toHaveLength(1);
    expect(onMade).not.toHaveBeenCalled();

    await fill(url, "x");
    expect(url).not.toBeInvalid();
  });

  it("asks nothing of the server while something is missing", async () => {
    const calls = answerCalls(none);
    await form({ way: "git" });
    await user.click(screen.getByRole("button", { name: "Create and deploy" }));
    await waitFor(() => expect(screen.getByLabelText("Git URL")).toHaveFocus());
    expect(screen.getByLabelText("Name")).toBeInvalid();
    expect(posts(calls)).toEqual([]);
  });

  it("sends the git URL with its deploy key, and deploys it", async () => {
    const calls = answerCalls({
      ...none,
      "POST /apps": () => ({ status: 201, body: anApp({ name: "hello" }) }),
      "POST /apps/hello/deployments": () => ({ status: 202, body: { number: 1 } }),
    });
    const { onMade } = await form();
    const key = "-----BEGIN OPENSSH PRIVATE KEY-----";
    await user.click(screen.getByRole("radio", { name: /A git URL/ }));
    await fill(screen.getByLabelText("Name"), "hello");
    await fill(screen.getByLabelText("Git URL"), "https://example.com/a.git");
    await user.selectOptions(screen.getByLabelText("Credential"), "Deploy key");
    await fill(screen.getByLabelText("Private key"), key);
    await user.click(screen.getByRole("button", { name: "Create and deploy" }));
    await waitFor(() => expect(onMade).toHaveBeenCalled());
    expect(posts(calls).map((call) => call.body)).toEqual([
      { name: "hello", source: { url: "https://example.com/a.git", deploy_key: key } },
      { git: {} },
    ]);
    expect(posts(calls)[0]?.headers.get("Idempotency-Key")).toMatch(/^[0-9a-f]{32}$/);
  });

  it("deploys an example in one click, and shows none that is broken", async () => {
    const calls = answerCalls({
      ...none,
      ...examples,
      "POST /apps": () => ({ status: 201, body: anApp({ name: "static-site" }) }),
      "POST /apps/static-site/deployments": () => ({ status: 202, body: { number: 1 } }),
    });
    const { onMade } = await form({ way: "example" });
    await user.click(await screen.findByRole("button", { name: "Deploy Static site" }));
    await waitFor(() => expect(onMade).toHaveBeenCalled());
    expect(posts(calls).map((call) => call.body)).toEqual([
      { name: "static-site" },
      { example: "static-site" },
    ]);
    expect(screen.queryByText(/broken/i)).not.toBeInTheDocument();
  });

  it("hands on an app whose deployment did not start, with the reason", async () => {
    answerCalls({
      ...none,
      ...examples,
      "POST /apps": () => ({ status: 201, body: anApp({ name: "static-site" }) }),
      "POST /apps/static-site/deployments": () => refusal(503, "the queue is full"),
    });
    const { onMade } = await form({ way: "example" });
    await user.click(await screen.findByRole("button", { name: "Deploy Static site" }));
    await waitFor(() => expect(onMade).toHaveBeenCalled());
    expect(onMade.mock.calls[0]?.[0].problem.message).toBe("the queue is full");
  });

  it("sends once, however often it is pressed", async () => {
    let finish = () => {};
    const calls = answerCalls({
      ...none,
      "POST /apps": () => new Promise((resolve) => (finish = () => resolve(refusal(409, "no")))),
    });
    await form();
    await user.type(screen.getByLabelText("Name"), "hello{Enter}{Enter}");
    await user.type(screen.getByLabelText("Name"), "{Enter}");
    await waitFor(() => expect(posts(calls)).toHaveLength(1));
    finish();
    expect(await screen.findByRole("alert")).toHaveTextContent("no");
    expect(posts(calls)).toHaveLength(1);
  });

  it("shows the commands that do the same", async () => {
    answerCalls({ ...none, ...examples });
    await form();
    await user.type(screen.getByLabelText("Name"), "hello");
    await user.click(screen.getByRole("radio", { name: /An image/ }));
    await user.type(screen.getByLabelText("Image"), "nginx:1.29");
    expect(screen.getByText("slipway create hello --image nginx:1.29")).toBeInTheDocument();
  });
});

describe("FirstDeployment", () => {
  it("gives commands with the real host, and puts a token made on the spot into them", async () => {
    const calls = answerCalls({ "POST /tokens": () => ({ status: 201, body: { token: "slw_secret" } }) });
    const app = anApp({ git_url: "https://paas.example.com/hello.git" });
    await renderPiece(<FirstDeployment app={app} />);
    expect(screen.getByText(/git remote add slipway https:\/\/paas\.example\.com\/hello\.git/)).toBeVisible();
    expect(screen.queryByText("The same without being asked for the token")).not.toBeInTheDocument();

    await user.click(screen.getByRole("button", { name: "Make a token" }));
    expect(await screen.findByText("slw_secret")).toBeVisible();
    expect(posts(calls)[0]?.body).toEqual({
      name: "push from hello",
      scopes: ["deploy"],
      expires_in_days: 90,
    });
    expect(
      screen.getByText("git push https://git:slw_secret@paas.example.com/hello.git HEAD:main"),
    ).toBeInTheDocument();

    await user.click(screen.getByRole("radio", { name: "slipway deploy" }));
    expect(
      screen.getByText(new RegExp(`slipway login ${location.origin}\\s+slipway deploy -a hello`)),
    ).toBeVisible();
    expect(
      screen.getByText(`SLIPWAY_URL=${location.origin} SLIPWAY_TOKEN=slw_secret slipway deploy -a hello`),
    ).toBeInTheDocument();
  });
});

describe("watching a new app", () => {
  function world(app: App, deployments: Deployment[] = []) {
    const now = { app, deployments };
    const calls = answerCalls({
      "GET /session": () => ({ body: { user: { role: "owner" }, actor: { scopes: null } } }),
      "GET /apps/hello": () => ({ body: now.app }),
      "GET /apps/hello/deployments": () => ({ body: { items: now.deployments, next_cursor: "" } }),
      "POST /tokens": () => ({ status: 201, body: { token: "slw_secret" } }),
      "POST /apps/hello/webhook-secret": () => ({
        status: 201,
        body: { url: "https://paas.example.com/webhooks/github/hello", secret: "whs_secret" },
      }),
      "GET /apps/hello/instances": () => ({ body: { items: [], next_cursor: "" } }),
      "POST /apps/hello/deployments": () => {
        const number = now.deployments.length + 1;
        now.deployments = [aDeployment({ number, state: "building" }), ...now.deployments];
        return { status: 202, body: now.deployments[0] };
      },
    });
    return { now, calls };
  }
  const fresh = anApp({ status: "new", url: "http://hello.localhost:8080" });
  const live = anApp({ live_release: { version: 1, commit: "", description: "", created_at: "" } });

  it("goes from waiting to live by itself", async () => {
    const { now } = world(fresh);
    const { client } = await renderPiece(<Watch name="hello" way="push" />);
    expect(
      await screen.findByRole("heading", { name: "hello is ready for its first deployment" }),
    ).toBeVisible();
    expect(screen.getByText("Waiting for your push…")).toBeVisible();

    now.deployments = [aDeployment({ state: "building" })];
    await client.invalidateQueries({ queryKey: keys.app("hello") });
    expect(await screen.findByRole("heading", { name: "hello is on its way" })).toBeVisible();
    expect(screen.getByRole("heading", { name: "Deployment #1" })).toBeVisible();
    expect(screen.getByRole("list", { name: "Phases" })).toBeVisible();

    now.app = live;
    now.deployments = [aDeployment({ state: "succeeded", release: 1 })];
    await client.invalidateQueries({ queryKey: keys.app("hello") });
    expect(await screen.findByRole("heading", { name: "hello is live" })).toBeVisible();
    expect(screen.getByRole("link", { name: /Open the app/ })).toHaveAttribute("href", live.url);
    expect(await screen.findByRole("img", { name: `QR code of ${live.url}` })).toBeVisible();
    expect(screen.getByText("slipway deploy --example broken -a hello")).toBeVisible();
    expect(screen.getByRole("link", { name: /Config/ })).toHaveAttribute("href", "/apps/hello/config");
  });

  it("breaks an example on purpose, and says that visitors are served", async () => {
    const { now, calls } = world(live, [aDeployment({ state: "succeeded", release: 1 })]);
    const { client } = await renderPiece(<Watch name="hello" way="example" example="static-site" />);
    await user.click(await screen.findByRole("button", { name: "Deploy a broken version" }));
    expect(await screen.findByText(/Deployment #2 is on its way to failing/)).toBeVisible();
    expect(posts(calls)[0]?.body).toEqual({ example: "broken" });
    now.deployments = [aDeployment({ number: 2, state: "failed" }), ...now.deployments.slice(1)];
    await client.invalidateQueries({ queryKey: keys.app("hello") });
    expect(await screen.findByText(/v1 goes on serving\.$/)).toBeVisible();
    expect(screen.getByRole("link", { name: "Open deployment #2" })).toHaveAttribute(
      "href",
      "/apps/hello/deployments/2",
    );
  });

  it("keeps the token and the commands when the first push fails", async () => {
    const { now } = world(fresh);
    const { client } = await renderPiece(<Watch name="hello" way="push" />);
    await user.click(await screen.findByRole("button", { name: "Make a token" }));
    await screen.findByText("slw_secret");
    now.deployments = [aDeployment({ state: "failed", reason: "build: no Dockerfile" })];
    await client.invalidateQueries({ queryKey: keys.app("hello") });
    expect(await screen.findByRole("heading", { name: "hello is not live yet" })).toBeVisible();
    expect(screen.getByText("slw_secret")).toBeVisible();
    expect(screen.getByText(/git push slipway HEAD:main/)).toBeVisible();
  });

  it("shows the webhook's address, and a secret once it is made", async () => {
    const source = { url: "https://example.com/a.git", branch: "main", has_credential: false };
    world({ ...live, source } as App, [aDeployment({ state: "succeeded", release: 1 })]);
    await renderPiece(<Watch name="hello" way="git" />);
    const hook = await screen.findByText(live.webhook_url);
    expect(hook).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Make a webhook secret" }));
    expect(await screen.findByText("whs_secret")).toBeVisible();
    expect(screen.getByText("https://paas.example.com/webhooks/github/hello")).toBeVisible();
  });

  it("starts an example whose deployment did not begin, and says why it did not", async () => {
    const { calls } = world(fresh);
    const problem = new Problem(503, "unavailable", "the queue is full");
    await renderPiece(
      <main>
        <Watch name="hello" way="example" example="spa" problem={problem} arrived />
      </main>,
    );
    expect(await screen.findByRole("alert")).toHaveTextContent("the queue is full");
    expect(screen.getByRole("heading", { name: "hello is there" })).toHaveFocus();
    await user.click(screen.getByRole("button", { name: "Start the deployment" }));
    expect(await screen.findByRole("heading", { name: "hello is on its way" })).toBeVisible();
    expect(posts(calls)[0]?.body).toEqual({ example: "spa" });
  });

  it("says so when there is no such app", async () => {
    answerCalls({});
    await renderPiece(<Watch name="gone" way="push" />);
    const heading = await screen.findByRole("heading", { name: "There is no app gone" });
    expect(within(heading.parentElement as HTMLElement).getByRole("link", { name: "New app" })).toBeVisible();
  });
});

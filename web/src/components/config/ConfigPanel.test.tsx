import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { keys } from "@/api/queries";
import type { ConfigItem } from "@/api/types";
import { renderPiece } from "@/test/render";
import { answerCalls, refusal } from "@/test/server";
import { ConfigPanel } from "./ConfigPanel";

const user = userEvent.setup();
const saveOne = { name: "Save and deploy" };

interface Server {
  items: ConfigItem[];
  revision: number;
  canRead?: boolean;
  onPatch?: (etag: string | null) => ReturnType<typeof refusal> | undefined;
}

/** A server that holds the config and honours If-Match. */
function serve(server: Server) {
  const calls = answerCalls({
    "GET /session": () => ({ body: { user: { role: "owner" }, actor: { scopes: null } } }),
    "GET /apps/hello/config": () => ({
      body: { items: server.items, can_read: server.canRead ?? true },
      headers: { ETag: `"${server.revision}"` },
    }),
    "GET /apps/hello/deployments/7": () => ({ body: { number: 7, state: "building" } }),
    "PATCH /apps/hello/config": (call) => {
      const etag = call.headers.get("If-Match");
      const refused = server.onPatch?.(etag);
      if (refused) return refused;
      if (etag !== `"${server.revision}"`) return refusal(412, "hello has changed since you read it");
      return { body: { deployment: { number: 7 }, names: [] } };
    },
  });
  return () => calls.filter((call) => call.method === "PATCH");
}

async function show(server: Server) {
  const patches = serve(server);
  const rendered = await renderPiece(<ConfigPanel app="hello" />);
  await screen.findByRole("button", { name: "Add vars" });
  const refetch = () =>
    act(() => rendered.client.invalidateQueries({ queryKey: keys.part("hello", "config") }));
  return { patches, refetch, ...rendered };
}

const changes = () => within(screen.getByRole("region", { name: "Changes" }));
const lines = () =>
  changes()
    .getAllByRole("listitem")
    .map((line) => line.textContent);

describe("Config", () => {
  it("stages what is added, changed and removed, shows it masked, and saves it together", async () => {
    const { patches } = await show({
      items: [
        { key: "LOG_LEVEL", value: "info" },
        { key: "OLD", value: "1" },
      ],
      revision: 4,
    });
    await user.click(screen.getByRole("button", { name: "Change LOG_LEVEL" }));
    await user.clear(screen.getByLabelText("Value of LOG_LEVEL"));
    await user.type(screen.getByLabelText("Value of LOG_LEVEL"), "debug");
    await user.click(screen.getByRole("button", { name: "Unset OLD" }));
    await user.click(screen.getByRole("button", { name: "Add vars" }));
    await user.type(screen.getByLabelText("Name"), "A");
    await user.type(screen.getByLabelText("Value of A"), "s3cret");
    expect(lines()).toEqual(["AddedA••••••", "ChangedLOG_LEVEL•••••• → ••••••", "RemovedOLD••••••"]);
    expect(screen.getByText(/slipway config set A LOG_LEVEL -a hello/)).toHaveTextContent(
      "slipway config unset OLD -a hello",
    );
    expect(patches()).toHaveLength(0);

    await user.click(screen.getByRole("button", { name: "Save 3 and deploy" }));
    expect(await screen.findByRole("link", { name: "Watch" })).toHaveAttribute(
      "href",
      "/apps/hello/deployments/7",
    );
    expect(patches()[0]?.body).toEqual({ set: { A: "s3cret", LOG_LEVEL: "debug" }, unset: ["OLD"] });
    expect(patches()[0]?.headers.get("If-Match")).toBe('"4"');
    expect(screen.queryByRole("region", { name: "Changes" })).not.toBeInTheDocument();
  });

  it("takes one change back, and all of them", async () => {
    await show({ items: [{ key: "A", value: "1" }], revision: 1 });
    await user.click(screen.getByRole("button", { name: "Unset A" }));
    await user.click(screen.getByRole("button", { name: "Add vars" }));
    await user.type(screen.getByLabelText("Name"), "B");
    await user.click(changes().getByRole("button", { name: "Undo the change of A" }));
    expect(lines()).toEqual(["AddedB••••••"]);
    await user.click(screen.getByRole("button", { name: "Discard all" }));
    expect(screen.queryByRole("region", { name: "Changes" })).not.toBeInTheDocument();
    expect(screen.getByRole("button", { name: "Unset A" })).toBeEnabled();
  });

  it("makes a row for each var of a pasted .env, and says which lines it left out", async () => {
    await show({ items: [{ key: "LOG_LEVEL", value: "info" }], revision: 1 });
    await user.click(screen.getByRole("button", { name: "Add vars" }));
    await user.click(screen.getByLabelText("Name"));
    await user.paste("A=1\n???\nLOG_LEVEL='debug'");
    expect(screen.getByText(/line 2/)).toBeInTheDocument();
    expect(screen.getByText("Replaces the present value.")).toBeInTheDocument();
    expect(lines()).toEqual(["AddedA••••••", "ChangedLOG_LEVEL•••••• → ••••••"]);
  });

  it("reads a chosen .env file", async () => {
    await show({ items: [], revision: 1 });
    await user.click(screen.getByRole("button", { name: "Add vars" }));
    await user.upload(
      screen.getByLabelText("Choose a .env file", { selector: "input" }),
      new File(["F=1\n"], ".env"),
    );
    await waitFor(() => expect(lines()).toEqual(["AddedF••••••"]));
  });

  it.each([
    ["2BAD", /Letters, digits and underscores/],
    ["PORT", /sets PORT and names/],
    ["SLIPWAY_X", /sets PORT and names/],
  ])("says beside the field that %s cannot be, without asking the server", async (name, words) => {
    const { patches } = await show({ items: [], revision: 1 });
    await user.click(screen.getByRole("button", { name: "Add vars" }));
    await user.type(screen.getByLabelText("Name"), name);
    expect(screen.getByLabelText("Name")).toHaveAccessibleDescription(words);
    await user.click(screen.getByRole("button", saveOne));
    await waitFor(() => expect(screen.getByLabelText("Name")).toHaveFocus());
    expect(patches()).toHaveLength(0);
  });

  it("keeps what was typed when the server refuses it", async () => {
    await show({ items: [], revision: 1, onPatch: () => refusal(422, "at most 500 config vars") });
    await user.click(screen.getByRole("button", { name: "Add vars" }));
    await user.type(screen.getByLabelText("Name"), "A");
    await user.type(screen.getByLabelText("Value of A"), "80");
    await user.click(screen.getByRole("button", saveOne));
    expect(await screen.findByText("at most 500 config vars")).toBeInTheDocument();
    expect(screen.getByLabelText("Value of A")).toHaveValue("80");
  });
});

describe("Config that somebody else changes meanwhile", () => {
  it("just shows it while nothing is staged", async () => {
    const server: Server = { items: [{ key: "A", value: "1" }], revision: 1 };
    const { refetch } = await show(server);
    server.items = [...server.items, { key: "THEIRS", value: "2" }];
    server.revision = 2;
    await refetch();
    expect(await screen.findByText("THEIRS")).toBeInTheDocument();
    expect(screen.queryByRole("alert")).not.toBeInTheDocument();
  });

  it("loses nothing when the server refuses to save over it, names it, and saves the next time", async () => {
    const server: Server = { items: [{ key: "A", value: "1" }], revision: 1 };
    const { patches } = await show(server);
    await user.click(screen.getByRole("button", { name: "Change A" }));
    await user.type(screen.getByLabelText("Value of A"), "0");
    server.items = [
      { key: "A", value: "5" },
      { key: "THEIRS", value: "2" },
    ];
    server.revision = 2;
    await user.click(screen.getByRole("button", saveOne));
    const told = await screen.findByRole("alert");
    expect(told).toHaveTextContent("Nothing was saved");
    expect(told).toHaveTextContent("Added: THEIRS");
    expect(told).toHaveTextContent("Changed: A");
    expect(screen.getByLabelText("Value of A")).toHaveValue("10");
    expect(lines()).toContain("ChangedAalso changed by somebody else•••••• → ••••••");
    await user.click(screen.getByRole("button", saveOne));
    await screen.findByRole("link", { name: "Watch" });
    expect(patches().map((call) => [call.headers.get("If-Match"), call.body])).toEqual([
      ['"1"', { set: { A: "10" } }],
      ['"2"', { set: { A: "10" } }],
    ]);
  });

  it("saves at once when only something else of the app was changed", async () => {
    const server: Server = { items: [{ key: "A", value: "1" }], revision: 1 };
    const { patches } = await show(server);
    await user.click(screen.getByRole("button", { name: "Unset A" }));
    server.revision = 2;
    await user.click(screen.getByRole("button", saveOne));
    await screen.findByRole("link", { name: "Watch" });
    expect(patches().map((call) => call.headers.get("If-Match"))).toEqual(['"1"', '"2"']);
  });

  it("asks again when values may have changed that one may not see", async () => {
    const server: Server = { items: [{ key: "A" }], revision: 1, canRead: false };
    const { patches } = await show(server);
    expect(screen.queryByRole("button", { name: "Reveal A" })).not.toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Unset A" }));
    server.revision = 2;
    await user.click(screen.getByRole("button", saveOne));
    expect(await screen.findByRole("alert")).toHaveTextContent("Values that you may not see");
    await user.click(screen.getByRole("button", saveOne));
    await screen.findByRole("link", { name: "Watch" });
    expect(patches()).toHaveLength(2);
  });

  it("keeps what is staged when they come in by themselves, and forgets a removal that is done already", async () => {
    const server: Server = {
      items: [
        { key: "A", value: "1" },
        { key: "B", value: "1" },
      ],
      revision: 1,
    };
    const { refetch } = await show(server);
    await user.click(screen.getByRole("button", { name: "Unset A" }));
    await user.click(screen.getByRole("button", { name: "Unset B" }));
    server.items = [{ key: "B", value: "1" }];
    server.revision = 2;
    await refetch();
    expect(await screen.findByRole("alert")).toHaveTextContent("Removed: A");
    expect(lines()).toContain("RemovedB••••••");
    await user.click(screen.getByRole("button", { name: "Seen" }));
    expect(screen.queryByRole("alert")).not.toBeInTheDocument();
  });
});

describe("many config vars", () => {
  it("are filtered by name", async () => {
    const items = Array.from({ length: 12 }, (_, i) => ({ key: `VAR_${i}`, value: "x" }));
    await show({ items, revision: 1 });
    await user.type(await screen.findByLabelText("Filter vars"), "var_11");
    await waitFor(() =>
      expect(screen.getAllByText(/^VAR_/).map((one) => one.textContent)).toEqual(["VAR_11"]),
    );
    await user.clear(screen.getByLabelText("Filter vars"));
    await user.type(screen.getByLabelText("Filter vars"), "nothing");
    expect(await screen.findByText("No var is called that.")).toBeInTheDocument();
  });
});

import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { staleKeys } from "@/api/live";
import { keys } from "@/api/queries";
import { anApp } from "@/test/app";
import { aCluster, aNode } from "@/test/clusters";
import { renderPiece } from "@/test/render";
import { answerCalls, refusal } from "@/test/server";
import { AddCluster } from "./AddCluster";
import { DrainButton } from "./DrainButton";
import { JoinNode } from "./JoinNode";
import { MoveSection } from "./MoveSection";
import { NodeTiles } from "./NodeTiles";
import { restFor } from "./news";
import { RemoveCluster } from "./RemoveCluster";

const user = userEvent.setup();
const page = <T,>(items: T[]) => ({ body: { items, next_cursor: "" } });
const none = () => {};

describe("adding a cluster", () => {
  it("sends what its kind is reached with, and keeps all of it when it is refused", async () => {
    let refused = true;
    const calls = answerCalls({
      "POST /clusters": () =>
        refused
          ? refusal(503, "the cluster is not answering")
          : { status: 201, body: aCluster("far", [aNode("n1")]) },
    });
    const { path } = await renderPiece(<AddCluster open onClose={none} />);
    await user.type(screen.getByLabelText("Name"), "far");
    await user.type(screen.getByLabelText(/Endpoint/), "tcp://10.0.0.5:2376");
    await user.type(screen.getByLabelText("CA certificate"), "the ca");
    await user.upload(
      document.querySelectorAll<HTMLInputElement>("input[type=file]")[2] as HTMLInputElement,
      [new File(["the key"], "key.pem")],
    );
    await waitFor(() => expect(screen.getByLabelText("Key")).toHaveValue("the key"));
    expect(
      screen.getByText(
        "slipway clusters add swarm far --endpoint tcp://10.0.0.5:2376 --ca ca.pem --key key.pem",
      ),
    ).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Add cluster" }));
    expect(await screen.findByText("the cluster is not answering")).toBeInTheDocument();
    expect(screen.getByLabelText("Key")).toHaveValue("the key");
    expect(calls[0]?.body).toEqual({
      kind: "swarm",
      name: "far",
      endpoint: "tcp://10.0.0.5:2376",
      credentials: { ca: "the ca", key: "the key" },
    });
    expect(window.location.href).not.toContain("key");
    expect(JSON.stringify({ ...localStorage, ...sessionStorage })).not.toContain("the key");
    refused = false;
    await user.click(screen.getByRole("button", { name: "Add cluster" }));
    await waitFor(() => expect(path()).toBe("/clusters/far"));
  });

  it("has what the server says of a field beside it", async () => {
    answerCalls({
      "POST /clusters": () => refusal(422, "no", { "credentials.kubeconfig": "the kubeconfig names a file" }),
    });
    await renderPiece(<AddCluster open onClose={none} />);
    await user.click(screen.getByRole("radio", { name: "Kubernetes" }));
    await user.type(screen.getByLabelText("Name"), "far");
    await user.click(screen.getByRole("button", { name: "Add cluster" }));
    expect(await screen.findByText("the kubeconfig names a file")).toBeInTheDocument();
    expect(screen.getByLabelText("Kubeconfig")).toHaveAccessibleDescription(/the kubeconfig names a file/);
  });
});

it("says which apps need a cluster instead of removing it", async () => {
  const calls = answerCalls({
    "GET /apps": () => page([anApp({ name: "shop", cluster: "far" }), anApp({ id: "2", name: "docs" })]),
  });
  await renderPiece(<RemoveCluster cluster={aCluster("far", [])} open onClose={none} />);
  expect(await screen.findByRole("link", { name: "shop" })).toBeInTheDocument();
  expect(screen.queryByRole("link", { name: "docs" })).toBeNull();
  expect(screen.getByRole("button", { name: "Remove" })).toBeDisabled();
  expect(calls.some(({ method }) => method === "DELETE")).toBe(false);
});

it("shows the join command only when it is asked for", async () => {
  const calls = answerCalls({
    "POST /clusters/far/join": () => ({
      body: { command: ["docker", "swarm", "join", "--token", "SECRET", "10.0.0.1:2377"], hint: "Ports." },
    }),
  });
  await renderPiece(<JoinNode cluster={aCluster("far", [])} open onClose={none} />);
  expect(calls).toHaveLength(0);
  await user.click(screen.getByRole("button", { name: "Show the command" }));
  expect(await screen.findByText("docker swarm join --token SECRET 10.0.0.1:2377")).toBeInTheDocument();
  expect(screen.getByText("Ports.")).toBeInTheDocument();
});

describe("draining", () => {
  it("says beforehand that nothing else can take the instances, and why it was refused", async () => {
    const node = aNode("n1", [{ app: "shop", process: "web", release: 1, healthy: [1] }]);
    answerCalls({
      "POST /clusters/local/nodes/id-n1/drain": () => refusal(409, "the cluster local is one machine"),
    });
    await renderPiece(<DrainButton node={node} cluster={aCluster("local", [node])} />);
    await user.click(screen.getByRole("button", { name: "Drain n1" }));
    const dialog = screen.getByRole("dialog");
    expect(within(dialog).getByText(/No other node is ready/)).toBeInTheDocument();
    await user.click(within(dialog).getByRole("button", { name: "Drain node" }));
    expect(await within(dialog).findByText("the cluster local is one machine")).toBeInTheDocument();
  });

  it("takes a drained node back", async () => {
    const node = aNode("n1", [], { state: "drained" });
    const calls = answerCalls({
      "POST /clusters/far/nodes/id-n1/resume": () => ({
        body: aCluster("far", [{ ...node, state: "ready" }]),
      }),
    });
    await renderPiece(<DrainButton node={node} cluster={aCluster("far", [node])} />);
    await user.click(screen.getByRole("button", { name: "Take back n1" }));
    await user.click(screen.getByRole("button", { name: "Take node back" }));
    expect(await screen.findByText("n1 takes instances again")).toBeInTheDocument();
    expect(calls).toHaveLength(1);
  });
});

describe("moving an app", () => {
  const clusters = () =>
    page([aCluster("local", []), aCluster("far", []), aCluster("gone", [], { state: "away" })]);

  it("says before anything starts that a volume cannot move", async () => {
    answerCalls({
      "GET /clusters": clusters,
      "GET /apps/shop/volumes": () => page([{ name: "data", process: "web", path: "/data" }]),
    });
    await renderPiece(<MoveSection app={anApp({ name: "shop", cluster: "local" })} may />);
    expect(await screen.findByText(/The app has the volume data/)).toBeInTheDocument();
    expect(screen.queryByRole("button", { name: "Move" })).toBeNull();
  });

  it("follows the deployment that it makes", async () => {
    const calls = answerCalls({
      "GET /clusters": clusters,
      "GET /apps/shop/volumes": () => page([]),
      "POST /apps/shop/move": () => ({ status: 202, body: { deployment: { number: 8 } } }),
      "POST /apps/shop/plan": () => refusal(409, "The registry has no address."),
    });
    const live = { version: 3, description: "", commit: "", created_at: "2026-01-02T03:04:05Z" };
    const app = anApp({ name: "shop", cluster: "local", live_release: live });
    const { path } = await renderPiece(<MoveSection app={app} may />);
    const select = await screen.findByLabelText("Move to another cluster");
    expect(within(select).getByRole("option", { name: "gone (away)" })).toBeDisabled();
    await user.selectOptions(select, "far");
    await user.click(screen.getByRole("button", { name: "Move" }));
    expect(await screen.findByText("The registry has no address.")).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Move app" }));
    await waitFor(() => expect(path()).toBe("/apps/shop/deployments/8"));
    const asked = calls.filter(({ method }) => method === "POST").map(({ body }) => body);
    expect(asked.slice(0, 2)).toEqual([{ move_to: "far" }, { to: "far" }]);
  });

  it("is nothing to speak of where there is one cluster", async () => {
    answerCalls({
      "GET /clusters": () => page([aCluster("local", [])]),
      "GET /apps/shop/volumes": () => page([]),
    });
    await renderPiece(<MoveSection app={anApp({ name: "shop", cluster: "local" })} may />);
    await act(async () => {});
    expect(screen.queryByText("Cluster")).toBeNull();
  });
});

it("renders of three hundred nodes those that are near the screen, and opens one", async () => {
  const nodes = Array.from({ length: 300 }, (_, i) =>
    aNode(`node-${i + 1}`, [
      { app: "shop", process: "web", release: 1, healthy: [i + 1], exited: [1000 + i] },
    ]),
  );
  const opened = vi.fn();
  await renderPiece(<NodeTiles nodes={nodes.map((node) => ({ node, apps: undefined }))} onOpen={opened} />);
  const list = screen.getByRole("list", { name: "Nodes" });
  const tiles = within(list).getAllByRole("listitem");
  expect(tiles.length).toBeGreaterThan(3);
  expect(tiles.length).toBeLessThan(100);
  expect(tiles[0]).toHaveAttribute("aria-setsize", "300");
  await user.click(within(list).getByRole("button", { name: /^node-1: Ready, 1 Healthy, 1 Exited, CPU 0%/ }));
  expect(opened).toHaveBeenCalledWith("id-node-1");
});

it("is made stale by what happens to a cluster, and rests between long answers", () => {
  expect(staleKeys({ type: "event", topic: "cluster", id: "far", action: "changed" })).toEqual([
    keys.clusters,
    keys.events,
  ]);
  expect([10, 500, 60_000].map(restFor)).toEqual([1000, 4000, 15_000]);
});

import { configure, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { describe, expect, it, vi } from "vitest";
import { keys } from "@/api/queries";
import type { Deployment } from "@/api/types";
import type { DeploymentFilter } from "@/deployments/filter";
import { aDeployment } from "@/test/deployments";
import { renderPiece } from "@/test/render";
import { answerCalls } from "@/test/server";
import { DeploymentList } from "./DeploymentList";

// Many pages take a while on a busy machine.
configure({ asyncUtilTimeout: 10_000 });

const me = { user: { email: "ada@example.com", name: "", role: "owner" }, actor: { scopes: null } };

/** Pages of ten, newest first, by a cursor that is a number. */
function pagesOf(all: readonly Deployment[]) {
  return ({ query }: { query: URLSearchParams }) => {
    const states = query.get("state")?.split(",");
    const trigger = query.get("trigger");
    const found = all.filter(
      (d) => (!states || states.includes(d.state)) && (!trigger || d.trigger === trigger),
    );
    const from = Number(query.get("cursor") || 0);
    const next = from + 10;
    return { body: { items: found.slice(from, next), next_cursor: next < found.length ? String(next) : "" } };
  };
}
function many(n: number, part: (number: number) => Partial<Deployment> = () => ({})): Deployment[] {
  return Array.from({ length: n }, (_, i) => {
    const number = n - i;
    return aDeployment({ number, state: "succeeded", commit_message: `change ${number}`, ...part(number) });
  });
}
const serve = (all: readonly Deployment[]) =>
  answerCalls({ "GET /session": () => ({ body: me }), "GET /apps/hello/deployments": pagesOf(all) });

function Held({ initial = {}, seen }: { initial?: DeploymentFilter; seen?: (f: DeploymentFilter) => void }) {
  const [filter, setFilter] = useState(initial);
  const change = (next: DeploymentFilter) => {
    seen?.(next);
    setFilter(next);
  };
  return <DeploymentList app="hello" filter={filter} onFilter={change} label="Deployments" />;
}
const asked = (calls: ReturnType<typeof serve>) => calls.filter((c) => c.path.endsWith("/deployments"));

describe("DeploymentList", () => {
  it("has what runs on top with how far it is", async () => {
    serve([
      aDeployment({ number: 3, state: "queued", queue_position: 1 }),
      aDeployment({ number: 2, state: "building", started_at: "2026-01-02T03:04:01Z" }),
      ...many(1),
    ]);
    await renderPiece(<Held />);
    const top = within(await screen.findByRole("list", { name: "Under way" }));
    expect(top.getAllByRole("link").map((link) => link.textContent)).toEqual(["#2 Push", "#3 Push"]);
    expect(top.getByText("2nd in the queue")).toBeInTheDocument();
    expect(top.getByText(/The source becomes an image/)).toBeInTheDocument();
    const rest = within(screen.getByRole("list", { name: "Deployments" }));
    expect(rest.getByRole("link")).toHaveTextContent("#1 change 1");
  });

  it("tells the address what was chosen", async () => {
    serve(many(3, (n) => ({ trigger: n === 2 ? "git" : "push" })));
    const seen = vi.fn();
    await renderPiece(<Held seen={seen} />);
    await screen.findByText("change 3");
    await userEvent.selectOptions(screen.getByLabelText("Trigger"), "Git URL");
    expect(seen).toHaveBeenLastCalledWith({ trigger: "git" });
    expect(screen.getByText("change 2")).toBeInTheDocument();
    expect(screen.queryByText("change 3")).not.toBeInTheDocument();
    await userEvent.selectOptions(screen.getByLabelText("State"), "Failed");
    expect(seen).toHaveBeenLastCalledWith({ trigger: "git", state: "failed" });
    expect(await screen.findByText("No deployment matches")).toBeInTheDocument();
    await userEvent.click(screen.getAllByRole("button", { name: "Clear filters" })[0] as HTMLElement);
    expect(seen).toHaveBeenLastCalledWith({});
    expect(screen.getByText("change 3")).toBeInTheDocument();
  });

  it("has the server look for what it is asked for, however old it is", async () => {
    const all = many(200, (n) => ({ state: n === 2 ? "failed" : "succeeded" }));
    const calls = serve(all);
    await renderPiece(<Held initial={{ state: "failed" }} />);
    expect(await screen.findByText("change 2")).toBeInTheDocument();
    expect(asked(calls).map((c) => c.query.get("state"))).toEqual([null, "failed"]);
    await userEvent.selectOptions(screen.getByLabelText("State"), "Under way");
    expect(await screen.findByText("No deployment matches")).toBeInTheDocument();
    expect(asked(calls).at(-1)?.query.get("state")).toBe("queued,building,releasing,deploying");
  });

  it("keeps its pages and its rows when something changes", async () => {
    const all = many(25);
    const calls = serve(all);
    const { client } = await renderPiece(<Held />);
    await screen.findByText("change 25");
    await userEvent.click(screen.getByRole("button", { name: "Show more" }));
    const kept = await screen.findByText("change 10");
    all[0] = aDeployment({ number: 25, state: "failed", commit_message: "change 25", reason: "it broke" });
    await client.invalidateQueries({ queryKey: keys.part("hello", "deployments") });
    expect(await screen.findByText("it broke")).toBeInTheDocument();
    expect(screen.getByText("change 10")).toBe(kept);
    // The second page is all over, so only the first was asked for again.
    await waitFor(() => expect(asked(calls).map((c) => c.query.get("cursor"))).toEqual(["", "10", ""]));
  });

  it("keeps what it has when the server is away", async () => {
    let away = false;
    const all = many(2);
    answerCalls({
      "GET /session": () => ({ body: me }),
      "GET /apps/hello/deployments": (call) =>
        away ? { status: 500, body: { detail: "out to lunch", kind: "internal" } } : pagesOf(all)(call),
    });
    const { client } = await renderPiece(<Held />);
    await screen.findByText("change 2");
    away = true;
    await client.invalidateQueries({ queryKey: keys.part("hello", "deployments") });
    expect(await screen.findByText("out to lunch")).toBeInTheDocument();
    expect(screen.getByText("change 2")).toBeInTheDocument();
    away = false;
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    await waitFor(() => expect(screen.queryByText("out to lunch")).not.toBeInTheDocument());
  });

  it("says what to do when there is none", async () => {
    serve([]);
    await renderPiece(<Held />);
    expect(await screen.findByText("No deployments yet")).toBeInTheDocument();
  });
});

// Deployments that are taken back or made needless, and what outlives them: each
// with the real router, builder and engine behind it.
import { after, afterEach, before, test } from "node:test";
import { assert, eventually, Story, visit } from "./story.mjs";

let story;
let page;

before(async () => {
	story = await Story.begin();
	page = story.page;
});
after(() => story?.end());
afterEach(() => story.complaints());

const say = (key, values) => story.say(key, values);
const number = (app, n) => story.go(`/apps/${app}/deployments/${n}`);

/** Waits until a deployment is in a state. */
const reached = (app, n, state) =>
	eventually(`#${n} of ${app} is ${state}`, async () => {
		const d = await story.api.get(`/apps/${app}/deployments/${n}`);
		return d.state === state && d;
	});

test("a newer push takes the place of one that waits, and says so on both", async () => {
	await story.api.post("/apps", { name: "pushed" });
	const source = await story.source("source-pushed");
	const push = async (...lines) => {
		await source.write(...lines);
		return story.api.upload("pushed", await source.tar());
	};
	await push('RUN ["/app", "sleep"]');
	await reached("pushed", 1, "building");
	await push("EXPOSE 8080", "ENV VERSION=two");
	await number("pushed", 2);
	await page
		.getByText(
			say("timeline.queue_behind", {
				place: "2nd",
				n: 1,
				app: "pushed",
				state: "building",
			}),
		)
		.waitFor();
	await push("EXPOSE 8080", "ENV VERSION=three");
	// The page that is open changes by itself.
	await story.ended(say("state.superseded"));
	await story.link(say("reason.newer", { n: 3 })).click();
	await page.waitForURL(/deployments\/3$/);
	await story.go("/apps/pushed/deployments?state=superseded");
	const row = page.getByRole("listitem").filter({ hasText: "#2" });
	await row.getByText(say("deployment.superseded_by", { n: 3 })).waitFor();

	// Asked for, it stops what is building too.
	await story.go("/apps/pushed/settings");
	await page.getByLabel(say("deploying.supersede")).check();
	const section = page
		.locator("form")
		.filter({ has: page.getByLabel(say("deploying.supersede")) });
	await section
		.getByRole("button", { name: say("common.save"), exact: true })
		.click();
	await page.getByText(say("settings.saved"), { exact: true }).waitFor();
	await push("EXPOSE 8080", "ENV VERSION=four");
	await reached("pushed", 1, "superseded");
	await reached("pushed", 4, "succeeded");
});

test("a release that does worse is taken back, and the page shows why", async () => {
	const app = await story.deployed("shaky", "EXPOSE 8080");
	const many = async (path, times) => {
		for (let i = 0; i < times; i++) await visit(app.url, path);
	};
	// What is compared with: good requests, over several of the router's windows.
	const known = async () => {
		await many("/", 20);
		const { requests_per_second: rates } = await story.api.get(
			"/apps/shaky/metrics?range=1h",
		);
		return rates.filter((rate) => rate > 0).length >= 4;
	};
	await eventually("good requests are known", known, 90_000);
	const { deployment } = await story.api.patch("/apps/shaky/config", {
		set: { GREETING: "worse" },
	});
	await story.api.deployed("shaky", deployment.number);
	await number("shaky", deployment.number);
	await page.getByText(/^Watched until /).waitFor();

	await story.go("/apps/shaky");
	await page
		.getByText(/^v1 is kept warm: going back is instant until /)
		.waitFor();
	await story.go("/apps/shaky/releases");
	await page.getByText(say("warm.badge"), { exact: true }).waitFor();

	const returned = async () => {
		await many("/status?code=503", 20);
		const { items } = await story.api.get("/apps/shaky/deployments");
		return items.find(({ trigger }) => trigger === "return");
	};
	const back = await eventually("Slipway goes back", returned, 120_000);
	await reached("shaky", back.number, "succeeded");
	assert.equal(back.created_by, "");

	await number("shaky", back.number);
	await page.getByText(say("return.title", { v: 1 })).waitFor();
	await page
		.getByText(/requests failed/)
		.first()
		.waitFor();
	const graphs = page.getByRole("region", { name: say("return.graph") });
	await graphs.locator("canvas").nth(1).waitFor();
	assert.equal(await graphs.locator("canvas").count(), 2, "errors and latency");
	await story.link(say("return.of", { n: deployment.number })).click();
	await page.getByText(say("watch.returned")).waitFor();
	await story.link(say("watch.see_return", { n: back.number })).waitFor();
	assert.match((await visit(app.url, "/")).body, /release v1/);
});

test("a volume is added, kept, and removed only by its name", async () => {
	await story.api.post("/apps", { name: "keeper" });
	await story.go("/apps/keeper/settings");
	await page.getByLabel(say("volumes.path"), { exact: true }).fill("data");
	await story.button(say("volumes.add")).click();
	await page.getByText(say("volumes.path_rule")).waitFor();
	const form = page
		.locator("form")
		.filter({ has: story.button(say("volumes.add")) });
	await form.getByLabel(say("volumes.name"), { exact: true }).fill("uploads");
	await form.getByLabel(say("volumes.path"), { exact: true }).fill("/data");
	await story.button(say("volumes.add")).click();
	const list = page.getByRole("list", { name: say("volumes.title") });
	await list.getByText("uploads").waitFor();

	await story.button(say("volumes.remove", { name: "uploads" })).click();
	const remove = story
		.dialog()
		.getByRole("button", { name: say("volumes.remove_submit") });
	assert.ok(await remove.isDisabled(), "it needs the name");
	await story.dialog().getByRole("textbox").fill("uploads");
	await remove.click();
	await page.getByText(say("volumes.none")).waitFor();
	assert.deepEqual((await story.api.get("/apps/keeper/volumes")).items, []);

	await story.go("/activity?action=volume");
	await page.getByText(/took the volume uploads from/).waitFor();
});

test("the disk is shown with what uses it, and nothing goes unseen", async () => {
	await story.go("/account/space");
	await page.getByText(say("space.uses"), { exact: true }).waitFor();
	const table = page.getByRole("region", { name: say("space.uses") });
	await table
		.getByRole("rowheader", { name: say("space.kinds.images") })
		.waitFor();
	await story.button(say("space.collect")).click();
	const dialog = story.dialog();
	await dialog
		.getByText(say("space.would_nothing"))
		.or(dialog.getByText(/^Would go: /))
		.waitFor();
	await page.keyboard.press("Escape");
	await dialog.waitFor({ state: "hidden" });
});

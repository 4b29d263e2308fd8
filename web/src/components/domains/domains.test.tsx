import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { DomainList } from "@/pages/Domains";
import { anApp } from "@/test/app";
import { renderPiece } from "@/test/render";
import { answerCalls, refusal } from "@/test/server";
import { dnsRecord, plainHost, wrongHost } from "./host";

const user = userEvent.setup();

describe("a host name", () => {
  it.each([
    ["www.example.com", undefined],
    ["*.example.com", undefined],
    ["xn--bcher-kva.example", undefined],
    ["", "domains.missing"],
    ["https://www.example.com", "domains.name_only"],
    ["www.example.com:443", "domains.name_only"],
    ["localhost", "domains.two_parts"],
    ["*.com", "domains.rule"],
    ["a.*.example.com", "domains.rule"],
    ["-a.example.com", "domains.rule"],
    ["10.0.0.1", "domains.address"],
    [`${"a.".repeat(126)}example`, "domains.long"],
    ["x.apps.example.net", "domains.apps_own"],
    ["have.example.com", "domains.twice"],
  ])("%s is as the server takes it", (host, wrong) => {
    expect(wrongHost(host, ["have.example.com"], "apps.example.net")).toBe(wrong);
  });

  it("is written one way", () => {
    expect(plainHost(" WWW.Example.com. ")).toBe("www.example.com");
  });
});

describe("dnsRecord", () => {
  it.each([
    ["www.a.org", "hello.apps.net", "x", "CNAME", "hello.apps.net", false],
    ["a.org", "hello.apps.net", "x", "CNAME", "hello.apps.net", true],
    ["www.a.org", "hello.localhost", "203.0.113.7", "A", "203.0.113.7", false],
    ["www.a.org", "hello.localhost", "paas.a.org", "CNAME", "paas.a.org", false],
    ["www.a.org", "hello.localhost", "localhost", "A", undefined, false],
  ])("leads %s by %s at %s: %s %s", (host, automatic, dashboard, type, value, apex) => {
    expect(dnsRecord(host, automatic, dashboard)).toEqual({ name: host, type, value, apex });
  });
});

describe("Domains", () => {
  const serve = (more: Parameters<typeof answerCalls>[0]) =>
    answerCalls({
      "GET /session": () => ({ body: { user: { role: "owner" }, actor: { scopes: null } } }),
      "GET /apps/hello": () => ({ body: anApp({}) }),
      "GET /apps/hello/domains": () => ({
        body: {
          items: [
            { id: "1", host: "hello.apps.net", automatic: true },
            { id: "2", host: "www.example.com" },
          ],
        },
      }),
      ...more,
    });

  it("says what is wrong beside the field, then the record to make, and adds it", async () => {
    const calls = serve({
      "POST /apps/hello/domains": () => ({ status: 201, body: { host: "*.shop.org" } }),
    });
    await renderPiece(<DomainList app="hello" />);
    const field = await screen.findByLabelText("Add domain");
    await user.type(field, "https://shop.org{Enter}");
    expect(field).toHaveAccessibleDescription(/without scheme/);
    await user.clear(field);
    await user.type(field, "*.Shop.org");
    expect(screen.getByText("hello.apps.net", { selector: "dd *" })).toBeInTheDocument();
    expect(screen.getByText("slipway domains add '*.shop.org' -a hello")).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Add domain" }));
    await waitFor(() => expect(field).toHaveValue(""));
    expect(calls.find((call) => call.method === "POST")?.body).toEqual({ host: "*.shop.org" });
  });

  it("keeps a name that another app has", async () => {
    serve({ "POST /apps/hello/domains": () => refusal(409, "taken", { host: "another app has it" }) });
    await renderPiece(<DomainList app="hello" />);
    const field = await screen.findByLabelText("Add domain");
    await user.type(field, "a.example.com{Enter}");
    await waitFor(() => expect(field).toHaveAccessibleDescription(/another app has it/));
    expect(field).toHaveValue("a.example.com");
  });

  it("removes one after saying that its traffic ends; its own name stays", async () => {
    const calls = serve({ "DELETE /apps/hello/domains/www.example.com": () => ({ status: 204 }) });
    await renderPiece(<DomainList app="hello" />);
    await user.click(await screen.findByRole("button", { name: "Remove www.example.com" }));
    expect(screen.queryByRole("button", { name: "Remove hello.apps.net" })).not.toBeInTheDocument();
    const dialog = within(await screen.findByRole("dialog"));
    expect(dialog.getByText(/Traffic for it ends/)).toBeInTheDocument();
    expect(dialog.getByText("slipway domains remove www.example.com -a hello")).toBeInTheDocument();
    await user.click(dialog.getByRole("button", { name: "Remove" }));
    await waitFor(() => expect(calls.some((call) => call.method === "DELETE")).toBe(true));
    await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  });
});

// @vitest-environment node
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { strays } from "@/test/strays";
import { en } from "./en";
import { later } from "./en/later";
import { type Key, setCatalogue, t, tn, tWord } from "./index";
import { preferred } from "./language";
import { zh } from "./zh";

const root = new URL("..", import.meta.url).pathname;
const sources = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
  (path) => /\.tsx?$/.test(path) && !/\.test\.|^test\/|schema\.d\.ts$|i18n\/(en|zh)\//.test(path),
);
const source = new Map(sources.map((path) => [path, readFileSync(join(root, path), "utf8")]));

// Names and words of the field that are the same in every language.
const names = new Set(
  `Slipway slipway git API CI CPU DNS URL PORT HTTP HTTPS TLS ssh https http MiB KiB GiB QR JSON ANSI SHA HTML
  Webhook Dockerfile Docker env push deploy read write secrets admin registry example com team app v x xx ms s KB MB GB
  Ctrl Shift Alt Esc Enter Tab Home End p B GitHub GitLab Gitea Forgejo README CLI ID IP UTC data Engine Swarm Kubernetes Kubeconfig kubeconfig CA tcp unix run docker sock disk ssd`
    .split(/\s+/)
    .filter(Boolean),
);

// A thing's own name, and samples of what a program reads, are the same in every language.
const own = new Set(
  [
    "Slipway",
    "CI",
    "uploads",
    "git",
    "main",
    "hello",
    "stdout",
    "stderr",
    "Dockerfile",
    "Ctrl",
    "Esc",
    "Textarea",
    "shop",
    "font-mono",
  ].concat("-----BEGIN OPENSSH PRIVATE KEY-----"),
);
const technical = (text: string) => own.has(text) || /^[\w-]*[/.:@=_][^\s]*\w$/.test(text);

const params = (text: string) => Array.from(text.matchAll(/\{(\w+)\}/g), (m) => m[1]).sort();

afterEach(() => setCatalogue("en"));

describe("the catalogue", () => {
  it("fills in names and counts", () => {
    expect(t("restart.title", { app: "hello" })).toBe("Restart hello?");
    expect(tn("apps.count", 1)).toBe("1 app");
    expect(tn("apps.count", 1200)).toBe("1,200 apps");
    expect(tWord("state", "queued")).toBe("Queued");
    expect(tWord("state", "a-new-one")).toBe("a-new-one");
  });

  it("does the same in Chinese, which has one form for every number", () => {
    setCatalogue("zh-CN", zh);
    expect(t("restart.title", { app: "hello" })).toBe("重启 hello？");
    expect(tn("apps.count", 1)).toBe("1 个应用");
    expect(tn("apps.count", 1200)).toBe("1,200 个应用");
    expect(tWord("state", "queued")).toBe("排队中");
    expect(tWord("state", "a-new-one")).toBe("a-new-one");
  });

  it("has no string that nothing shows", () => {
    const all = [...source.values()].join("\n");
    // Groups that are looked up by a word of the API.
    const groups = new Set(Array.from(all.matchAll(/tWord\(\s*"([\w.]+)"/g), (m) => m[1]));
    for (const m of all.matchAll(/t\(\s*`([\w.]+)\.\$\{/g)) groups.add(m[1]);
    const unused = Object.keys(en).filter((key) => {
      const base = key.replace(/\.(one|other)$/, "");
      const group = [...groups].some((name) => key.startsWith(`${name}.`));
      return !group && !all.includes(`"${key}"`) && !all.includes(`"${base}"`);
    });
    expect(unused).toEqual([]);
  });

  it("holds every word that stands between tags or is read aloud", () => {
    const found = [...source].flatMap(([path, text]) => (path.endsWith(".tsx") ? strays(path, text) : []));
    expect(found.filter((stray) => !technical(stray.replace(/^[^:]*:\d+: /, "")))).toEqual([]);
  });
});

describe("the Chinese catalogue", () => {
  it("has the keys and the parameters of the English one", () => {
    const needed = Object.keys(en).filter((key) => !key.endsWith(".one"));
    expect(Object.keys(zh).sort()).toEqual(needed.sort());
    const differ = (Object.keys(zh) as Key[]).filter(
      (key) => `${params(zh[key] ?? "")}` !== `${params(en[key])}`,
    );
    expect(differ).toEqual([]);
  });

  it("leaves no English untranslated", () => {
    const left = Object.entries(zh).flatMap(([key, text]) => {
      const words = (text ?? "").replace(/\{\w+\}/g, " ").match(/[A-Za-z]+/g) ?? [];
      return words.filter((word) => !names.has(word)).map((word) => `${key}: ${word}`);
    });
    expect(left).toEqual([]);
  });

  it("is written with Chinese marks", () => {
    const latin = Object.entries(zh).filter(([, text]) =>
      /\p{Script=Han}["']?[,.;:?!()](?:\s|$|\p{Script=Han})/u.test(text ?? ""),
    );
    expect(latin).toEqual([]);
  });
});

describe("a change of the language", () => {
  it("reaches what is rendered only when its own values change", () => {
    const deaf: string[] = [];
    for (const [path, text] of source) {
      if (!/from "@\/i18n"/.test(text)) continue;
      for (const [, name, body] of text.matchAll(/\bmemo\(function (\w+)([\s\S]*?)\n\}\);/g)) {
        const speaks = /\bt(?:n|Word)?\(|<(?!LogText\b)[A-Z]/.test(body ?? "");
        if (speaks && !body?.includes("useLanguage()")) deaf.push(`${path}: ${name}`);
      }
    }
    expect(deaf).toEqual([]);
  });
});

describe("the first page", () => {
  it("says nothing that is fetched later", () => {
    const reached = new Set<string>();
    const follow = (path: string) => {
      const found = [path, `${path}.ts`, `${path}.tsx`, `${path}/index.ts`].find((name) => source.has(name));
      if (!found || reached.has(found)) return;
      reached.add(found);
      // Whole statements, without those that bring types only; import() is a later matter.
      const text = source.get(found) ?? "";
      for (const [, what, from] of text.matchAll(/^(?:import|export)\s([^;]*?)from\s+"([^"]+)";/gm)) {
        if (what?.startsWith("type ") || !from) continue;
        if (from.startsWith("@/")) follow(from.slice(2));
        else if (from.startsWith(".")) follow(join(found, "..", from));
      }
    };
    follow("main");
    follow("pages/Apps");
    expect(reached.size).toBeGreaterThan(40);
    const said = [...reached].flatMap((path) => {
      const text = source.get(path) ?? "";
      const keys = Object.keys(later).map((key) => key.replace(/\.(one|other)$/, ""));
      const groups = new Set(keys.map((key) => key.replace(/\.[^.]+$/, "")));
      return [
        // In code without tags the same word may be a field's name.
        ...keys.filter((key) => text.includes(path.endsWith(".tsx") ? `"${key}"` : `t("${key}"`)),
        ...[...groups].filter((group) => text.includes(`tWord("${group}"`) || text.includes(`t(\`${group}.`)),
      ].map((key) => `${path}: ${key}`);
    });
    expect(said).toEqual([]);
  });
});

describe("strays", () => {
  it("finds what no catalogue holds, wherever it stands", () => {
    const piece = `
      const A = ({ on }: { on: boolean }) => (
        <p title="A title" className="not this" aria-label={on ? "Named" : t("x.y")}>
          some words {on && "more"} {\`\${n} left\`} {t("a.key")} {kind === "other" ? <b>12 %</b> : null}
          <Field label="A label" placeholder={on || "Sample"} id="neither" />
        </p>
      );
      toast("Done");`;
    expect(strays("a.tsx", piece).map((stray) => stray.replace(/^\S+ /, ""))).toEqual([
      "A title",
      "Named",
      "some words",
      "more",
      "left",
      "A label",
      "Sample",
      "Done",
    ]);
  });
});

describe("the language to begin with", () => {
  it("is the first of the reader's that there is", () => {
    expect(preferred(["zh-CN", "en"])).toBe("zh-CN");
    expect(preferred(["zh"])).toBe("zh-CN");
    expect(preferred(["zh-Hans-SG"])).toBe("zh-CN");
    expect(preferred(["zh-TW", "en-GB"])).toBe("en");
    expect(preferred(["fr-FR", "zh-CN", "en"])).toBe("zh-CN");
    expect(preferred(["not a tag", "de"])).toBe("en");
    expect(preferred([])).toBe("en");
  });
});

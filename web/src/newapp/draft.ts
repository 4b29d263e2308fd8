import type { CreateApp, CreateDeployment } from "@/api/types";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import type { Way } from "./search";

/** A new app as it is typed. */
export interface Draft {
  name: string;
  way: Way;
  url: string;
  branch: string;
  credential: "none" | "deploy_key" | "token";
  secret: string;
  image: string;
  example: string;
}

export const blank: Draft = {
  name: "",
  way: "push",
  url: "",
  branch: "",
  credential: "none",
  secret: "",
  image: "",
  example: "",
};

// As the server has it: the names would collide with its own hosts and paths.
const reserved = new Set(["api", "internal", "assets", "www", "slipway", "dashboard", "webhooks", "static"]);

/** Says what is wrong with an app's name; undefined when nothing is. */
export function nameTrouble(name: string): string | undefined {
  if (name === "") return t("new.name_missing");
  if (name.length < 2 || name.length > 40) return t("new.name_length");
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) return t("new.name_rule");
  if (reserved.has(name)) return t("new.name_reserved", { name });
  return undefined;
}

/** Says whether more typing may mend a name: nobody is told of that before the end. */
export function mayGoOn(name: string): boolean {
  return name.length < 2 || (name.endsWith("-") && !nameTrouble(`${name}a`));
}

/** The name itself, or with the first number behind it that no app has. */
export function freeName(name: string, taken: ReadonlySet<string>): string {
  if (name === "" || !taken.has(name)) return name;
  for (let n = 2; ; n++) {
    const next = `${name.slice(0, 36).replace(/-+$/, "")}-${n}`;
    if (!taken.has(next)) return next;
  }
}

const firsts = ["calm", "clear", "early", "green", "quiet", "silver", "steady", "warm"];
const lasts = ["anchor", "beacon", "channel", "harbor", "keel", "lagoon", "pier", "tide"];

/** A name for what has none yet: "calm-harbor". */
export function anyName(random: () => number = Math.random): string {
  const one = (words: string[]) => words[Math.floor(random() * words.length)] ?? "";
  return `${one(firsts)}-${one(lasts)}`;
}

export type Field = "name" | "source.url" | "source.deploy_key" | "source.token" | "image";

/** What is wrong with a draft, by the name of the field. */
export function troubles(draft: Draft): Partial<Record<Field, string>> {
  const found: Partial<Record<Field, string>> = {};
  const name = nameTrouble(draft.name);
  if (name) found.name = name;
  if (draft.way === "git") {
    if (draft.url.trim() === "") found["source.url"] = t("new.url_missing");
    else if (!/^(https?:\/\/|ssh:\/\/|git@)/.test(draft.url.trim())) found["source.url"] = t("new.url_rule");
    if (draft.credential === "deploy_key" && !draft.secret.includes("PRIVATE KEY"))
      found["source.deploy_key"] = t("new.key_rule");
    if (draft.credential === "token" && draft.secret === "") found["source.token"] = t("new.token_missing");
  }
  if (draft.way === "image" && draft.image.trim() === "") found.image = t("new.image_missing");
  return found;
}

/** A name that the rest of a draft suggests, "" if none. */
export function suggestedName(draft: Draft): string {
  const from =
    draft.way === "git"
      ? draft.url.replace(/\.git\/?$/, "")
      : draft.way === "image"
        ? draft.image.replace(/@.*$/, "").replace(/:[^:/]*$/, "")
        : draft.way === "example"
          ? draft.example
          : "";
  const last = from.split(/[/:]/).at(-1) ?? "";
  const name = last
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+|-+$/g, "")
    .slice(0, 40)
    .replace(/-+$/, "");
  return nameTrouble(name) ? "" : name;
}

export function requestOf(draft: Draft): CreateApp {
  if (draft.way === "image") return { name: draft.name, image: draft.image.trim() };
  if (draft.way !== "git") return { name: draft.name };
  return {
    name: draft.name,
    source: {
      url: draft.url.trim(),
      branch: draft.branch.trim() || undefined,
      deploy_key: draft.credential === "deploy_key" ? draft.secret : undefined,
      token: draft.credential === "token" ? draft.secret : undefined,
    },
  };
}

/** What is to be deployed once the app is there; undefined when that comes by itself. */
export function firstDeployment(draft: Draft): CreateDeployment | undefined {
  if (draft.way === "git") return { git: {} };
  if (draft.way === "example") return { example: draft.example };
  return undefined;
}

/** The commands that do what the form does. */
export function commandOf(draft: Draft): string {
  const name = draft.name || "NAME";
  const words = [name];
  if (draft.way === "git") {
    words.push("--git-url", draft.url.trim() || "URL");
    if (draft.branch) words.push("--branch", draft.branch.trim());
    if (draft.credential === "deploy_key") words.push("--deploy-key", "KEYFILE");
  }
  if (draft.way === "image") words.push("--image", draft.image.trim() || "IMAGE");
  if (draft.way === "example") words.push("--no-remote");
  const lines = [cli("create", undefined, ...words)];
  if (draft.way === "git") lines.push(cli("deploy --git", name));
  if (draft.way === "example") lines.push(cli("deploy", name, "--example", draft.example || "EXAMPLE"));
  return lines.join("\n");
}

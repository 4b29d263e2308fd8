import type { Event } from "@/api/types";
import { type PlainKey, t, tWord } from "@/i18n";

/** What can be done, in words: a sentence with gaps, and the name to choose it by. */
const said = {
  "app.create": ["did.app.create", "done.app.create"],
  "app.update": ["did.app.update", "done.app.update"],
  "app.scale": ["did.app.scale", "done.app.scale"],
  "app.transfer": ["did.app.transfer", "done.app.transfer"],
  "app.destroy": ["did.app.destroy", "done.app.destroy"],
  "deployment.create": ["did.deployment.create", "done.deployment.create"],
  "deployment.cancel": ["did.deployment.cancel", "done.deployment.cancel"],
  "deployment.return": ["did.deployment.return", "done.deployment.return"],
  "config.set": ["did.config.set", "done.config.set"],
  "domain.add": ["did.domain.add", "done.domain.add"],
  "domain.remove": ["did.domain.remove", "done.domain.remove"],
  "volume.add": ["did.volume.add", "done.volume.add"],
  "volume.remove": ["did.volume.remove", "done.volume.remove"],
  "app.move": ["did.app.move", "done.app.move"],
  "cluster.add": ["did.cluster.add", "done.cluster.add"],
  "cluster.renew": ["did.cluster.renew", "done.cluster.renew"],
  "cluster.options": ["did.cluster.options", "done.cluster.options"],
  "cluster.remove": ["did.cluster.remove", "done.cluster.remove"],
  "cluster.join_command": ["did.cluster.join_command", "done.cluster.join_command"],
  "node.drain": ["did.node.drain", "done.node.drain"],
  "node.resume": ["did.node.resume", "done.node.resume"],
  "push.resume": ["did.push.resume", "done.push.resume"],
  "drift.repair": ["did.drift.repair", "done.drift.repair"],
  "space.collect": ["did.space.collect", "done.space.collect"],
  "webhook.rotate": ["did.webhook.rotate", "done.webhook.rotate"],
  "session.create": ["did.session.create", "done.session.create"],
  "session.revoke": ["did.session.revoke", "done.session.revoke"],
  "sign_in_link.create": ["did.sign_in_link.create", "done.sign_in_link.create"],
  "token.create": ["did.token.create", "done.token.create"],
  "token.revoke": ["did.token.revoke", "done.token.revoke"],
  "user.create": ["did.user.create", "done.user.create"],
  "user.update": ["did.user.update", "done.user.update"],
  "user.role": ["did.user.role", "done.user.role"],
  "user.remove": ["did.user.remove", "done.user.remove"],
  "password.change": ["did.password.change", "done.password.change"],
  "invitation.create": ["did.invitation.create", "done.invitation.create"],
  "invitation.revoke": ["did.invitation.revoke", "done.invitation.revoke"],
} as const;

export type Action = keyof typeof said;
export type SentenceKey =
  | (typeof said)[Action][0]
  | "did.user.self"
  | "did.user.join"
  | "did.drift.failed"
  | "did.drift.image"
  | "did.drift.app"
  | "did.other";

const known = (action: string): action is Action => Object.hasOwn(said, action);

/** The sentence that tells of an event. */
export function sentenceOf(e: Event): SentenceKey {
  if (!known(e.action)) return "did.other";
  if (e.action === "user.create" && e.target === e.actor) {
    return e.detail.invited_by ? "did.user.join" : "did.user.self";
  }
  if (e.action === "drift.repair") return driftSentence(e);
  return said[e.action][0];
}

// What was wrong may be no process: an image that is gone, or nothing that is named.
function driftSentence({ target, detail }: Event): SentenceKey {
  if (detail.image) return "did.drift.image";
  if (target === "") return "did.drift.app";
  return detail.failed ? "did.drift.failed" : "did.drift.repair";
}

/** What an action is called in a choice; one that is not known keeps the API's word. */
export function actionName(action: string): string {
  return known(action) ? t(said[action][1]) : action;
}

/** The actions to choose from, under what they are done to; the kind itself means all of them. */
export const kinds: readonly { kind: string; name: PlainKey; actions: readonly Action[] }[] = [
  {
    kind: "deployment",
    name: "kind.deployment",
    actions: ["deployment.create", "deployment.cancel", "deployment.return"],
  },
  {
    kind: "app",
    name: "kind.app",
    actions: ["app.create", "app.update", "app.scale", "app.move", "app.transfer", "app.destroy"],
  },
  { kind: "config", name: "kind.config", actions: [] },
  { kind: "domain", name: "kind.domain", actions: ["domain.add", "domain.remove"] },
  { kind: "volume", name: "kind.volume", actions: ["volume.add", "volume.remove"] },
  {
    kind: "cluster",
    name: "kind.cluster",
    actions: ["cluster.add", "cluster.renew", "cluster.options", "cluster.remove", "cluster.join_command"],
  },
  { kind: "node", name: "kind.node", actions: ["node.drain", "node.resume"] },
  { kind: "push", name: "kind.push", actions: [] },
  { kind: "drift", name: "kind.drift", actions: [] },
  { kind: "space", name: "kind.space", actions: [] },
  { kind: "webhook", name: "kind.webhook", actions: [] },
  { kind: "session", name: "kind.session", actions: ["session.create", "session.revoke"] },
  { kind: "sign_in_link", name: "kind.sign_in_link", actions: [] },
  { kind: "token", name: "kind.token", actions: ["token.create", "token.revoke"] },
  {
    kind: "user",
    name: "kind.user",
    actions: ["user.create", "user.update", "user.role", "user.remove"],
  },
  { kind: "password", name: "kind.password", actions: [] },
  { kind: "invitation", name: "kind.invitation", actions: ["invitation.create", "invitation.revoke"] },
];

/** Whether a choice is one of those above. */
export function offered(action: string): boolean {
  return kinds.some(({ kind, actions }) => kind === action || actions.some((one) => one === action));
}

const ways: Record<string, PlainKey> = {
  password: "activity.by.password",
  "sign-in link": "activity.by.link",
  "bootstrap link": "activity.by.setup",
  invitation: "activity.by.invitation",
};

/** What else an event says, beside its sentence. */
export function detailsOf(e: Event): string[] {
  const { detail } = e;
  const way = ways[detail.by ?? ""];
  const words = [
    detail.superseded && t("activity.superseded", { what: detail.superseded }),
    detail.trigger && tWord("trigger", detail.trigger),
    way ? t(way) : detail.by,
    detail.scopes && t("activity.scopes", { scopes: detail.scopes.replaceAll(" ", ", ") }),
    e.action === "user.role" &&
      detail.to &&
      t("activity.role_change", {
        from: tWord("role", detail.from ?? ""),
        to: tWord("role", detail.to),
      }),
    e.action === "app.transfer" && detail.from && t("activity.from", { who: detail.from }),
    detail.role && tWord("role", detail.role),
    detail.invited_by && t("activity.invited_by", { who: detail.invited_by }),
  ];
  return words.filter((one): one is string => typeof one === "string" && one !== "");
}

/** What the server says of it in words of its own, which are English. */
export function saidOf({ action, detail }: Event): string[] {
  const words: (string | undefined)[] = [detail.cause];
  if (action === "drift.repair")
    words.push(detail.what, detail.image, detail.then, detail.failed, detail.note);
  return words.filter((one): one is string => typeof one === "string" && one !== "");
}

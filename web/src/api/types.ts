// The API's words, under the names that the pages use. All of them come from
// the generated schema; nothing is described twice.
import type { components } from "./schema";

type Schemas = components["schemas"];

export type App = Schemas["App"];
export type AppStatus = App["status"];
export type Build = Schemas["Build"];
export type Cluster = Schemas["Cluster"];
export type ClusterAccess = Schemas["ClusterAccess"];
export type ClusterAmount = Schemas["ClusterAmount"];
export type ClusterJoin = Schemas["ClusterJoin"];
export type ClusterNode = Schemas["ClusterNode"];
export type AddCluster = Schemas["AddCluster"];
export type NodeRun = Schemas["NodeRun"];
export type Config = Schemas["Config"];
export type ConfigItem = Schemas["ConfigItem"];
export type ConfigChange = Schemas["ConfigChange"];
export type CreateApp = Schemas["CreateApp"];
export type CreateDeployment = Schemas["CreateDeployment"];
export type Deployment = Schemas["Deployment"];
export type DeploymentState = Deployment["state"];
export type Domain = Schemas["Domain"];
export type Event = Schemas["Event"];
export type Example = Schemas["Example"];
export type Gap = Schemas["Gap"];
export type Instance = Schemas["Instance"];
export type Invitation = Schemas["Invitation"];
export type Line = Schemas["Line"];
export type LiveFrame = Schemas["LiveFrame"];
export type LogFrame = Schemas["LogFrame"];
export type NewInvitation = Schemas["NewInvitation"];
export type NewToken = Schemas["NewToken"];
export type Plan = Schemas["Plan"];
export type PlanChange = Schemas["PlanChange"];
export type PlanStep = Schemas["PlanStep"];
export type ProblemBody = Schemas["Problem"];
export type Release = Schemas["Release"];
export type Session = Schemas["Session"];
export type SignedIn = Schemas["SignedIn"];
export type SourceInput = Schemas["SourceInput"];
export type Status = Schemas["Status"];
export type Step = Schemas["Step"];
export type Token = Schemas["Token"];
export type Space = Schemas["Space"];
export type SpaceApp = Schemas["SpaceApp"];
export type SpaceCollection = Schemas["SpaceCollection"];
export type SpaceDisk = Schemas["SpaceDisk"];
export type UpdateApp = Schemas["UpdateApp"];
export type User = Schemas["User"];
export type Role = User["role"];
export type Volume = Schemas["Volume"];
export type WebhookSecret = Schemas["WebhookSecret"];

export interface Page<T> {
  items: T[];
  next_cursor: string;
}

/** The scopes of an API token, least first. */
export const scopes = ["read", "deploy", "secrets", "write", "admin"] as const;
export type Scope = (typeof scopes)[number];

const included: Record<Scope, readonly Scope[]> = {
  read: ["read"],
  deploy: ["deploy", "read"],
  secrets: ["secrets"],
  write: ["write", "deploy", "read"],
  admin: scopes,
};

/** Says whether what is signed in has a scope; null scopes are a person, who is not narrowed. */
export function can(signedIn: SignedIn | undefined, wanted: Scope): boolean {
  if (!signedIn) return false;
  if (wanted === "admin" && signedIn.user.role !== "owner") return false;
  const own = signedIn.actor.scopes;
  return own === null || own.some((scope) => included[scope as Scope]?.includes(wanted));
}

/** Says whether a deployment's state is final. */
export function terminal(state: DeploymentState): boolean {
  return state === "succeeded" || state === "failed" || state === "cancelled" || state === "superseded";
}

import { account } from "./account";
import { apps } from "./apps";
import { deployments } from "./deployments";
import { frame } from "./frame";
import { logs } from "./logs";
import { metrics } from "./metrics";
import { settings } from "./settings";

/** English. Keys are grouped by where they are shown; {names} are filled in. */
export const en = {
  ...frame,
  ...account,
  ...apps,
  ...deployments,
  ...logs,
  ...metrics,
  ...settings,
} as const;

import type { Catalogue } from "../index";
import { account } from "./account";
import { apps } from "./apps";
import { clusters } from "./clusters";
import { deployments } from "./deployments";
import { frame } from "./frame";
import { logs } from "./logs";
import { metrics } from "./metrics";
import { newapp } from "./newapp";
import { people } from "./people";
import { plan } from "./plan";
import { settings } from "./settings";
import { taken } from "./taken";

/** 简体中文。 */
export const zh: Catalogue = {
  ...frame,
  ...account,
  ...apps,
  ...clusters,
  ...deployments,
  ...logs,
  ...metrics,
  ...newapp,
  ...people,
  ...plan,
  ...settings,
  ...taken,
};

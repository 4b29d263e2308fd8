import { account } from "./account";
import { clusters } from "./clusters";
import { logs } from "./logs";
import { newapp } from "./newapp";
import { people } from "./people";
import { plan } from "./plan";
import { settings } from "./settings";
import { taken } from "./taken";

/** What only other pages say; it comes with the first of them. */
export const later = {
  ...account,
  ...clusters,
  ...logs,
  ...newapp,
  ...people,
  ...plan,
  ...settings,
  ...taken,
} as const;

import { account } from "./account";
import { logs } from "./logs";
import { newapp } from "./newapp";
import { people } from "./people";
import { settings } from "./settings";

/** What only other pages say; it comes with the first of them. */
export const later = { ...account, ...logs, ...newapp, ...people, ...settings } as const;

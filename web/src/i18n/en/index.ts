import { first } from "./first";
import { later } from "./later";

/** English. Keys are grouped by where they are shown; {names} are filled in. */
export const en = { ...first, ...later } as const;

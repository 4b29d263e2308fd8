import { apps } from "./apps";
import { deployments } from "./deployments";
import { frame } from "./frame";
import { metrics } from "./metrics";

/** What the frame and the first page say; it is in the first bundle. */
export const first = { ...frame, ...apps, ...deployments, ...metrics } as const;

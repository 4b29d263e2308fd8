import type { Token } from "@/api/types";

const day = 24 * 60 * 60_000;
const soon = 14 * day;
const long = 60 * day;

/** What should be known of a token at a glance. */
export interface TokenState {
  expired: boolean;
  /** Whole days until it expires, if these are few; 0 is within a day. */
  daysLeft: number | undefined;
  /** Whole days since it was used, or made if it never was, if these are many. */
  daysIdle: number | undefined;
}

export function tokenState(token: Token, now: number): TokenState {
  const left = token.expires_at === undefined ? Number.POSITIVE_INFINITY : Date.parse(token.expires_at) - now;
  const idle = now - Date.parse(token.last_used_at ?? token.created_at);
  const expired = left <= 0;
  return {
    expired,
    daysLeft: !expired && left < soon ? Math.floor(left / day) : undefined,
    daysIdle: !expired && idle >= long ? Math.floor(idle / day) : undefined,
  };
}

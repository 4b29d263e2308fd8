import type { App } from "@/api/types";
import { cli, quote } from "@/lib/command";

export interface SendCommands {
  /** Asks for the token. */
  asked: string;
  /** Holds the token itself; undefined while there is none. */
  unasked?: string;
}

/** The commands that send a folder to an app of the server at origin. */
export function sendCommands(
  app: Pick<App, "name" | "git_url" | "branch">,
  by: "git" | "cli",
  origin: string,
  token?: string,
): SendCommands {
  if (by === "cli") {
    const deploy = cli("deploy", app.name);
    return {
      asked: `${cli("login", undefined, origin)}\n${deploy}`,
      unasked: token && `SLIPWAY_URL=${quote(origin)} SLIPWAY_TOKEN=${quote(token)} ${deploy}`,
    };
  }
  const ref = quote(`HEAD:${app.branch || "main"}`);
  return {
    asked: `git remote add slipway ${quote(app.git_url)}\ngit push slipway ${ref}`,
    unasked: token && `git push ${quote(app.git_url.replace("://", `://git:${token}@`))} ${ref}`,
  };
}

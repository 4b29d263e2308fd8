/** Quotes one word for a POSIX shell. */
export function quote(word: string): string {
  if (word !== "" && /^[A-Za-z0-9_@%+=:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The slipway command for an app: slipway rollback v3 -a hello. */
export function cli(verb: string, app?: string, ...args: string[]): string {
  const words = ["slipway", ...verb.split(" "), ...args.map(quote)];
  if (app) words.push("-a", quote(app));
  return words.join(" ");
}

/** The same over the API, for what the command line has no verb for. */
export function curl(method: string, path: string, body?: unknown): string {
  const lines = [
    `curl -X ${method} "$SLIPWAY_URL/api/v1${path}"`,
    `-H "Authorization: Bearer $SLIPWAY_TOKEN"`,
  ];
  if (body !== undefined)
    lines.push("-H 'Content-Type: application/json'", `-d ${quote(JSON.stringify(body))}`);
  return lines.join(" \\\n  ");
}

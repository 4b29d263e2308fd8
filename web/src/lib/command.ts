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

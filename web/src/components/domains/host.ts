import type { PlainKey } from "@/i18n";

/** A host name the way it is stored. */
export function plainHost(text: string): string {
  return text.trim().replace(/\.$/, "").toLowerCase();
}

const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** What the server would refuse a host name for; it must be a plain one. */
export function wrongHost(host: string, known: string[], appDomain: string): PlainKey | undefined {
  if (host === "") return "domains.missing";
  if (host.length > 253) return "domains.long";
  if (/[/: ]/.test(host)) return "domains.name_only";
  const labels = host.split(".");
  if (labels.length < 2) return "domains.two_parts";
  const least = labels[0] === "*" && labels.length > 2 ? 1 : 0;
  if (!labels.slice(least).every((one) => label.test(one))) return "domains.rule";
  if (/^\d+$/.test(labels.at(-1) ?? "")) return "domains.address";
  if (host === appDomain || host.endsWith(`.${appDomain}`)) return "domains.apps_own";
  if (known.includes(host)) return "domains.twice";
  return undefined;
}

export interface DnsRecord {
  name: string;
  type: "CNAME" | "A";
  /** Absent where nothing here says what the router is called from outside. */
  value: string | undefined;
  /** A CNAME may not stand where the name is a zone of its own. */
  apex: boolean;
}

const isAddress = (host: string) => /^[\d.]+$/.test(host) || host.includes(":");
const isLocal = (host: string) => host === "localhost" || host.endsWith(".localhost") || /^127\./.test(host);

/**
 * The DNS record that leads a host name to the router: a CNAME to the app's own
 * name, which leads there already. Where that one is known to this machine
 * alone, the host that the dashboard was reached at takes its place.
 */
export function dnsRecord(host: string, automatic: string, dashboard: string): DnsRecord {
  const apex = host.split(".").length === 2;
  if (!isLocal(automatic)) return { name: host, type: "CNAME", value: automatic, apex };
  if (isLocal(dashboard)) return { name: host, type: "A", value: undefined, apex: false };
  if (isAddress(dashboard)) return { name: host, type: "A", value: dashboard, apex: false };
  return { name: host, type: "CNAME", value: dashboard, apex };
}

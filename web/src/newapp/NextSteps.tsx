import { Link } from "@tanstack/react-router";
import { Gauge, Globe, KeyRound, type LucideIcon, Scaling, UserPlus } from "lucide-react";
import type { App } from "@/api/types";
import { Section } from "@/components/ui/layout";
import { type PlainKey, t } from "@/i18n";

type Goal = "/apps/$app" | "/apps/$app/config" | "/apps/$app/domains" | "/account/people";

const steps: { to: Goal; icon: LucideIcon; title: PlainKey; body: PlainKey }[] = [
  { to: "/apps/$app", icon: Gauge, title: "next.overview", body: "next.overview_body" },
  { to: "/apps/$app/config", icon: KeyRound, title: "next.config", body: "next.config_body" },
  { to: "/apps/$app/domains", icon: Globe, title: "next.domain", body: "next.domain_body" },
  { to: "/apps/$app", icon: Scaling, title: "next.scale", body: "next.scale_body" },
  { to: "/account/people", icon: UserPlus, title: "next.invite", body: "next.invite_body" },
];

/** What people do once an app is live. */
export function NextSteps({ app, invites }: { app: App; invites: boolean }) {
  return (
    <Section title={t("next.title")}>
      <ul className="grid grid-cols-1 gap-2.5 sm:grid-cols-2 lg:grid-cols-3">
        {steps
          .filter(({ to }) => invites || to !== "/account/people")
          .map(({ to, icon: Icon, title, body }) => (
            <li key={title}>
              <Link
                to={to}
                params={{ app: app.name }}
                className="flex h-full gap-3 rounded-md border p-3.5 hover:border-border-strong"
              >
                <Icon size={18} className="mt-0.5 shrink-0 text-accent-text" aria-hidden />
                <span>
                  <span className="block font-medium">{t(title)}</span>
                  <span className="block text-sm text-text-2">{t(body)}</span>
                </span>
              </Link>
            </li>
          ))}
      </ul>
    </Section>
  );
}

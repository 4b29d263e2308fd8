import type { App } from "@/api/types";
import { CodeBlock } from "@/components/ui/copy";
import { Section } from "@/components/ui/layout";
import { t } from "@/i18n";
import { cli } from "@/lib/command";

/** Where the app comes from, and the commands that people want most. */
export function SourceCard({ app }: { app: App }) {
  const branch = app.branch || "main";
  const commands: [what: string, command: string][] = [
    [t("overview.cmd_remote"), `git remote add slipway ${app.git_url}`],
    [t("overview.cmd_push"), `git push slipway HEAD:${branch}`],
    [t("overview.cmd_logs"), cli("logs", app.name, "-f")],
  ];
  return (
    <Section title={t("overview.source")}>
      <dl className="space-y-3 text-sm">
        {app.source && (
          <div>
            <dt className="text-text-3">{t("overview.fetched_from")}</dt>
            <dd className="break-all font-mono">{app.source.url}</dd>
          </div>
        )}
        {app.branch && (
          <div>
            <dt className="text-text-3">{t("overview.tracked")}</dt>
            <dd className="break-all font-mono">{app.branch}</dd>
          </div>
        )}
        {commands.map(([what, command]) => (
          <div key={what}>
            <dt className="mb-1 text-text-3">{what}</dt>
            <dd>
              <CodeBlock text={command} label={t("common.copy_command")} />
            </dd>
          </div>
        ))}
      </dl>
    </Section>
  );
}

import { SquareTerminal } from "lucide-react";
import { CodeBlock } from "@/components/ui/copy";
import { t } from "@/i18n";

export interface Command {
  what: string;
  command: string;
}

/** The commands that do what the buttons above do, each by its name, folded away until asked for. */
export function Commands({ commands }: { commands: readonly Command[] }) {
  return (
    <details className="group w-full text-sm sm:text-right">
      <summary className="inline-flex list-none items-center gap-1.5 rounded-sm text-text-3 hover:text-text [&::-webkit-details-marker]:hidden">
        <SquareTerminal size={14} aria-hidden />
        {t("deployment.commands")}
      </summary>
      <dl className="mt-2 space-y-2 text-left">
        {commands.map(({ what, command }) => (
          <div key={command}>
            <dt className="mb-1 text-text-3">{what}</dt>
            <dd>
              <CodeBlock text={command} label={t("common.copy_command")} />
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

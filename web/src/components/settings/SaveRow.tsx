import { Button } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { t } from "@/i18n";

interface SaveRowProps {
  command: string;
  may: boolean;
  changed: boolean;
  busy: boolean;
  clash: boolean;
  onDiscard: () => void;
}

/** The end of a part of the settings: its command, and saving what was changed or not. */
export function SaveRow({ command, may, changed, busy, clash, onDiscard }: SaveRowProps) {
  return (
    <>
      {clash && (
        <p role="alert" className="mt-4 rounded-md bg-warn-soft px-3 py-2.5 text-warn">
          {t("settings.clash")}
        </p>
      )}
      <div className="mt-4 flex flex-wrap items-center justify-between gap-3">
        <CommandHint command={command} />
        {may && (
          <span className="ml-auto flex gap-2">
            {changed && <Button onClick={onDiscard}>{t("common.discard")}</Button>}
            <Button type="submit" look="primary" busy={busy} disabled={!changed}>
              {t("common.save")}
            </Button>
          </span>
        )}
      </div>
    </>
  );
}

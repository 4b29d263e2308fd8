import { Box, GitBranch, type LucideIcon, Sparkles, SquareTerminal } from "lucide-react";
import { type PlainKey, t } from "@/i18n";
import { cx } from "@/lib/cx";
import type { Way } from "./search";

const choices: { way: Way; icon: LucideIcon; title: PlainKey; body: PlainKey }[] = [
  { way: "push", icon: SquareTerminal, title: "new.push", body: "new.push_body" },
  { way: "git", icon: GitBranch, title: "new.git", body: "new.git_body" },
  { way: "image", icon: Box, title: "new.image", body: "new.image_body" },
  { way: "example", icon: Sparkles, title: "new.example", body: "new.example_body" },
];

/** Where an app is to come from: one of four. */
export function Ways({ way: chosen, onChoose }: { way: Way; onChoose: (way: Way) => void }) {
  return (
    <fieldset>
      <legend className="mb-2 font-medium text-sm">{t("new.way")}</legend>
      <div className="grid grid-cols-1 gap-2.5 sm:grid-cols-2">
        {choices.map(({ way, icon: Icon, title, body }) => (
          <label
            key={way}
            className={cx(
              "relative flex cursor-pointer gap-3 rounded-md border p-3.5 has-focus-visible:outline-2 has-focus-visible:outline-(--focus)",
              chosen === way ? "border-accent bg-accent-soft" : "hover:border-border-strong",
            )}
          >
            <input
              type="radio"
              name="way"
              value={way}
              checked={chosen === way}
              onChange={() => onChoose(way)}
              className="absolute inset-0 cursor-pointer appearance-none rounded-md outline-none"
            />
            <Icon size={18} className="mt-0.5 shrink-0 text-accent-text" aria-hidden />
            <span>
              <span className="block font-medium">{t(title)}</span>
              <span className="block text-sm text-text-2">{t(body)}</span>
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

import { useQuery } from "@tanstack/react-query";
import { Rocket } from "lucide-react";
import { queries } from "@/api/queries";
import type { Example } from "@/api/types";
import { Button } from "@/components/ui/button";
import { ErrorNote, SkeletonRows } from "@/components/ui/feedback";
import { t, tWord } from "@/i18n";

// An example that the catalogue does not know is told of in the server's words.
const said = (group: "title" | "body", example: Example) => {
  const words =
    group === "title" ? tWord("example_title", example.name) : tWord("example_body", example.name);
  if (words !== example.name) return words;
  return group === "title" ? example.title : example.description;
};

interface ExamplesProps {
  /** The one that is being deployed, "" while none is. */
  busy: string;
  onTry: (example: string) => void;
}

/** What can be tried in one click. */
export function Examples({ busy, onTry }: ExamplesProps) {
  const { data, error, isPending, refetch } = useQuery(queries.examples());
  if (isPending) return <SkeletonRows rows={2} />;
  if (error) return <ErrorNote error={error} onRetry={() => void refetch()} />;
  const examples = data.items.filter((one) => !one.broken);
  if (examples.length === 0) return <p className="text-text-2">{t("new.no_examples")}</p>;
  return (
    <ul className="divide-y rounded-md border" aria-label={t("new.example")}>
      {examples.map((one) => (
        <li key={one.name} className="flex flex-wrap items-center justify-between gap-3 p-3.5">
          <div className="min-w-0 flex-1 basis-60">
            <p className="font-medium">{said("title", one)}</p>
            <p className="text-sm text-text-2">{said("body", one)}</p>
          </div>
          <Button
            look="primary"
            busy={busy === one.name}
            disabled={busy !== ""}
            onClick={() => onTry(one.name)}
          >
            <Rocket size={15} aria-hidden />
            {t("new.deploy_example", { title: said("title", one) })}
          </Button>
        </li>
      ))}
    </ul>
  );
}

import { Hourglass } from "lucide-react";
import { useEffect, useState } from "react";
import type { Problem } from "@/api/problem";
import { t } from "@/i18n";
import { duration } from "@/lib/time";
import { ErrorNote } from "./ui/feedback";

/** The seconds until it is worth trying again, counted down; 0 when nothing has to be waited for. */
export function useWait(problem: Problem | undefined): number {
  const seconds = problem?.status === 429 ? (problem.retryAfter ?? 0) : 0;
  const [left, setLeft] = useState({ problem, seconds });
  // Another refusal counts from its own number, from its first render on.
  if (left.problem !== problem) setLeft({ problem, seconds });
  useEffect(() => {
    if (seconds === 0) return;
    const until = Date.now() + seconds * 1000;
    const timer = setInterval(() => {
      const rest = Math.max(0, Math.ceil((until - Date.now()) / 1000));
      setLeft({ problem, seconds: rest });
      if (rest === 0) clearInterval(timer);
    }, 500);
    return () => clearInterval(timer);
  }, [problem, seconds]);
  return left.problem === problem ? left.seconds : seconds;
}

/** Why one was not let in; after too many tries it says how long to wait, and when that is over. */
export function EntranceProblem({ problem, wait }: { problem: Problem | undefined; wait: number }) {
  if (problem?.status !== 429 || !problem.retryAfter) return <ErrorNote error={problem} />;
  return (
    <div className="flex items-start gap-2.5 rounded-md bg-warn-soft px-3 py-2.5 text-warn">
      <Hourglass size={16} className="mt-0.75 shrink-0" aria-hidden />
      {/* The seconds are not read aloud one by one: only that one waits, and that it is over. */}
      <div className="min-w-0">
        <span role="alert">{wait > 0 ? t("entrance.wait") : t("entrance.again")}</span>{" "}
        {wait > 0 && (
          <span className="tabular-nums" aria-hidden>
            {t("entrance.wait_left", { time: duration(wait * 1000) })}
          </span>
        )}
      </div>
    </div>
  );
}

import { ago, exactly, useNow } from "@/lib/time";

/** How long ago something was; the full date on hover and to screen readers' titles. */
export function Ago({ when }: { when: string }) {
  const now = useNow(15_000);
  return (
    <time dateTime={when} title={exactly(when)} className="whitespace-nowrap">
      {ago(when, now)}
    </time>
  );
}

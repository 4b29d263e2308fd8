import { cx } from "@/lib/cx";

interface ProgressProps {
  /** Names what goes on. */
  label: string;
  /** From 0 to max; undefined while nobody knows how much there is. */
  value?: number;
  max?: number;
  tone?: "accent" | "ok" | "warn" | "bad";
  className?: string;
}

const tones = { accent: "bg-accent", ok: "bg-ok-mark", warn: "bg-warn-mark", bad: "bg-bad-mark" };

/** How far something is, or how much of something is used. */
export function Progress({ label, value, max = 100, tone = "accent", className }: ProgressProps) {
  const share = value === undefined ? undefined : Math.min(1, Math.max(0, value / (max || 1)));
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={max}
      aria-valuenow={value}
      className={cx("h-1.5 overflow-hidden rounded-full bg-surface-3", className)}
    >
      <div
        className={cx(
          "h-full rounded-full transition-[width] duration-[var(--motion-slow)]",
          tones[tone],
          share === undefined && "w-1/3 animate-breathe",
        )}
        style={share === undefined ? undefined : { width: `${share * 100}%` }}
      />
    </div>
  );
}

import type { HTMLAttributes, ReactNode } from "react";
import { cx } from "@/lib/cx";

/** The head of a page: its name, what it says, and what can be done there. */
export function PageHead({
  title,
  children,
  actions,
}: {
  title: ReactNode;
  children?: ReactNode;
  actions?: ReactNode;
}) {
  return (
    <div className="mb-5 flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
      <div className="min-w-0">
        <h1 className="text-page-title">{title}</h1>
        {children && <div className="mt-1 max-w-2xl text-text-2">{children}</div>}
      </div>
      {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
    </div>
  );
}

export function Card({ className, ...rest }: HTMLAttributes<HTMLDivElement>) {
  return <div className={cx("min-w-0 rounded-lg border bg-surface shadow-1", className)} {...rest} />;
}

interface SectionProps {
  title: ReactNode;
  hint?: ReactNode;
  actions?: ReactNode;
  flush?: boolean;
  children: ReactNode;
  className?: string;
}

/** A card with a head. */
export function Section({ title, hint, actions, flush, children, className }: SectionProps) {
  return (
    <Card className={className}>
      <div
        className={cx(
          "flex flex-wrap justify-between gap-x-4 gap-y-2 px-4 pt-3.5 sm:px-5",
          hint ? "items-start" : "items-center",
        )}
      >
        <div className="min-w-0">
          <h2 className="font-semibold">{title}</h2>
          {hint && <p className="mt-0.5 text-sm text-text-3">{hint}</p>}
        </div>
        {actions && <div className="flex flex-wrap items-center gap-3">{actions}</div>}
      </div>
      <div className={flush ? "pt-2 pb-1" : "px-4 pt-3 pb-4 sm:px-5"}>{children}</div>
    </Card>
  );
}

/** Rows of one kind in a card. */
export function Rows({ children, label }: { children: ReactNode; label?: string }) {
  return (
    <ul className="divide-y" aria-label={label}>
      {children}
    </ul>
  );
}

export function Row({ children, className }: { children: ReactNode; className?: string }) {
  return <li className={cx("px-4 py-3 sm:px-5", className)}>{children}</li>;
}

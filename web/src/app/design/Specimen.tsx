import type { ReactNode } from "react";
import { Card } from "@/components/ui/layout";

/** One component: its name, when to take it, and how it looks in each state. */
export function Specimen({ name, when, children }: { name: string; when: string; children: ReactNode }) {
  return (
    <Card className="p-4 sm:p-5">
      <h3 className="font-mono font-semibold text-sm">{name}</h3>
      <p className="mt-0.5 mb-4 max-w-2xl text-sm text-text-2">{when}</p>
      {children}
    </Card>
  );
}

/** One state of a component, with its name under it. */
export function State({ name, children }: { name: ReactNode; children: ReactNode }) {
  return (
    <div className="flex min-w-0 flex-col items-start gap-1.5">
      {children}
      <span className="text-text-3 text-xs">{name}</span>
    </div>
  );
}

export function States({ children }: { children: ReactNode }) {
  return <div className="flex flex-wrap items-end gap-x-6 gap-y-4">{children}</div>;
}

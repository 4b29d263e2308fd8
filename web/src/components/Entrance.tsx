import type { ReactNode } from "react";
import { EntranceChoices } from "@/app/EntranceChoices";
import { Logo } from "./Logo";

/** The frame of what is seen before one is signed in. */
export function Entrance({
  title,
  lead,
  children,
}: {
  title: string;
  lead?: ReactNode;
  children?: ReactNode;
}) {
  return (
    <main className="grid min-h-dvh place-items-center px-4 py-10">
      <div className="w-full max-w-sm">
        <div className="mb-6 flex items-center gap-2.5">
          <Logo size={34} />
          <span className="font-semibold text-xl tracking-tight">Slipway</span>
        </div>
        <div className="rounded-lg border bg-surface p-6 shadow-1">
          <h1 className="text-page-title">{title}</h1>
          {lead && <div className="mt-1.5 text-text-2">{lead}</div>}
          {children && <div className="mt-5">{children}</div>}
        </div>
        <EntranceChoices />
      </div>
    </main>
  );
}

import type { ReactNode } from "react";
import { cx } from "@/lib/cx";

/** The room of a page, in line with the header; narrow for what is read or filled in. */
export function Page({ width = "wide", children }: { width?: "narrow" | "wide"; children: ReactNode }) {
  return (
    <div className="page-room py-6">
      <div className={cx(width === "narrow" && "max-w-3xl")}>{children}</div>
    </div>
  );
}

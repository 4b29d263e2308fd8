import type { ReactNode } from "react";
import { cx } from "@/lib/cx";

/** The room of a page, in line with the header; narrow for what is read or filled in. */
export function Page({ width = "wide", children }: { width?: "narrow" | "wide"; children: ReactNode }) {
  return (
    <div className="mx-auto w-full max-w-[80rem] px-4 py-6 sm:px-6">
      <div className={cx(width === "narrow" && "max-w-3xl")}>{children}</div>
    </div>
  );
}

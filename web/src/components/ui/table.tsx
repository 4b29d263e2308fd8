import { ArrowDown, ArrowUp } from "lucide-react";
import type { HTMLAttributes, ReactNode, TdHTMLAttributes } from "react";
import { cx } from "@/lib/cx";

/** A table that scrolls sideways by itself where the screen is too narrow for it. */
export function Table({
  label,
  className,
  children,
}: {
  label: string;
  className?: string;
  children: ReactNode;
}) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a section would take its name from a heading
    <div role="region" aria-label={label} tabIndex={0} className="-outline-offset-2! overflow-x-auto">
      <table className={cx("w-full text-left", className)}>{children}</table>
    </div>
  );
}

export function TableHead({ children }: { children: ReactNode }) {
  return (
    <thead className="border-b text-sm text-text-3">
      <tr>{children}</tr>
    </thead>
  );
}

interface HeadCellProps {
  children: ReactNode;
  /** Numbers stand at the right. */
  end?: boolean;
  /** How the table is sorted by this column; undefined when by another. */
  sorted?: "ascending" | "descending";
  /** Makes the head a button that sorts. */
  onSort?: () => void;
  className?: string;
}

export function HeadCell({ children, end, sorted, onSort, className }: HeadCellProps) {
  const Arrow = sorted === "descending" ? ArrowDown : ArrowUp;
  return (
    <th
      scope="col"
      aria-sort={onSort ? (sorted ?? "none") : undefined}
      className={cx(
        "whitespace-nowrap px-3 py-2 font-medium first:pl-4 last:pr-4",
        end && "text-right",
        className,
      )}
    >
      {onSort ? (
        <button
          type="button"
          onClick={onSort}
          className={cx("inline-flex items-center gap-1 rounded-sm hover:text-text", sorted && "text-text")}
        >
          {children}
          <Arrow size={13} className={cx(!sorted && "invisible")} aria-hidden />
        </button>
      ) : (
        children
      )}
    </th>
  );
}

export function TableRow({ className, ...rest }: HTMLAttributes<HTMLTableRowElement>) {
  return <tr className={cx("border-b last:border-0 hover:bg-surface-2/60", className)} {...rest} />;
}

interface CellProps extends TdHTMLAttributes<HTMLTableCellElement> {
  end?: boolean;
}

export function Cell({ end, className, ...rest }: CellProps) {
  return <td className={cx("px-3 py-2 first:pl-4 last:pr-4", end && "text-right", className)} {...rest} />;
}

import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Page } from "@/api/types";
import { t } from "@/i18n";
import { Button } from "./ui/button";
import { ErrorNote, SkeletonRows } from "./ui/feedback";
import { Card, Rows } from "./ui/layout";

interface PagesProps<T> {
  query: UseInfiniteQueryResult<InfiniteData<Page<T>>>;
  label: string;
  empty: ReactNode;
  row: (item: T) => ReactNode;
}

/** A list that comes in pages, with what stands for it while it loads, fails or is empty. */
export function Pages<T>({ query, label, empty, row }: PagesProps<T>) {
  if (query.isPending) return <SkeletonRows rows={6} />;
  if (!query.data) return <ErrorNote error={query.error} onRetry={() => void query.refetch()} />;
  const items = query.data.pages.flatMap((page) => page.items);
  if (items.length === 0) return empty;
  return (
    <>
      {query.error && <ErrorNote error={query.error} onRetry={() => void query.refetch()} className="mb-3" />}
      <Card className="overflow-hidden">
        <Rows label={label}>{items.map(row)}</Rows>
      </Card>
      {query.hasNextPage && (
        <div className="mt-4 text-center">
          <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {t("common.more")}
          </Button>
        </div>
      )}
    </>
  );
}

import { QueryClient } from "@tanstack/react-query";
import { asProblem } from "./problem";

/** What is worth asking again by itself: the network, and a server that says it is away. */
function worthRetrying(failures: number, error: unknown): boolean {
  const { status } = asProblem(error);
  return failures < 2 && (status === 0 || status === 502 || status === 503 || status === 504);
}

/**
 * Makes the cache. While told says that changes are heard of as they happen,
 * coming back to the page asks for nothing.
 */
export function makeQueryClient(told: () => boolean = () => false): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // The live connection says what is stale; this is for when it cannot.
        staleTime: 30_000,
        retry: worthRetrying,
        retryDelay: (n) => 500 * 2 ** n,
        networkMode: "always",
        refetchOnWindowFocus: () => !told(),
      },
    },
  });
}

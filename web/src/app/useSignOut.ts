import { useQueryClient } from "@tanstack/react-query";
import { useRouteContext, useRouter } from "@tanstack/react-router";
import { api } from "@/api/client";

/** Signs out, here and in this browser's other tabs. */
export function useSignOut(): () => Promise<void> {
  const router = useRouter();
  const client = useQueryClient();
  const live = useRouteContext({ from: "__root__", select: (context) => context.live });
  return async () => {
    try {
      await api.signOut();
    } finally {
      live.stop();
      client.clear();
      await router.navigate({ to: "/sign-in", search: {} });
    }
  };
}

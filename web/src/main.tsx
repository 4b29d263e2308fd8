import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { whenSignedOut } from "@/api/client";
import { Live } from "@/api/live";
import { keys } from "@/api/queries";
import { makeQueryClient } from "@/api/queryclient";
import { startLanguage } from "@/i18n/language";
import { makeRouter } from "@/router";
import "@/styles/index.css";

const client = makeQueryClient();
const live = new Live(client);
const router = makeRouter({ client, live });

whenSignedOut(() => {
  const { pathname, href } = router.state.location;
  if (pathname === "/sign-in" || pathname === "/setup" || !client.getQueryData(keys.session)) return;
  live.stop();
  client.clear();
  void router.navigate({ to: "/sign-in", search: { next: href } });
});

const holder = document.getElementById("root");
if (!holder) throw new Error("index.html has no #root");
await startLanguage();
createRoot(holder).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);

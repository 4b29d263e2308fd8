import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Live } from "@/api/live";
import { makeQueryClient } from "@/api/queryclient";
import { keepSession } from "@/app/session";
import { startLanguage } from "@/i18n/language";
import { makeRouter } from "@/router";
import "@/styles/index.css";

const client = makeQueryClient(() => live.getStatus() === "open");
const live = new Live(client);
const router = makeRouter({ client, live });
keepSession({ client, live, router });

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

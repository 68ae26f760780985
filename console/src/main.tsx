import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./app/console.css";
import { cache } from "./app/cache";
import { preferences } from "./app/preferences";
import { router } from "./app/router";
import { loadLocale, ThemeRoot } from "./app/ThemeRoot";
import { startTexts } from "./i18n";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");

const { language } = preferences.get();
const [locale] = await Promise.all([loadLocale(language), startTexts(language)]);
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={cache}>
      <ThemeRoot first={locale}>
        <RouterProvider router={router} />
      </ThemeRoot>
    </QueryClientProvider>
  </StrictMode>,
);

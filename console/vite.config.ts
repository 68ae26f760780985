import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// `npm run dev` talks to a running OnePool.
const server = process.env.ONEPOOL_URL ?? "http://127.0.0.1:8000";

// Tests that draw, or whose imports look at the page that they are loaded into.
const pages = ["src/**/*.test.tsx", "src/pages/map/drawing.test.ts", "src/pages/touchpoints/connect/form.test.ts"];

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: { proxy: { "/api": { target: server } } },
  build: {
    outDir: "../src/onepool/console_dist",
    emptyOutDir: true,
    // The page's content security policy allows no inline scripts and no data: modules.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
    chunkSizeWarningLimit: 1200,
    // What every first load needs in few files: dozens of tiny ones compress badly. A group takes along what it imports.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: "icons", test: /@ant-design[\\/]icons.*[\\/](Left|Right|Ellipsis|Apartment|Api|Branches|Inbox|OrderedList|CloseCircle|Copy|Close|Send|Team|User|Contacts|Tags|Home|Global|Deployment[A-Za-z]*|Safety[A-Za-z]*|Menu(Unf|F)old|Moon|Sun|Reload|Solution)(Outlined)?\.js$/ },
            { name: "frame", test: /src[\\/](app[\\/]routes|.*[\\/](state|states|drift|starts)\.ts$)/ },
          ],
        },
      },
    },
  },
  test: {
    testTimeout: 30_000,
    setupFiles: ["tests/setup.ts"],
    projects: [
      // What only calculates needs no page, and leaves nothing behind that the next file could meet.
      { extends: true, test: { name: "plain", environment: "node", isolate: false, include: ["src/**/*.test.ts", "tests/**/*.test.ts"], exclude: pages } },
      { extends: true, test: { name: "pages", environment: "jsdom", setupFiles: ["tests/setup.ts", "tests/patience.ts"], include: pages } },
    ],
  },
});

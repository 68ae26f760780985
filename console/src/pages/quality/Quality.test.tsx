/** Data quality against a stand-in for the server: what the table of touchpoints tells of each. */
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { act, cleanup, render, screen } from "@testing-library/react";
import { App, ConfigProvider } from "antd";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Quality, QualitySource } from "@/api/insight";
import { cache } from "@/app/cache";
import { router } from "@/app/router";
import { startTexts } from "@/i18n";
import { respond } from "../../../tests/standin/respond.ts";

const WAIT = { timeout: 15_000 };
const share = { good: 9, total: 10, share: 0.9 };
const measures: QualitySource["measures"] = { completeness: share, validity: share, uniqueness: share, consistency: share, timeliness: share };
const source = (touchpoint: string, mended: number, waiting: number): QualitySource => ({
  touchpoint, title: { zh: "-", en: touchpoint }, channel: "file", score: 90, measures, received: 100, accepted: 90, quarantined: 10,
  duplicates: 0, unknown: 0, mended, waiting, lag_median: 2, lag_p95: 9, days: [],
});
const quality: Quality = {
  at: "2026-01-05T02:00:00Z", days: 30, score: 90, late_seconds: 86_400, fields: [], worst: [],
  weights: { completeness: 0.25, validity: 0.3, uniqueness: 0.1, consistency: 0.15, timeliness: 0.2 },
  sources: [source("till", 1234, 7), source("mall", 0, 0)],
};

beforeAll(() => {
  globalThis.ResizeObserver = class {
    observe(): void {}
    unobserve(): void {}
    disconnect(): void {}
  };
  window.matchMedia = (media) => ({ media, matches: false, onchange: null, addListener: () => undefined, removeListener: () => undefined, addEventListener: () => undefined, removeEventListener: () => undefined, dispatchEvent: () => false });
  const style = window.getComputedStyle.bind(window);
  window.getComputedStyle = (element) => style(element);
  window.scrollTo = () => undefined;
});
beforeEach(() => {
  cache.clear();
  vi.stubGlobal("fetch", (request: Request) => {
    const url = new URL(request.url);
    if (url.pathname === "/api/v1/quality") return Promise.resolve(new Response(JSON.stringify(quality), { headers: { "content-type": "application/json" } }));
    const answer = respond(request.method, url, {});
    return Promise.resolve(new Response(answer.text, { status: answer.status, headers: { "content-type": answer.type } }));
  });
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

/** The table's heads, and the cells of each row under them. */
async function table(): Promise<Record<string, string>[]> {
  window.history.replaceState(null, "", "/quality");
  render(
    <QueryClientProvider client={cache}>
      <ConfigProvider theme={{ zeroRuntime: true }}>
        <App component={false}>
          <RouterProvider router={router} />
        </App>
      </ConfigProvider>
    </QueryClientProvider>,
  );
  await act(() => router.navigate({ href: "/quality" }));
  const panel = await screen.findByTestId("quality-sources", {}, WAIT);
  const texts = (inside: Element, selector: string): string[] => [...inside.querySelectorAll(selector)].map((one) => one.textContent);
  const heads = texts(panel, "thead th");
  return [...panel.querySelectorAll("tbody tr[data-row-key]")].map((row) => Object.fromEntries(texts(row, "td").map((cell, at) => [heads[at], cell])));
}

describe("touchpoints in data quality", () => {
  it.each([
    ["en", "Mended", "In quarantine"],
    ["zh-CN", "\u5df2\u4fee\u590d", "\u9694\u79bb\u4e2d"],
  ] as const)("say how much was mended beside what still waits (%s)", async (language, mended, waiting) => {
    await startTexts(language);
    const rows = await table();
    expect(rows.map((row) => [row[mended], row[waiting]])).toEqual([
      ["1,234", "7"],
      ["0", "0"],
    ]);
  });
});

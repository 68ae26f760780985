/** Home against a stand-in for the server: what waits for a second person's word stands there for whoever may give it. */
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { act, cleanup, render, screen } from "@testing-library/react";
import { App, ConfigProvider } from "antd";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { cache } from "@/app/cache";
import { router } from "@/app/router";
import { startTexts } from "@/i18n";
import { respond } from "../../../tests/standin/respond.ts";

const WAIT = { timeout: 15_000 };
const one = { version: 2, status: "asked", asked_by: "user:mei@brand.example", asked_at: "2026-01-05T02:00:00Z", decided_by: "", decided_at: null, note: "", mine: false };
const WAITING = [
  { ...one, id: 1, kind: "journey", name: "cart_recall" },
  { ...one, id: 2, kind: "message", name: "spring_sms", note: "for Friday" },
  { ...one, id: 3, kind: "broadcast", name: "spring_send" },
  { ...one, id: 4, kind: "message", name: "my_own", mine: true },
];
let may: string[] = [];
let waiting: typeof WAITING = [];
let asked: string[] = [];

beforeAll(async () => {
  globalThis.ResizeObserver = class {
    observe(): void {}
    unobserve(): void {}
    disconnect(): void {}
  };
  window.matchMedia = (media) => ({ media, matches: false, onchange: null, addListener: () => undefined, removeListener: () => undefined, addEventListener: () => undefined, removeEventListener: () => undefined, dispatchEvent: () => false });
  const style = window.getComputedStyle.bind(window);
  window.getComputedStyle = (element) => style(element);
  window.scrollTo = () => undefined;
  await startTexts("en");
});
beforeEach(() => {
  cache.clear();
  asked = [];
  may = ["journeys.read", "journeys.approve"];
  waiting = WAITING;
  vi.stubGlobal("fetch", (request: Request) => {
    const url = new URL(request.url);
    const path = url.pathname.replace("/api/v1/", "");
    asked.push(path);
    const json = (body: unknown): Promise<Response> => Promise.resolve(new Response(JSON.stringify(body), { headers: { "content-type": "application/json" } }));
    if (path === "approvals") return json({ items: waiting });
    if (path === "journeys/cart_recall") return json({ title: { zh: "-", en: "Carts left behind" } });
    const answer = respond(request.method, url, {});
    if (path === "session" && answer.text !== undefined) {
      const session = JSON.parse(answer.text) as { user: { permissions: string[] } };
      session.user.permissions.push(...may);
      return json(session);
    }
    return Promise.resolve(new Response(answer.text, { status: answer.status, headers: { "content-type": answer.type } }));
  });
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

async function open(): Promise<void> {
  window.history.replaceState(null, "", "/");
  render(
    <QueryClientProvider client={cache}>
      <ConfigProvider theme={{ zeroRuntime: true }}>
        <App component={false}>
          <RouterProvider router={router} />
        </App>
      </ConfigProvider>
    </QueryClientProvider>,
  );
  await act(() => router.navigate({ href: "/" }));
  await screen.findByTestId("received-today", {}, WAIT);
}

describe("what waits for approval", () => {
  it("stands on Home with links, by title where there is one, without what one asked for oneself", async () => {
    await open();
    const card = await screen.findByTestId("home-approvals", {}, WAIT);
    await screen.findByText("Carts left behind", {}, WAIT);
    expect([...card.querySelectorAll("a")].map((link) => [link.getAttribute("href"), link.textContent])).toEqual([
      ["/journeys/cart_recall", "Carts left behind"],
      ["/messages/spring_sms", "spring_sms"],
      ["/broadcasts/spring_send", "spring_send"],
    ]);
    expect(card.textContent).toContain("Asked by mei@brand.example");
    expect(card.textContent).toContain("for Friday");
    expect(screen.getByText("Waiting for your approval (3)")).toBeTruthy();
  });

  it("shows the oldest ones and tells how many more there are", async () => {
    waiting = Array.from({ length: 7 }, (_, at) => ({ ...one, id: at + 1, kind: "message", name: `note_${String(at + 1)}` }));
    await open();
    const card = await screen.findByTestId("home-approvals", {}, WAIT);
    expect(card.querySelectorAll("a")).toHaveLength(5);
    expect(card.textContent).toContain("2 more are waiting");
  });

  it("is asked for only by who may approve", async () => {
    may = ["journeys.read"];
    await open();
    expect(screen.queryByTestId("home-approvals")).toBeNull();
    expect(asked).not.toContain("approvals");
  });

  it("takes no room when nothing waits", async () => {
    waiting = [];
    await open();
    await vi.waitFor(() => expect(asked).toContain("approvals"), WAIT);
    expect(screen.queryByTestId("home-approvals")).toBeNull();
  });
});

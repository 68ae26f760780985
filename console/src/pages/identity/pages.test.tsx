/** The pages of OneID against a stand-in for the server: what people do on them, without a browser. */
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { act, cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { App, ConfigProvider } from "antd";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { cache } from "@/app/cache";
import { router } from "@/app/router";
import { startTexts } from "@/i18n";
import { respond } from "../../../tests/standin/respond.ts";

interface Asked {
  method: string;
  path: string;
  body: Record<string, unknown>;
}
let asked: Asked[] = [];
const WAIT = { timeout: 15_000 };

beforeAll(async () => {
  globalThis.ResizeObserver = class {
    observe(): void {}
    unobserve(): void {}
    disconnect(): void {}
  };
  // What jsdom lacks and the components ask for.
  window.matchMedia = (media) => ({ media, matches: false, onchange: null, addListener: () => undefined, removeListener: () => undefined, addEventListener: () => undefined, removeEventListener: () => undefined, dispatchEvent: () => false });
  const style = window.getComputedStyle.bind(window);
  window.getComputedStyle = (element) => style(element);
  Element.prototype.scrollIntoView = () => undefined;
  window.scrollTo = () => undefined;
  await startTexts("en");
});
beforeEach(() => {
  asked = [];
  cache.clear();
  sessionStorage.clear();
  vi.stubGlobal("fetch", async (request: Request) => {
    const text = await request.clone().text();
    const body = text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
    const url = new URL(request.url);
    asked.push({ method: request.method, path: url.pathname.replace("/api/v1/", ""), body });
    const answer = respond(request.method, url, body);
    return new Response(answer.text, { status: answer.status, headers: { "content-type": answer.type } });
  });
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

async function open(href: string): Promise<void> {
  window.history.replaceState(null, "", href);
  render(
    <QueryClientProvider client={cache}>
      {/* Styles are not looked at here, and making them takes most of the time. */}
      <ConfigProvider theme={{ zeroRuntime: true }}>
        <App component={false}>
          <RouterProvider router={router} />
        </App>
      </ConfigProvider>
    </QueryClientProvider>,
  );
  await act(() => router.navigate({ href }));
}

// By what marks them, not by role: to find out the roles of everything on a page takes seconds here.
const all = (inside: HTMLElement, selector: string): HTMLElement[] => [...inside.querySelectorAll<HTMLElement>(selector)];
const writes = (path: string): Asked[] => asked.filter((one) => one.path === path && one.method !== "GET");

describe("the identity graph of a customer", () => {
  it("can be worked as a list: chosen identifiers are explained, and split off after a preview", async () => {
    await open("/customers/100001?tab=oneid&view=list");
    const rows = all(await screen.findByTestId("identity-nodes", {}, WAIT), "tbody input[type=checkbox]");
    expect(screen.getByTestId("act-split")).toHaveProperty("disabled", true);
    fireEvent.click(rows[0] as HTMLElement);
    await waitFor(() => expect(screen.getByTestId("chosen").dataset.value).toBe("1"), WAIT);
    fireEvent.click(rows[2] as HTMLElement);
    await waitFor(() => expect(screen.getByTestId("chosen").dataset.value).toBe("2"), WAIT);
    expect(router.state.location.search).toMatchObject({ tab: "oneid", view: "list" });

    fireEvent.click(screen.getByTestId("act-explain"));
    expect((await screen.findByTestId("explanation", {}, WAIT)).dataset.together).toBe("true");
    expect(screen.getByTestId("explain-path").dataset.value).toBe("1");

    fireEvent.click(screen.getByTestId("act-split"));
    expect((await screen.findByTestId("effects-after", {}, WAIT)).dataset.value).toBe("2");
    fireEvent.change(screen.getByTestId("decision-reason"), { target: { value: "two sisters" } });
    fireEvent.click(screen.getByTestId("decision-confirm"));
    const undo = await screen.findByTestId("undo-toast", {}, WAIT);
    const [made] = writes("identity/decisions");
    expect(made?.body).toMatchObject({ kind: "split", customer_id: 100_001, reason: "two sisters", seen: 0 });
    expect(made?.body.identifiers).toHaveLength(2);
    fireEvent.click(undo);
    await waitFor(() => expect(asked.some((one) => /decisions\/\d+\/undo$/.test(one.path))).toBe(true), WAIT);
  });

  it("shows a link's evidence from its address", async () => {
    await open("/customers/100001?tab=oneid&view=list&link=310");
    const evidence = await screen.findByTestId("evidence", {}, WAIT);
    expect(evidence.textContent).toContain("Over a limit: unionid@wx-open-1");
  });
});

describe("the review queue", () => {
  it("is decided by keys while it has the focus, and one decision is taken back by keys too", async () => {
    await open("/identity/review");
    const queue = await screen.findByTestId("review-queue", {}, WAIT);
    const items = (): HTMLElement[] => all(queue, "[data-item]");
    const first = items()[0] as HTMLElement;
    await waitFor(() => expect(document.activeElement).toBe(first), WAIT);

    // Outside of the queue the same key is only a letter.
    fireEvent.keyDown(document.body, { key: "n" });
    expect(writes("identity/review/decide")).toHaveLength(0);

    fireEvent.keyDown(first, { key: "ArrowDown" });
    const second = items()[1] as HTMLElement;
    await waitFor(() => expect(second.getAttribute("aria-current")).toBe("true"), WAIT);
    fireEvent.keyDown(second, { key: "n" });
    await waitFor(() => expect(writes("identity/review/decide")).toHaveLength(1), WAIT);
    expect(writes("identity/review/decide")[0]?.body).toEqual({ items: [{ id: second.dataset.item, decision: "never" }], reason: "" });
    await waitFor(() => expect(queue.querySelector(`[data-item="${second.dataset.item}"]`)).toBeNull(), WAIT);

    fireEvent.keyDown(items()[0] as HTMLElement, { key: "z", ctrlKey: true });
    await waitFor(() => expect(queue.querySelector(`[data-item="${second.dataset.item}"]`)).not.toBeNull(), WAIT);
  });

  it("is decided many at once", async () => {
    await open("/identity/review?kind=candidate");
    const queue = await screen.findByTestId("review-queue", {}, WAIT);
    const boxes = all(queue, "input[type=checkbox]");
    fireEvent.click(boxes[0] as HTMLElement);
    await waitFor(() => expect(router.state.location.search).toHaveProperty("sel"), WAIT);
    fireEvent.click(boxes[1] as HTMLElement);
    await waitFor(() => expect(screen.getByTestId("verdict-merge").textContent).toContain("(2)"), WAIT);
    fireEvent.click(screen.getByTestId("verdict-merge"));
    await waitFor(() => expect(writes("identity/review/decide")).toHaveLength(1), WAIT);
    expect(writes("identity/review/decide")[0]?.body.items).toHaveLength(2);
  });
});

describe("the rules", () => {
  it("are published only after a preview of just these changes, with a reason", async () => {
    await open("/identity/rules");
    const limit = await screen.findByTestId("rule-phone-max_customers", {}, WAIT);
    fireEvent.change(limit, { target: { value: "3" } });
    fireEvent.blur(limit);
    await waitFor(() => expect(screen.getByTestId("rules-open")).toHaveProperty("disabled", false), WAIT);
    fireEvent.click(screen.getByTestId("rules-open"));
    const publish = await screen.findByTestId("rules-publish", {}, WAIT);
    expect(screen.getByTestId("rules-changes").textContent).toContain("Phone: Customers per value: 5 → 3");
    fireEvent.change(screen.getByTestId("rules-reason"), { target: { value: "families are smaller" } });
    expect(publish).toHaveProperty("disabled", true);
    fireEvent.click(screen.getByTestId("rules-preview"));
    await screen.findByTestId("rules-outcome", {}, WAIT);
    await waitFor(() => expect(publish).toHaveProperty("disabled", false), WAIT);
    fireEvent.click(publish);
    await waitFor(() => expect(writes("identity/rules")).toHaveLength(1), WAIT);
    expect(writes("identity/rules")[0]?.body).toEqual({ body: { types: { phone: { max_customers: 3 } } }, version: 3, reason: "families are smaller" });
  });
});

describe("the model", () => {
  it("shows what other thresholds would do before they are put in force", async () => {
    await open("/identity/model");
    const join = await screen.findByTestId("threshold-join", {}, WAIT);
    fireEvent.change(join, { target: { value: "0.98" } });
    fireEvent.blur(join);
    fireEvent.change(screen.getByTestId("threshold-reason"), { target: { value: "fewer to review" } });
    const save = screen.getByTestId("threshold-save");
    expect(save).toHaveProperty("disabled", true);
    fireEvent.click(screen.getByTestId("threshold-preview"));
    await waitFor(() => expect(save).toHaveProperty("disabled", false), WAIT);
    fireEvent.click(save);
    await waitFor(() => expect(writes("identity/model/thresholds")[0]?.body).toEqual({ join: 0.98, review: 0.7, auto: true, reason: "fewer to review" }), WAIT);
  });
});

describe("versions of the model", () => {
  it("are listed; one is looked at, two are compared, all from the address", async () => {
    await open("/identity/model?version=2&against=3");
    const list = await screen.findByTestId("model-versions", {}, WAIT);
    expect(all(list, "tbody tr.ant-table-row")).toHaveLength(4);
    expect(list.textContent).toContain("Thresholds moved by hand");
    // Nobody moves thresholds while looking at what is not in force.
    expect(await screen.findByTestId("model-earlier", {}, WAIT)).toBeTruthy();
    expect(screen.queryByTestId("model-thresholds")).toBeNull();
    const difference = await screen.findByTestId("model-difference", {}, WAIT);
    expect(difference.dataset.value).toBe("113");
    expect(difference.textContent).toContain("pinyin + birthday");
    expect(all(screen.getByTestId("model-difference-pairs"), "tbody tr.ant-table-row")).toHaveLength(1);
    fireEvent.click(screen.getByTestId("model-compare-1"));
    await waitFor(() => expect(router.state.location.search).toMatchObject({ version: 2, against: 1 }), WAIT);
  });

  it("one comes back in force after its effect was shown, with a reason", async () => {
    await open("/identity/model");
    fireEvent.click(await screen.findByTestId("model-restore-1", {}, WAIT));
    expect((await screen.findByTestId("model-restore-outcome", {}, WAIT)).textContent).toContain("21 split");
    const back = screen.getByTestId("model-restore");
    expect(back).toHaveProperty("disabled", true);
    fireEvent.change(screen.getByTestId("model-restore-reason"), { target: { value: "it was right" } });
    fireEvent.click(back);
    await waitFor(() => expect(writes("identity/model/restore")[0]?.body).toEqual({ to: 1, version: 4, reason: "it was right" }), WAIT);
  });
});

describe("what is put off", () => {
  it("leaves the queue until a day, and can be brought back", async () => {
    await open("/identity/review");
    const item = all(await screen.findByTestId("review-queue", {}, WAIT), "[data-item]")[0]?.dataset.item ?? "";
    fireEvent.click(await screen.findByTestId("verdict-later", {}, WAIT));
    await waitFor(() => expect(writes("identity/review/decide")).toHaveLength(1), WAIT);
    const body = writes("identity/review/decide")[0]?.body;
    expect(body?.items).toEqual([{ id: item, decision: "later" }]);
    expect(Date.parse(String(body?.until))).toBeGreaterThan(Date.now() + 6 * 86_400_000);
    await waitFor(() => expect(screen.queryByTestId(`review-${item}`)).toBeNull(), WAIT);
    cleanup();
    await open("/identity/review?status=later");
    expect(await screen.findByTestId("put-off", {}, WAIT)).toBeTruthy();
    fireEvent.click(screen.getByTestId("verdict-resume"));
    await waitFor(() => expect(writes("identity/review/decide").at(-1)?.body.items).toEqual([{ id: item, decision: "resume" }]), WAIT);
  });
});

describe("lists and versions", () => {
  it("a figure of the overview leads to its identifiers", async () => {
    await open("/identity");
    const cell = all(await screen.findByTestId("oneid-types", {}, WAIT), "a.op-chip")[0];
    expect(cell?.getAttribute("href")).toContain("/identity/identifiers?type=");
    const suspects = screen.getByTestId("oneid-suspicious");
    expect(suspects.textContent).toContain("Near the limit");
    expect(screen.getByTestId("oneid-unclaimed").textContent).toContain("14 numbers were handed on");
    cleanup();
    await open("/identity/identifiers?type=phone&touchpoint=mini_mall");
    const table = await screen.findByTestId("identifiers", {}, WAIT);
    expect(all(table, "tbody tr").length).toBeGreaterThan(0);
  });

  it("an earlier version of the rules is gone back to with a reason", async () => {
    await open("/identity/rules");
    fireEvent.click(await screen.findByTestId("restore-1", {}, WAIT));
    const reason = await screen.findByTestId("restore-reason", {}, WAIT);
    expect(screen.getByTestId("restore-rules")).toHaveProperty("disabled", true);
    fireEvent.change(reason, { target: { value: "it was right" } });
    fireEvent.click(screen.getByTestId("restore-rules"));
    await waitFor(() => expect(writes("identity/rules/restore")[0]?.body).toMatchObject({ to: 1, reason: "it was right" }), WAIT);
  });
});

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { useState } from "react";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Names } from "@/api/queries";
import { startTexts } from "@/i18n";
import type { Group, Json } from "../model";
import { fromJsonRoot } from "../read";
import { toJson, toJsonRoot } from "../write";
import { ConditionEditor, SequenceEditor } from "./ConditionEditor";

const title = (en: string): { zh: string; en: string } => ({ zh: en, en });
const names: Names = {
  events: [{ name: "order_paid", title: title("Order paid"), group: "order", fields: [{ name: "amount", title: title("Amount"), type: "money", values: [], value_titles: {} }] }],
  moves: [{ name: "segment_entered", title: title("Entered a segment"), group: null, fields: [{ name: "segment", title: title("Segment"), type: "text", values: ["vip"], value_titles: { vip: title("VIP") } }] }],
  attributes: [
    { name: "city", title: title("City"), type: "city", values: ["Shanghai"], value_titles: {} },
    { name: "birthday", title: title("Birthday"), type: "date", values: [], value_titles: {} },
  ],
  tags: [{ name: "level", title: title("Level"), kind: "state", type: "text", values: ["high"], value_titles: {} }],
  segments: [{ name: "vip", title: title("VIP") }],
  channels: [{ name: "tmall", title: title("Tmall") }],
  touchpoints: [{ name: "shop", title: title("Shop"), channel: "tmall" }],
  purposes: [{ name: "marketing", title: title("Marketing") }],
  consent_channels: [{ name: "sms", title: title("SMS") }],
  reach_channels: [{ name: "tmall", title: title("Tmall"), touchpoints: [{ name: "shop", title: title("Shop") }] }],
  lists: [{ name: "guests", title: title("Guests") }],
  regions: [],
};

let saved: Json = null;

function Host({ condition, problems = [], parts = [], approximate = false }: { condition: unknown; approximate?: boolean; problems?: { place: string; message: string; suggestion: string | null }[]; parts?: { place: string; size: number }[] }) {
  const [root, setRoot] = useState(() => fromJsonRoot(condition));
  const change = (next: Group): void => {
    saved = toJsonRoot(next);
    setRoot(next);
  };
  return <ConditionEditor root={root} names={names} problems={problems} parts={parts} approximate={approximate} onChange={change} />;
}

function show(host: React.ReactNode): void {
  render(<QueryClientProvider client={new QueryClient()}>{host}</QueryClientProvider>);
}

beforeAll(async () => {
  globalThis.ResizeObserver = class {
    observe(): void {}
    unobserve(): void {}
    disconnect(): void {}
  };
  await startTexts("en");
});
afterEach(cleanup);

describe("entering and leaving segments", () => {
  it("is asked of segments alone, with nothing that such events do not have", () => {
    show(<Host condition={{ did: "segment_entered", where: { segment: { in: ["vip"] } }, within: { last: "30 days" } }} />);
    expect(screen.getByText("Entered a segment")).toBeTruthy();
    expect(screen.getByText("VIP")).toBeTruthy();
    expect(screen.queryByLabelText("Which one")).toBeNull();
    for (const gone of [/filter/i, /where it happened/i]) expect(screen.queryByRole("button", { name: gone })).toBeNull();
    fireEvent.click(screen.getByRole("button", { name: /how often|how many|figure|count/i }));
    expect(saved).toEqual({ did: "segment_entered", where: { segment: { in: ["vip"] } }, within: { last: "30 days" }, times: { at_least: 2 } });
    saved = null;
  });
});

describe("the condition editor", () => {
  const condition = {
    all: [
      { did: "order_paid", where: { amount: { at_least: 100 } }, times: { at_least: 3 }, within: { last: "30 days" } },
      { not: { tag: "level", in: ["high"] } },
      { any: [{ attribute: "city", is: "Shanghai" }, { segment: "vip" }] },
      { sequence: [{ did: "order_paid" }, { did_not: "order_paid", for: "3 days" }, { did: "order_paid", gap: { at_least: "1 hour" } }], within: { last: "60 days" }, span: "7 days" },
      { consent: { purpose: "marketing", channel: "sms" } },
      { reachable: { channel: "tmall", touchpoint: "shop" } },
      { list: "guests" },
      { attribute: "birthday", anniversary: { in: { next: "7 days" } } },
      { did: "order_paid", since: "entry" },
      { did: "order_paid", since: "then" },
    ],
  };

  it("shows every part and changes nothing by showing it", () => {
    show(<Host condition={condition} />);
    expect(toJsonRoot(fromJsonRoot(condition))).toEqual(condition);
    expect(saved).toBeNull();
    expect(screen.getAllByTestId("condition-leaf-behaviour")).toHaveLength(2);
    expect(screen.getAllByTestId("condition-since")).toHaveLength(1);
    for (const kind of ["tag", "segment", "sequence", "consent", "reachable", "list", "raw"]) expect(screen.getAllByTestId(`condition-leaf-${kind}`)).toHaveLength(1);
    expect(screen.getAllByTestId("condition-leaf-attribute")).toHaveLength(2);
    expect(screen.getAllByRole("listitem").map((step) => step.dataset.did)).toEqual(["true", "false", "true"]);
    expect(screen.getAllByTestId("condition-group")).toHaveLength(1);
  });

  it("names every control", () => {
    show(<Host condition={condition} />);
    for (const role of ["combobox", "spinbutton", "button", "textbox"]) {
      for (const control of screen.queryAllByRole(role)) {
        const label = control.getAttribute("aria-label") ?? control.textContent;
        expect(label, control.outerHTML.slice(0, 200)).not.toBe("");
      }
    }
  });

  it("writes what is typed, chosen and taken away", () => {
    show(<Host condition={{ all: [{ did: "order_paid", times: { at_least: 3 } }, { segment: "vip" }] }} />);
    fireEvent.change(screen.getByRole("spinbutton", { name: "times" }), { target: { value: "5" } });
    expect(saved).toEqual({ all: [{ did: "order_paid", times: { at_least: 5 } }, { segment: "vip" }] });
    fireEvent.click(within(screen.getByTestId("condition-leaf-segment")).getByRole("button", { name: "Not" }));
    expect(saved).toEqual({ all: [{ did: "order_paid", times: { at_least: 5 } }, { not: { segment: "vip" } }] });
    fireEvent.click(screen.getByText("any of these"));
    fireEvent.click(within(screen.getByTestId("condition-leaf-behaviour")).getByRole("button", { name: "Delete the condition" }));
    expect(saved).toEqual({ not: { segment: "vip" } });
    fireEvent.click(screen.getByTestId("add-group"));
    expect(screen.getByText("No condition yet")).toBeTruthy();
  });

  it("shows problems and sizes at their places", () => {
    show(
      <Host
        condition={{ all: [{ segment: "vip" }, { did: "order_paid", where: { amuont: { is: 1 } } }] }}
        problems={[{ place: "all[1].where.amuont", message: "the event order_paid has no such field", suggestion: "amount" }]}
        parts={[
          { place: "", size: 7 },
          { place: "all[0]", size: 12_345 },
        ]}
      />,
    );
    const leaf = screen.getByTestId("condition-leaf-behaviour");
    expect(within(leaf).getByRole("alert").textContent).toContain("Use amount");
    expect(leaf.dataset.problem).toBe("true");
    expect(within(screen.getByTestId("condition-leaf-segment")).getByTestId("part-size").textContent).toContain("12.35K");
    fireEvent.click(within(leaf).getByTestId("use-suggestion"));
    expect(saved).toEqual({ all: [{ segment: "vip" }, { did: "order_paid", where: { amount: { is: 1 } } }] });
  });

  it("marks estimates, and shows how many get as far as each step", () => {
    show(<Host condition={{ sequence: [{ did: "order_paid" }, { did: "order_paid" }] }} approximate parts={[{ place: "sequence[0]", size: 90 }, { place: "sequence[1]", size: 12 }]} />);
    expect(screen.getAllByTestId("part-size").map((one) => one.textContent)).toEqual(["~90 people", "~12 people"]);
  });

  it("moves, adds and takes away steps by mouse and by keyboard", () => {
    show(<Host condition={{ sequence: [{ did: "order_paid" }, { did_not: "order_paid", for: "3 days" }, { did: "order_paid", gap: { at_most: "2 days" } }] }} />);
    fireEvent.keyDown(screen.getByTestId("step-handle-2"), { key: "ArrowUp" });
    expect(saved).toEqual({ sequence: [{ did: "order_paid" }, { did: "order_paid", gap: { at_most: "2 days" } }, { did_not: "order_paid", for: "3 days" }] });
    fireEvent.click(screen.getByRole("button", { name: "Move step 2 up" }));
    expect(saved).toEqual({ sequence: [{ did: "order_paid" }, { did: "order_paid" }, { did_not: "order_paid", for: "3 days" }] });
    fireEvent.keyDown(screen.getByTestId("step-handle-2"), { key: "Delete" });
    expect(saved).toEqual({ sequence: [{ did: "order_paid" }, { did: "order_paid" }] });
    fireEvent.click(screen.getByTestId("step-gap-1"));
    fireEvent.change(screen.getByRole("spinbutton", { name: "after the step before at most" }), { target: { value: "4" } });
    fireEvent.click(screen.getByTestId("add-step-did-not"));
    fireEvent.click(screen.getByTestId("add-span"));
    expect(saved).toEqual({ sequence: [{ did: "order_paid" }, { did: "order_paid", gap: { at_most: "4 days" } }, { did_not: "", for: "3 days" }], span: "7 days" });
    expect((screen.getByRole("button", { name: "Move step 3 down" }) as HTMLButtonElement).disabled).toBe(true);
    const data = { types: ["text/onepool-step"], getData: () => screen.getByTestId("step-handle-1").dataset.step ?? "" };
    fireEvent.drop(screen.getByTestId("step-2"), { dataTransfer: data });
    expect(saved).toEqual({ sequence: [{ did: "order_paid" }, { did_not: "", for: "3 days" }, { did: "order_paid", gap: { at_most: "4 days" } }], span: "7 days" });
  });

  it("changes a sequence that stands alone", () => {
    const [leaf] = fromJsonRoot({ sequence: [{ did: "order_paid" }] }).children;
    if (leaf?.kind !== "sequence") throw new Error("no sequence");
    let made: Json = null;
    show(<SequenceEditor leaf={leaf} names={names} problems={[{ place: "sequence[0].did", message: "unheard of", suggestion: null }]} onChange={(next) => (made = toJson(next))} />);
    expect(screen.getByRole("alert").textContent).toContain("unheard of");
    fireEvent.click(screen.getByTestId("add-step-did"));
    expect(made).toEqual({ sequence: [{ did: "order_paid" }, { did: "" }] });
  });
});

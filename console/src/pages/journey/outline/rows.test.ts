import { describe, expect, it } from "vitest";
import { CART } from "@/journeys/samples";
import { outline } from "./rows";

describe("the outline", () => {
  it("has each step once, ways of no choice as one", () => {
    const rows = outline(CART, new Set());
    const names = rows.filter((one) => !one.link).map((one) => one.name);
    expect([...names].sort()).toEqual(Object.keys(CART.nodes as object).sort());
    expect(names.slice(0, 4)).toEqual(["give", "send1", "wait3", "check"]);
    expect(rows.filter((one) => one.link).map((one) => [one.edge?.node, one.edge?.edge, one.name])).toEqual([]);
    expect(new Set(rows.map((one) => one.id)).size).toBe(rows.length);
    expect(rows.find((one) => one.name === "give")?.depth).toBe(0);
    expect(rows.find((one) => one.name === "send1")?.depth).toBe(1);
  });

  it("says of a way to a step shown elsewhere where it goes", () => {
    const rows = outline({ ...CART, nodes: { ...(CART.nodes as object), remind: { do: "send", next: "end_done", else: "end_unreachable" } } }, new Set());
    expect(rows.filter((one) => one.link).map((one) => [one.edge?.node, one.edge?.edge, one.name])).toEqual([["send1", "else", "end_unreachable"]]);
  });

  it("hides what a closed step leads to", () => {
    const rows = outline(CART, new Set(["send1"]));
    expect(rows.map((one) => one.name)).toEqual(["give", "send1", "end_no_stock"]);
  });

  it("shows what nobody comes to at the end", () => {
    const lost = { ...CART, nodes: { ...(CART.nodes as object), alone: { do: "end", as: "x" } } };
    expect(outline(lost, new Set()).at(-1)).toMatchObject({ name: "alone", edge: null, depth: 0 });
  });
});

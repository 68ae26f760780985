import { describe, expect, it } from "vitest";
import type { Graph, GraphNode, Link } from "@/api/identity";
import { drawn, MOST } from "./drawn";
import { NODE, place } from "./layout";

const node = (id: number, role: GraphNode["role"] = "member"): GraphNode => ({ identifier_id: id, type: "phone", title: { zh: "", en: "" }, class: "strong", scope: "", value: String(id), generation: 0, valid_from: null, first_seen: null, last_seen: null, role, customer_id: 1 });
const link = (id: number, a: number, b: number): Link => ({ link_id: id, a, b, rule: "same_event", touchpoint: "shop", first_time: "2026-01-01T00:00:00Z", last_time: "2026-01-01T00:00:00Z", count: 1, first_event: null, last_event: null, decision: null, candidate: null, trust: null, consent: "free", status: "joined", reason: null, confidence: null });
const graph = (nodes: GraphNode[], links: Link[]): Graph => ({ customer_id: 1, nodes, links, never: [], merged: [], truncated: false });

describe("the drawing of an identity graph", () => {
  it("leaves out what is too much, neighbours first, and links to what is left out", () => {
    const members = Array.from({ length: MOST - 1 }, (_, i) => node(i + 10));
    const few = drawn(graph([node(1, "neighbour"), node(2, "neighbour"), ...members], [link(1, 1, 10), link(2, 2, 10), link(3, 10, 11)]));
    expect(few.nodes).toHaveLength(MOST);
    expect(few.hidden).toBe(1);
    expect(few.nodes.filter((one) => one.role === "neighbour").map((one) => one.identifier_id)).toEqual([1]);
    expect(few.links.map((one) => one.link_id)).toEqual([1, 3]);
  });

  it("puts no box on another, with two links between the same two and parts that hang on nothing", () => {
    const nodes = [1, 2, 3, 4, 5].map((id) => node(id));
    const placed = place(nodes, [link(1, 1, 2), link(2, 1, 2), link(3, 1, 3), link(4, 2, 3)]);
    expect(placed.map((one) => one.node.identifier_id)).toEqual([1, 2, 3, 4, 5]);
    for (const one of placed) {
      for (const other of placed) {
        if (one !== other) expect(Math.abs(one.x - other.x) >= NODE.width || Math.abs(one.y - other.y) >= NODE.height).toBe(true);
      }
    }
    expect(place(nodes, [link(1, 1, 2)])).toEqual(place(nodes, [link(1, 1, 2)]));
  });

  it("places as many as are ever drawn", () => {
    const nodes = Array.from({ length: MOST }, (_, i) => node(i + 1));
    const placed = place(nodes, nodes.slice(1).map((one) => link(one.identifier_id, 1, one.identifier_id)));
    expect(new Set(placed.map((one) => `${one.x} ${one.y}`)).size).toBe(MOST);
    const [width, height] = [Math.max(...placed.map((one) => one.x)), Math.max(...placed.map((one) => one.y))];
    expect(width / height).toBeGreaterThan(1);
    expect(width / height).toBeLessThan(4);
  });
});

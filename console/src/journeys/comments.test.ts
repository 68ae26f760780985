import { expect, it } from "vitest";
import type { JourneyComment } from "@/api/comments";
import { openBy, threads } from "./comments";

const said = (id: number, node: string | null, resolved = false): JourneyComment => ({ id, node, text: `text ${id}`, author: "user:mei@brand.test", at: "2026-11-23T09:00:00Z", resolved_by: resolved ? "user:boss@brand.test" : "", resolved_at: resolved ? "2026-11-23T10:00:00Z" : null });
const ALL = [said(1, "pay"), said(2, "gone"), said(3, null), said(4, "ask", true), said(5, "pay", true), said(6, "pay")];

it("counts what is open, by step", () => {
  expect([...openBy(ALL)]).toEqual([["pay", 2], ["gone", 1], ["", 1]]);
});

it("shows the journey first, steps in their order, then steps that are no more", () => {
  const shown = (resolved: boolean) => threads(ALL, ["ask", "pay"], resolved).map(({ node, gone, items }) => [node, gone, items.map((one) => one.id)]);
  expect(shown(false)).toEqual([["", false, [3]], ["pay", false, [1, 6]], ["gone", true, [2]]]);
  expect(shown(true)).toEqual([["", false, [3]], ["ask", false, [4]], ["pay", false, [1, 5, 6]], ["gone", true, [2]]]);
});

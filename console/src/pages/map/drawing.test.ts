import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DataMap } from "@/api/insight";
import { csv } from "@/lib/download";
import { draw, thickness } from "./drawing";
import { BOX, extent, view } from "./layout";
import { picture } from "./picture";
import { cellOf, cellText } from "./state";
import { likeliest } from "./WhatIf";

const title = { zh: "a", en: "a" };
function map(names: string[]): DataMap {
  const places = names.map((touchpoint, i) => ({
    touchpoint, title, channel: i % 2 ? "tmall" : "wechat_oa", channel_title: title, declared: true, paused: false, customers: 10 * i, joined: i, only_here: 9 * i,
    events: i, events_30d: i, first_at: null, last_at: null, lag_seconds: null, late_share: null, island: i === 1,
  }));
  const linkage = names.slice(1).map((b, i) => ({ a: names[0] ?? "", b, customers: i + 1, share_a: 0.5, share_b: 0.25, carriers: [], chained: 0 }));
  const identifier_cells = names.map((touchpoint, i) => ({
    touchpoint, type: i % 3 ? "phone" : "openid", strength: "strong" as const, declared: true, identifiers: i, customers: i, times: i, fill: 0.5, joining: 0, first_at: null, last_at: null,
  }));
  return { at: "2026-01-01T00:00:00Z", customers: 1, identifiers: 1, reachable: 1, places, identifier_cells, signal_cells: [], linkage, flows: [], reach: [], reachable_by: {}, overlap: [], gaps: [], explained: [], identifier_titles: {}, signal_titles: {}, field_titles: {} };
}
const words = { title: (box: { name: string }) => box.name, note: () => "<1 & 2>", line: () => "3", group: () => "g" };
const names = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z_]{0,8}$/), { maxLength: 20 });

describe("the drawing", () => {
  it("has every touchpoint once, no two boxes on each other, and lines only between boxes", () => {
    fc.assert(
      fc.property(names, fc.constantFrom("links" as const, "identifiers" as const), (some, view) => {
        const { boxes, lines } = draw(map(some), view);
        expect(boxes.filter((one) => one.kind === "touchpoint").map((one) => one.name).sort()).toEqual([...some].sort());
        const ids = new Set(boxes.map((one) => one.id));
        expect(ids.size).toBe(boxes.length);
        for (const line of lines) expect(ids.has(line.source) && ids.has(line.target)).toBe(true);
        boxes.forEach((a, i) => boxes.slice(i + 1).forEach((b) => expect(Math.abs(a.x - b.x) >= BOX.width || Math.abs(a.y - b.y) >= BOX.height).toBe(true)));
      }),
      { numRuns: 60 },
    );
  });

  it("becomes a picture that any viewer reads, whatever the names", () => {
    const drawing = draw(map(["a", "b", "c"]), "links");
    const svg = picture(drawing, drawing.lines, { ...words, title: () => `<script>&"` });
    const parsed = new DOMParser().parseFromString(svg, "image/svg+xml");
    expect(parsed.querySelector("parsererror")).toBeNull();
    expect(parsed.querySelectorAll("g")).toHaveLength(3);
    expect(parsed.querySelectorAll("line")).toHaveLength(2);
  });

  it("is read without zooming: 34 touchpoints on a usual screen, none smaller than legible on a narrow one", () => {
    const channels = ["wechat_oa", "wechat_mini", "wecom", "douyin", "xiaohongshu", "tmall", "jd", "youzan", "sms", "email", "ads", "ads", "web", "app", "store", "crm", "webhook"];
    const many = map([...channels, ...channels].map((_, i) => `t${i}`));
    many.places.forEach((one, i) => (one.channel = channels[i % channels.length] ?? null));
    const drawing = draw(many, "links");
    expect(view(drawing, 1180)).toMatchObject({ whole: true });
    expect(view(drawing, 1180).zoom).toBeGreaterThanOrEqual(0.85);
    expect(view(drawing, 760).zoom).toBeGreaterThanOrEqual(0.85);
    // A group stands together, under its heading.
    for (const { group } of drawing.headings) expect(drawing.boxes.filter((one) => one.group === group).length).toBeGreaterThan(0);
    expect(extent(drawing).height).toBeLessThan(700);
    expect(view(draw(many, "identifiers"), 1180).zoom).toBeGreaterThanOrEqual(0.85);
  });

  it("shows of one touchpoint its neighbours, all of its lines, and the shares of its own customers", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.stringMatching(/^[a-z][a-z_]{0,8}$/), { minLength: 3, maxLength: 40 }), (some) => {
        const [first = "", second = ""] = some;
        const of = draw(map(some), "links", first);
        expect(of.boxes.map((one) => one.name).sort()).toEqual([...some].sort());
        expect(of.lines).toHaveLength(some.length - 1);
        expect(of.lines.every((one) => one.source === `touchpoint:${first}` && one.share === 0.5)).toBe(true);
        const other = draw(map(some), "links", second);
        expect(other.boxes.map((one) => one.name).sort()).toEqual([first, second].sort());
        expect(other.lines).toMatchObject([{ source: `touchpoint:${second}`, target: `touchpoint:${first}`, share: 0.25 }]);
        of.boxes.forEach((a, i) => of.boxes.slice(i + 1).forEach((b) => expect(Math.abs(a.x - b.x) >= BOX.width || Math.abs(a.y - b.y) >= BOX.height).toBe(true)));
      }),
      { numRuns: 40 },
    );
  });

  it("draws more as thicker", () => {
    expect(thickness(0, 0)).toBe(1);
    expect(thickness(10, 100)).toBeLessThan(thickness(100, 100));
  });
});

describe("what if", () => {
  it("begins with the largest touchpoint whose customers can be told apart", () => {
    const data = map(["a", "b", "c", "d"]);
    expect(likeliest(data)?.touchpoint).toBe("d");
    data.identifier_cells.filter((one) => one.touchpoint === "d").forEach((one) => (one.strength = "weak"));
    expect(likeliest(data)?.touchpoint).toBe("c");
    expect(likeliest({ ...data, identifier_cells: [] })?.touchpoint).toBe("d");
    expect(likeliest(map([]))).toBeUndefined();
  });
});

describe("addresses of numbers", () => {
  it("come back as they were, and anything else is nobody", () => {
    fc.assert(
      fc.property(fc.constantFrom("pair" as const, "identifier" as const), fc.string({ minLength: 1 }), fc.string(), (kind, touchpoint, other) => {
        expect(cellOf(cellText({ kind, touchpoint, other }))).toEqual({ kind, touchpoint, name: undefined, other: other || undefined });
      }),
    );
    for (const wrong of [undefined, "", "pair", "nothing/a", "%/%"]) expect(cellOf(wrong)).toBeNull();
  });
});

describe("tables as files", () => {
  it("quote what needs it and never hold a formula", () => {
    expect(csv([])).toBe("");
    expect(csv([{ a: 'x "y", z', b: "=1+1", c: null, d: -2 }])).toBe('a,b,c,d\r\n"x ""y"", z",\'=1+1,,-2');
  });
});

import { describe, expect, it } from "vitest";
import { type Draft, draftKey, readDraft, unchanged } from "./drafts";

const draft: Draft = { name: "vip", title: { zh: "a", en: "b" }, description: "", condition: { did: "x", times: { at_least: 2 } }, version: 3, at: "2026-11-22T06:00:00Z" };

describe("drafts", () => {
  it("are read as they were kept, and anything else is no draft", () => {
    expect(readDraft(JSON.stringify(draft))).toEqual(draft);
    expect(readDraft(JSON.stringify({ ...draft, version: null }))).toEqual({ ...draft, version: null });
    for (const odd of [null, "", "{", "[]", "null", JSON.stringify({ ...draft, title: "a" }), JSON.stringify({ ...draft, version: "3" }), JSON.stringify({ title: draft.title })]) {
      expect(readDraft(odd)).toBeNull();
    }
  });

  it("are one person's, one segment's, and apart for each beginning of a new one", () => {
    const keys = [draftKey("a", "vip", null), draftKey("b", "vip", null), draftKey("a", null, null), draftKey("a", null, { tag: "x", is: "y" })];
    expect(new Set(keys).size).toBe(4);
  });

  it("are over once they say what is published", () => {
    expect(unchanged(draft, { ...draft, name: "other", condition: { times: { at_least: 2 }, did: "x" } })).toBe(true);
    expect(unchanged(draft, { ...draft, description: "why" })).toBe(false);
    expect(unchanged(draft, { ...draft, condition: { did: "x" } })).toBe(false);
  });
});

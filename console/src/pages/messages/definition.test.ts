import { describe, expect, it } from "vitest";
import { contentOf, contents, free, put, renamed, titles, withContent } from "./definition";

describe("a message in its form", () => {
  it("keeps the order of keys and what it has no field for", () => {
    const whole = { message: "a", note: "kept", category: "service", contents: [] };
    expect(JSON.stringify(put(whole, "category", "promotion"))).toBe('{"message":"a","note":"kept","category":"promotion","contents":[]}');
    expect(put(whole, "note", "")).toEqual({ message: "a", category: "service", contents: [] });
    expect(Object.keys(renamed({ a: 1, b: 2, c: 3 }, "b", "x"))).toEqual(["a", "x", "c"]);
  });

  it("reads titles however they are written", () => {
    expect(titles("x")).toEqual({ zh: "x", en: "x" });
    expect(titles({ zh: "y" })).toEqual({ zh: "y", en: "" });
    expect(titles(undefined)).toEqual({ zh: "", en: "" });
  });

  it("adds, changes and takes away contents", () => {
    const one = withContent({ message: "a" }, 0, { template: "A" });
    const two = withContent(one, 1, { template: "B" });
    expect(contents(withContent(two, 0, { template: "C" })).map((each) => each.template)).toEqual(["C", "B"]);
    expect(contents(withContent(two, 0, null)).map((each) => each.template)).toEqual(["B"]);
  });

  it("finds free names and the content of a fault", () => {
    expect(free(["a", "a_2"], "a")).toBe("a_3");
    expect([contentOf("contents[2].content.text"), contentOf("variables.code")]).toEqual([2, null]);
  });
});

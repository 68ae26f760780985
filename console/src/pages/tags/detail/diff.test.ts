import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compared } from "./diff";

const text = fc.array(fc.constantFrom("a", "b", "c", "d"), { minLength: 1, maxLength: 12 }).map((lines) => lines.join("\n"));

describe("the difference of two texts", () => {
  it("leads from one to the other", () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        const lines = compared(before, after);
        const side = (not: string): string => lines.filter((one) => one.op !== not).map((one) => one.text).join("\n");
        expect(side("added")).toBe(before);
        expect(side("removed")).toBe(after);
      }),
    );
  });

  it("is small", () => {
    expect(compared("a\nb\nc\n", "a\nx\nc\n").map((one) => one.op)).toEqual(["same", "removed", "added", "same"]);
    expect(compared("a", "a").map((one) => one.op)).toEqual(["same"]);
  });
});

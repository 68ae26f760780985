import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { carried, emptyValue, fits, inputOf, type Kind, kindOf, OPERATORS, parseSpan, spanText, UNITS } from "./operators";

const kinds = Object.keys(OPERATORS) as Kind[];

describe("operators", () => {
  it("each have an input that shows its own empty value", () => {
    for (const kind of kinds) {
      for (const op of OPERATORS[kind]) {
        const input = inputOf(kind, op);
        expect(fits(input, emptyValue(input)), `${kind} ${op}`).toBe(true);
      }
    }
  });

  it("carry an operand over only where the new input can show it", () => {
    for (const kind of kinds) {
      for (const from of OPERATORS[kind]) {
        for (const to of OPERATORS[kind]) {
          const value = carried(kind, to, emptyValue(inputOf(kind, from)));
          expect(fits(inputOf(kind, to), value), `${kind} ${from} -> ${to}`).toBe(true);
        }
      }
    }
    expect(carried("text", "in", "a")).toEqual(["a"]);
    expect(carried("text", "is", ["a", "b"])).toBe("a");
  });

  it("read the spans they write", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999_999 }), fc.constantFrom(...UNITS), (count, unit) => {
        expect(parseSpan(spanText(count, unit))).toEqual({ count, unit });
      }),
    );
    expect(parseSpan("soon")).toBeNull();
  });

  it("treat types of the standard by kind", () => {
    expect(kindOf("money")).toBe("money");
    expect(kindOf("DECIMAL(18,4)")).toBe("money");
    expect(kindOf("city")).toBe("place");
    expect(kindOf("text_list")).toBe("list");
    expect(kindOf(undefined)).toBe("text");
  });
});

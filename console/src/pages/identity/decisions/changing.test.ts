import { expect, it } from "vitest";
import { changing } from "./changing";

const of = (segment: string, before: number, after: number, entering = 0, leaving = 0) => ({ segment, title: { zh: segment, en: segment }, before, after, entering, leaving });

it("shows the segments that change, the most moved first, and leaves out the others", () => {
  const found = changing([of("same", 587, 587), of("swapped", 3, 3, 2, 2), of("grown", 3, 4, 1), of("empty", 0, 0), of("b", 2, 1, 0, 1), of("a", 2, 1, 0, 1)]);
  expect(found.map((one) => one.segment)).toEqual(["swapped", "a", "b", "grown"]);
  expect(changing([of("same", 1, 1)])).toEqual([]);
});

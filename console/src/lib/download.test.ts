import { expect, test } from "vitest";
import { csv } from "./download";

test("no text is a formula for a spreadsheet, and numbers stay numbers", () => {
  const texts = ["=1+1", "+86", "-x", "@a", "\t=1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff20a"];
  expect(csv(texts.map((a) => ({ a }))).split("\r\n")).toEqual(["a", ...texts.map((one) => `'${one}`)]);
  expect(csv([{ a: "\n=1" }])).toBe('a\r\n"\'\n=1"');
  expect(csv([{ a: -5.5, b: null, c: "x, y" }])).toBe('a,b,c\r\n-5.5,,"x, y"');
});

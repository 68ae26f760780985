import { describe, expect, it } from "vitest";
import { titled } from "./titled";

const OF = { zh: "\u52a0\u8d2d\u53ec\u56de", en: "Cart recall" };

describe("the title of a journey made from a template", () => {
  it("is the template's where nothing else was typed", () => {
    expect(titled(OF, OF.zh, "zh-CN")).toEqual(OF);
    expect(titled(OF, OF.en, "en")).toEqual(OF);
  });
  it("is what was typed in both languages: no two journeys are called the same in one of them", () => {
    expect(titled(OF, "Spring carts", "en")).toEqual({ zh: "Spring carts", en: "Spring carts" });
    expect(titled(OF, "\u6625\u5b63", "zh-CN")).toEqual({ zh: "\u6625\u5b63", en: "\u6625\u5b63" });
  });
});

import { describe, expect, it } from "vitest";
import { givenOf } from "./given";

describe("what an act needs to know", () => {
  it("is written as name=value", () => {
    expect(givenOf("")).toEqual({});
    expect(givenOf("template_id=tpl1, accept=true code=a=b")).toEqual({ template_id: "tpl1", accept: "true", code: "a=b" });
    expect(givenOf("follow me")).toBeUndefined();
    expect(givenOf("=x")).toBeUndefined();
  });
});

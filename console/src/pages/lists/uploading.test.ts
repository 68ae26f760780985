import { describe, expect, it } from "vitest";
import { pasted, pastedFile, scopesOf, typeText } from "./uploading";

describe("what is put on a list", () => {
  it("is named as the server names it", () => {
    expect(typeText("phone", "")).toBe("phone");
    expect(typeText("member_no", " club ")).toBe("member_no@club");
    expect(typeText("", "club")).toBe("");
  });

  it("is read from a pasted text, whatever stands between the values", async () => {
    expect(pasted("13800001111, 13800002222\n13800003333\uff0c13800004444\t13800005555;;\r\n")).toEqual(["13800001111", "13800002222", "13800003333", "13800004444", "13800005555"]);
    expect(pasted("  \n")).toEqual([]);
    expect(pastedFile("a,b").size).toBe(4);
  });

  it("has the scopes that touchpoints have", () => {
    const touchpoints = [{ scopes: { member_no: "club", openid: "wx1" } }, { scopes: { member_no: "club" } }, { scopes: { member_no: "outlet" } }];
    expect(scopesOf("member_no", touchpoints as { scopes: Record<string, string> }[])).toEqual(["club", "outlet"]);
    expect(scopesOf("phone", [])).toEqual([]);
  });
});

import { renderHook } from "@testing-library/react";
import { expect, it } from "vitest";
import { useText } from "./useText";

it("calls a value by its own title only", () => {
  const { valueTitle } = renderHook(() => useText()).result.current;
  expect(valueTitle({ gold: "Gold" }, "gold")).toBe("Gold");
  expect(["constructor", "toString", "__proto__"].map((value) => valueTitle({ gold: "Gold" }, value))).toEqual(["constructor", "toString", "__proto__"]);
});

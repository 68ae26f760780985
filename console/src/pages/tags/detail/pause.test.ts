import { expect, it } from "vitest";
import { pause } from "./pause";

it("asks seldom once a tag has its values", () => {
  const old = { as_of: "2026-01-02T00:00:00Z", changed_at: "2026-01-01T00:00:00Z" };
  expect(pause(undefined, 0)).toBe(5_000);
  expect(pause(old, 1)).toBe(5_000);
  expect(pause(old, 50)).toBe(30_000);
  expect(pause({ ...old, as_of: null }, 50)).toBe(5_000);
  expect(pause({ ...old, changed_at: new Date().toISOString() }, 50)).toBe(5_000);
});

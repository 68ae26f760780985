import dayjs from "dayjs";
import { describe, expect, it } from "vitest";
import { asked, rangeIn, settled } from "./range";

describe("the range of figures", () => {
  const now = new Date("2026-06-20T12:00:00Z");

  it("takes only what it knows from an address", () => {
    expect(rangeIn({ days: "30", from: "2026-13-01", to: "yesterday", version: "2" })).toEqual({ days: 30, all: undefined, from: undefined, to: undefined, version: 2 });
    expect(rangeIn({ days: "12", all: "1", from: "2026-06-01" })).toEqual({ days: undefined, all: 1, from: "2026-06-01", to: undefined, version: undefined });
  });

  it("asks for whole days, the last one included", () => {
    expect(asked({ from: "2026-06-01", to: "2026-06-02" }, now)).toEqual({ from: dayjs("2026-06-01").toISOString(), to: dayjs("2026-06-03").toISOString(), version: undefined });
    expect(asked({ days: 7, version: 3 }, now)).toEqual({ from: "2026-06-13T12:00:00.000Z", version: 3 });
    expect(asked({ all: 1 }, now).from).toBe("2000-01-01T00:00:00Z");
    expect(asked({}, now)).toEqual({ from: undefined, version: undefined });
  });

  it("has days of its own only where nothing is said", () => {
    expect(settled({ version: 2 }, 30)).toMatchObject({ days: 30, version: 2 });
    expect(settled({ all: 1 }, 30)).toMatchObject({ all: 1, days: undefined });
  });
});

/** The span of runs that figures are about, as the address keeps it and as the server is asked. */
import dayjs from "dayjs";
import { count, flag, type Raw, text } from "@/lib/search";
import { type Days, type RangeSearch, SPANS } from "./state";

const DAY = /^\d{4}-\d{2}-\d{2}$/;
/** Before there was any journey. */
const FIRST = "2000-01-01T00:00:00Z";

const day = (raw: Raw, key: string): string | undefined => {
  const found = text(raw, key);
  // A day that there is not becomes another one.
  return found !== undefined && DAY.test(found) && dayjs(found).format("YYYY-MM-DD") === found ? found : undefined;
};

/** What of a range stands in an address. */
export function rangeIn(raw: Raw): RangeSearch {
  return { days: SPANS.find((one) => one === count(raw, "days")), all: flag(raw, "all"), from: day(raw, "from"), to: day(raw, "to"), version: count(raw, "version") };
}

/** The part of a page's address that is its range, to be handed on to another page. */
export function rangeOf({ days, all, from, to, version }: RangeSearch): RangeSearch {
  return { days, all, from, to, version };
}

/** The same with the days that hold where nothing is said. */
export function settled(search: RangeSearch, days: Days): RangeSearch {
  const found = rangeOf(search);
  return said(found) ? found : { ...found, days };
}

const said = ({ days, all, from, to }: RangeSearch): boolean => days !== undefined || all !== undefined || from !== undefined || to !== undefined;

/** As the server is asked: instants, `to` not included. Nothing where the range says nothing. */
export function asked({ days, all, from, to, version }: RangeSearch, now = new Date()): { from?: string; to?: string; version?: number } {
  if (from !== undefined || to !== undefined) return { from: from === undefined ? FIRST : dayjs(from).toISOString(), to: to === undefined ? undefined : dayjs(to).add(1, "day").toISOString(), version };
  if (all === 1) return { from: FIRST, version };
  return { from: days === undefined ? undefined : new Date(now.getTime() - days * 86_400_000).toISOString(), version };
}

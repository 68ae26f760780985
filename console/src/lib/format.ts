/** Numbers and times as the viewer's language writes them. Pure: language, zone and "now" come in as arguments. */
import type { Language } from "@/app/preferences";

const kept = new Map<string, Intl.NumberFormat>();

function number(language: Language, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = language + JSON.stringify(options);
  let found = kept.get(key);
  if (found === undefined) {
    found = new Intl.NumberFormat(language, options);
    kept.set(key, found);
  }
  return found;
}

/** 1234567 -> "1,234,567" */
export function exact(value: number, language: Language, digits = 0): string {
  return number(language, { maximumFractionDigits: digits }).format(value);
}

/** A large number in at most four figures and two decimals: 12.35 ten-thousands in Chinese, "1.23M" in English; below ten thousand itself. */
export function compact(value: number, language: Language): string {
  if (Math.abs(value) < 10_000) return exact(value, language, Number.isInteger(value) ? 0 : 2);
  return number(language, { notation: "compact", maximumSignificantDigits: 4, maximumFractionDigits: 2, roundingPriority: "lessPrecision" } as Intl.NumberFormatOptions).format(value);
}

/** A share of one: 0.1234 -> "12.3%"; a share too small to show is "<0.1%", not zero. */
export function percent(share: number, language: Language): string {
  if (share > 0 && share < 0.001) return `<${number(language, { style: "percent", maximumFractionDigits: 1 }).format(0.001)}`;
  return number(language, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(share);
}

/** Money with its currency; a bare number when the currency is unknown. Amounts come as decimal text or numbers. */
export function money(value: number | string, currency: string | null | undefined, language: Language): string {
  const amount = typeof value === "string" ? Number(value) : value;
  if (!Number.isFinite(amount)) return String(value);
  const digits = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  if (!currency) return number(language, digits).format(amount);
  try {
    return number(language, { ...digits, style: "currency", currency, currencyDisplay: "narrowSymbol" }).format(amount);
  } catch (error) {
    if (error instanceof RangeError) return `${number(language, digits).format(amount)} ${currency}`;
    throw error;
  }
}

const clocks = new Map<string, Intl.DateTimeFormat>();

function parts(instant: Date, zone: string | undefined): Record<string, string> {
  const key = zone ?? "";
  let found = clocks.get(key);
  if (found === undefined) {
    found = new Intl.DateTimeFormat("en-CA", {
      timeZone: zone,
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hourCycle: "h23",
    });
    clocks.set(key, found);
  }
  return Object.fromEntries(found.formatToParts(instant).map((part) => [part.type, part.value]));
}

export function day(instant: string | Date, zone?: string): string {
  const p = parts(new Date(instant), zone);
  return `${p.year}-${p.month}-${p.day}`;
}

export function clock(instant: string | Date, zone?: string, seconds = false): string {
  const p = parts(new Date(instant), zone);
  return seconds ? `${p.hour}:${p.minute}:${p.second}` : `${p.hour}:${p.minute}`;
}

/** "2026-11-21 14:05" in the given zone (the viewer's when none is given). */
export function dateTime(instant: string | Date, zone?: string, seconds = false): string {
  return `${day(instant, zone)} ${clock(instant, zone, seconds)}`;
}

/** The instant at which a clock of the zone shows `2026-11-21T14:05` (the viewer's clock where no zone is given). */
export function instantOf(local: string, zone?: string): Date {
  if (zone === undefined) return new Date(local);
  const wanted = Date.parse(`${local}Z`);
  let found = wanted;
  // Twice: the zone's offset may be another one at the instant that the first step leads to.
  for (let i = 0; i < 2; i++) found += wanted - Date.parse(`${dateTime(new Date(found), zone, true).replace(" ", "T")}Z`);
  return new Date(found);
}

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ["second", 60],
  ["minute", 60],
  ["hour", 24],
  ["day", 30],
  ["month", 12],
  ["year", Number.POSITIVE_INFINITY],
];

/** "3 minutes ago", "yesterday", "in 2 days". */
export function relative(instant: string | Date, now: Date, language: Language): string {
  let amount = (new Date(instant).getTime() - now.getTime()) / 1000;
  // The clock of the page ticks in steps and may be a little behind: what has just happened is not in the future.
  if (amount > 0 && amount < 60) amount = 0;
  const words = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  for (const [unit, size] of steps) {
    if (Math.abs(amount) < size) return words.format(Math.round(amount), unit);
    amount /= size;
  }
  return words.format(Math.round(amount), "year");
}

/** A span of seconds in at most two units: 0.4 -> "400 ms", 3700 -> "1 hr 2 min". */
export function span(seconds: number, language: Language): string {
  const unit = (value: number, name: string, digits = 0): string =>
    number(language, { style: "unit", unit: name, unitDisplay: "short", maximumFractionDigits: digits }).format(value);
  if (seconds < 0.001) return `<${unit(1, "millisecond")}`;
  if (seconds < 1) return unit(seconds * 1000, "millisecond");
  if (seconds < 60) return unit(seconds, "second", seconds < 10 ? 1 : 0);
  if (seconds < 3600) return unit(Math.round(seconds / 60), "minute");
  const join = (a: string, b: string | null): string => (b === null ? a : `${a} ${b}`);
  if (seconds < 86_400) {
    const minutes = Math.round((seconds % 3600) / 60);
    return join(unit(Math.floor(seconds / 3600), "hour"), minutes ? unit(minutes, "minute") : null);
  }
  const hours = Math.floor((seconds % 86_400) / 3600);
  return join(unit(Math.floor(seconds / 86_400), "day"), hours ? unit(hours, "hour") : null);
}

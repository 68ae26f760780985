/** The form of a touchpoint's settings as its channel's manifest draws it: what is asked first, what is wrong, what is saved. */
import type { Setting } from "@/api/touchpoints";
import { drawnElsewhere } from "../words";

export type Values = Record<string, unknown>;
export type FaultKind = "missing" | "pattern" | "text";

/** Fields shown before "more", with the name and the title of the touchpoint. */
const SHOWN = 7;
const OWN = 2;

export const REFERENCE = /^env:ONEPOOL_SECRET_[A-Z0-9_]+$/;
export const NAME = /^[A-Za-z0-9_]{1,60}$/;

const empty = (value: unknown): boolean => value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);

/** Settings in two parts: those that are needed (and as many others as there is room for), and the rest. */
export function parted(channel: string, settings: Setting[]): { first: Setting[]; more: Setting[] } {
  const drawn = settings.filter((one) => !drawnElsewhere(channel, one.name));
  const needed = drawn.filter((one) => one.required);
  const room = Math.max(0, SHOWN - OWN - needed.length);
  // What could not be checked against the platform's pages has a default that is rarely touched; a key of before is rare.
  const others = drawn.filter((one) => !one.required && !one.unverified && !one.name.startsWith("previous_")).slice(0, room);
  const first = new Set([...needed, ...others]);
  return { first: drawn.filter((one) => first.has(one)), more: drawn.filter((one) => !first.has(one)) };
}

function fits(pattern: string, value: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`, "u").test(value);
  } catch (error) {
    // A pattern that only the server's dialect knows is left to the server.
    if (error instanceof SyntaxError) return true;
    throw error;
  }
}

/** What is wrong before anything is sent. `kept`: secrets that the server has. `broken`: fields with a text that can't be read. */
export function faultsOf(settings: Setting[], values: Values, kept: ReadonlySet<string>, broken: ReadonlySet<string>): Record<string, FaultKind> {
  const faults: Record<string, FaultKind> = {};
  for (const one of settings) {
    const value = values[one.name];
    if (broken.has(one.name)) faults[one.name] = "text";
    else if (empty(value)) {
      if (one.required && !(one.kind === "secret" && kept.has(one.name))) faults[one.name] = "missing";
    } else if (one.pattern !== null && (one.kind === "text" || one.kind === "choice") && !fits(one.pattern, String(value))) faults[one.name] = "pattern";
  }
  return faults;
}

/** What is saved: nothing empty, nothing that only repeats the default, secrets apart. */
export function savedOf(settings: Setting[], values: Values, before: Values): { settings: Values; secrets: Record<string, string> } {
  const saved: Values = {};
  const secrets: Record<string, string> = {};
  for (const one of settings) {
    const value = values[one.name];
    if (one.kind === "secret") {
      const typed = typeof value === "string" ? value.trim() : "";
      if (typed === "") {
        if (!empty(before[one.name])) saved[one.name] = before[one.name];
      } else if (REFERENCE.test(typed)) saved[one.name] = typed;
      else secrets[one.name] = typed;
    } else if (!empty(value) && (one.required || JSON.stringify(value) !== JSON.stringify(one.default))) saved[one.name] = typeof value === "string" ? value.trim() : value;
  }
  return { settings: saved, secrets };
}

/** What the fields show at first; secrets are never shown. */
export function shownOf(settings: Setting[], before: Values): Values {
  return Object.fromEntries(settings.filter((one) => one.kind !== "secret").map((one) => [one.name, before[one.name] ?? one.default ?? undefined]));
}

/** A name for a new touchpoint that nobody has. */
export function freshName(channel: string, taken: readonly string[]): string {
  for (let n = 1; ; n += 1) {
    const name = n === 1 ? channel : `${channel}_${n}`;
    if (!taken.includes(name)) return name;
  }
}

/** Faults that the server found, by setting; the others stay with the whole form. */
export function faultsAt(problems: readonly { place: string; message: string }[]): Record<string, string> {
  return Object.fromEntries(problems.filter((one) => one.place.startsWith("settings.")).map((one) => [one.place.slice("settings.".length), one.message]));
}

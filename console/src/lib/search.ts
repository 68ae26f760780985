/** Readers for what stands in the address: anything unexpected is left out, never an error. */
export type Raw = Record<string, unknown>;

export function text(raw: Raw, key: string): string | undefined {
  const value = raw[key];
  if (typeof value === "string" && value !== "") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

export function count(raw: Raw, key: string, max = Number.MAX_SAFE_INTEGER): number | undefined {
  const value = Number(raw[key]);
  return Number.isInteger(value) && value >= 1 && value <= max ? value : undefined;
}

/** A number that the server gave to something: the first of its kind is 0. */
export function id(raw: Raw, key: string): number | undefined {
  const value = text(raw, key) === undefined ? Number.NaN : Number(raw[key]);
  return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** A switch that is on, or left out. */
export function flag(raw: Raw, key: string): 1 | undefined {
  return count(raw, key, 1) === 1 ? 1 : undefined;
}

export function oneOf<T extends string>(raw: Raw, key: string, allowed: readonly T[]): T | undefined {
  return allowed.find((one) => one === raw[key]);
}

export function names(raw: Raw, key: string): string[] | undefined {
  const value = text(raw, key);
  return value?.split(",").filter((name) => name !== "");
}

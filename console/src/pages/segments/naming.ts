/** Names of definitions: what the server accepts. */
export const NAME = /^[a-z][a-z0-9_]{0,62}$/;

/** A name for something new until someone gives a better one: the minute it was begun. */
export function freshName(now: Date, kind: "segment" | "list" = "segment"): string {
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${kind}_${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}_${two(now.getHours())}${two(now.getMinutes())}`;
}

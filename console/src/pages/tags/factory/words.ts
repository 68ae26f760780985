/** A name for a new tag until someone gives a better one: the minute it was begun. */
export function freshName(now: Date): string {
  const two = (n: number): string => String(n).padStart(2, "0");
  return `tag_${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}_${two(now.getHours())}${two(now.getMinutes())}`;
}

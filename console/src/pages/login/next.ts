/** Where to go after signing in. Only places of this console: an address of another site is not followed. */
export function placeAfter(next: string | undefined): string {
  return next?.startsWith("/") && !next.startsWith("//") && !next.startsWith("/\\") ? next : "/";
}

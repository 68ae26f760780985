/** What is put on a list: the kind of its identifiers, and a pasted text as a file. Pure. */

export interface IdentifierType {
  name: string;
  /** Whether a value names somebody only together with where it is from (a shop, an app). */
  scoped: boolean;
}

/** What the server calls a type with its scope: `member_no@club`. Empty: the server finds out by the name of the column. */
export function typeText(type: string, scope: string): string {
  return scope.trim() === "" || type === "" ? type : `${type}@${scope.trim()}`;
}

/** Lines as they were pasted; several on one line are told apart by commas, semicolons or tabs. */
export function pasted(text: string): string[] {
  return text
    .split(/[\s,;\uff0c\uff1b\u3001]+/)
    .map((one) => one.trim())
    .filter((one) => one !== "");
}

/** A pasted text as the file to send: a value a line. */
export function pastedFile(text: string): Blob {
  return new Blob([`${pasted(text).join("\n")}\n`], { type: "text/plain" });
}

/** The scopes that touchpoints have for a type. */
export function scopesOf(type: string, touchpoints: { scopes: Record<string, string> }[]): string[] {
  return [...new Set(touchpoints.flatMap((one) => one.scopes[type] ?? []))].sort();
}

/** Largest file that is sent from a browser. */
export const LARGEST_MB = 200;

/** JSONPath (RFC 9535), as far as pointing at things needs it. */
export type Step = string | number;

const PLAIN = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The path of a place in a document: `$.a.b[0]['c d']`. */
export function pathOf(steps: readonly Step[]): string {
  return `$${steps.map((one) => (typeof one === "number" ? `[${one}]` : PLAIN.test(one) ? `.${one}` : `['${one.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}']`)).join("")}`;
}

const TOKEN = /\.([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)|\[(\d+)\]|(\.\*|\[\*\])|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]/y;

/** The values that a simple path points at (names, numbers and *); null for what only the server can follow. */
export function follow(path: string, root: unknown): unknown[] | null {
  if (!path.startsWith("$")) return null;
  let found: unknown[] = [root];
  TOKEN.lastIndex = 1;
  while (TOKEN.lastIndex < path.length) {
    const [, name, index, star, single, double] = TOKEN.exec(path) ?? [];
    const key = name ?? (single ?? double)?.replace(/\\(.)/g, "$1");
    if (star !== undefined) found = found.flatMap((one) => (typeof one === "object" && one !== null ? (Object.values(one) as unknown[]) : []));
    else if (index !== undefined) found = found.flatMap((one) => (Array.isArray(one) && Number(index) < one.length ? [one[Number(index)] as unknown] : []));
    else if (key !== undefined) found = found.flatMap((one) => (typeof one === "object" && one !== null && !Array.isArray(one) && Object.hasOwn(one, key) ? [(one as Record<string, unknown>)[key]] : []));
    else return null;
  }
  return found;
}

/** A scalar as it is typed: texts as they are, but in quotes where they would be read as something else. */
export function scalarText(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value) ?? "";
  return typeof scalarOf(value) === "string" && !value.startsWith('"') ? value : JSON.stringify(value);
}

/** What a typed scalar means: numbers, true, false, null and quoted texts as in YAML; everything else is a text. */
export function scalarOf(text: string): unknown {
  if (/^(-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?|true|false|null|".*")$/s.test(text)) {
    try {
      return JSON.parse(text) as unknown;
    } catch (error) {
      if (error instanceof SyntaxError) return text;
      throw error;
    }
  }
  return text;
}

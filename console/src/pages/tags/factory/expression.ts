/** What can be seen of a formula without the server: its words, its brackets. The server says the rest. */
export interface Word {
  text: string;
  from: number;
  to: number;
  kind: "name" | "number" | "text" | "mark";
}

const TOKEN = /\s+|([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)|(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|('(?:[^']|'')*'|"(?:[^"]|"")*")|([-+*/%^(),=<>!]+?)/y;

/** The words of a formula, or the place of the first sign that is none. */
export function wordsOf(text: string): Word[] | { at: number } {
  const words: Word[] = [];
  let at = 0;
  while (at < text.length) {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    if (found === null) return { at };
    const [whole, name, number, quoted, mark] = found;
    const to = at + whole.length;
    if (name !== undefined) words.push({ text: name, from: at, to, kind: "name" });
    else if (number !== undefined) words.push({ text: number, from: at, to, kind: "number" });
    else if (quoted !== undefined) words.push({ text: quoted, from: at, to, kind: "text" });
    else if (mark !== undefined) words.push({ text: mark, from: at, to, kind: "mark" });
    at = to;
  }
  return words;
}

export type Fault = { what: "sign"; word: string } | { what: "open" } | { what: "closed" } | { what: "name"; word: string; meant: string | null };

const WORDS = new Set(["and", "or", "not", "true", "false", "null", "if", "then", "else", "case", "when", "end", "is", "in", "between"]);

export interface KnownNames {
  inputs: string[];
  functions: string[];
  tags: string[];
  attributes: string[];
}

/** The first thing that can't be right. */
export function faultOf(text: string, known: KnownNames): Fault | null {
  const words = wordsOf(text);
  if (!Array.isArray(words)) return { what: "sign", word: text[words.at] ?? "" };
  let depth = 0;
  for (const [i, word] of words.entries()) {
    if (word.text === "(") depth += 1;
    if (word.text === ")") depth -= 1;
    if (depth < 0) return { what: "closed" };
    if (word.kind !== "name" || WORDS.has(word.text.toLowerCase())) continue;
    const called = words[i + 1]?.text === "(";
    const [head, ...rest] = word.text.split(".");
    const name = rest.join(".");
    const names = called ? known.functions : head === "tag" && name !== "" ? known.tags : head === "attribute" && name !== "" ? known.attributes : known.inputs;
    const asked = names === known.tags || names === known.attributes ? name : word.text;
    if (!names.includes(asked)) return { what: "name", word: word.text, meant: nearest(asked, names) };
  }
  return depth > 0 ? { what: "open" } : null;
}

/** The name that differs in the fewest letters, if it is few. */
export function nearest(word: string, names: string[]): string | null {
  const most = Math.max(1, Math.floor(word.length / 3));
  const [best] = names
    .map((name) => ({ name, far: distance(word.toLowerCase(), name.toLowerCase()) }))
    .filter((one) => one.far <= most)
    .sort((a, b) => a.far - b.far || a.name.localeCompare(b.name));
  return best?.name ?? null;
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let k = 1; k <= b.length; k++) next.push(Math.min((row[k] ?? 0) + 1, (next[k - 1] ?? 0) + 1, (row[k - 1] ?? 0) + (a[i - 1] === b[k - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length] ?? 0;
}

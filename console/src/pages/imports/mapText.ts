/** The mapping as text: the form writes into it, what people wrote beside stays as it is. Pure. */
import { isMap, parseDocument } from "yaml";

/** What is wrong with the text, in the parser's words; null when it can be read. */
export function wrongIn(text: string): string | null {
  const document = parseDocument(text);
  return document.errors[0]?.message ?? null;
}

/** What the mapping says of a column: a target, null (left out), or undefined where it says nothing or more than a name. */
export function columnIn(text: string, name: string): string | null | undefined {
  const said: unknown = parseDocument(text).getIn(["columns", name]);
  return said === null || typeof said === "string" ? said : undefined;
}

/** The text with another meaning of a column; undefined: as its name says. A text that can't be read stays. */
export function withColumn(text: string, name: string, target: string | null | undefined): string {
  const document = parseDocument(text);
  if (document.errors.length > 0) return text;
  if (document.contents !== null && !isMap(document.contents)) return text;
  const columns: unknown = document.get("columns");
  if (target !== undefined) {
    if (columns !== undefined && columns !== null && !isMap(columns)) return text;
    if (!isMap(columns)) document.set("columns", document.createNode({}));
    document.setIn(["columns", name], target);
  } else if (isMap(columns)) {
    document.deleteIn(["columns", name]);
    if (columns.items.length === 0) document.delete("columns");
  }
  const empty = isMap(document.contents) && document.contents.items.length === 0;
  return empty ? "" : document.toString({ lineWidth: 0 });
}

/** What the server's schema says of formulas. */
import { isObject } from "@/conditions/model";

export interface FormulaFunction {
  name: string;
  zh: string;
  en: string;
}

export function functionsIn(schema: unknown): FormulaFunction[] {
  if (!isObject(schema)) return [];
  const listed = schema["x-functions"];
  if (!isObject(listed)) return [];
  const said = (one: unknown): string => (typeof one === "string" ? one : "");
  return Object.entries(listed).map(([name, one]) => ({ name, zh: isObject(one) ? said(one.zh) : "", en: isObject(one) ? said(one.en) : "" }));
}

import { isObject } from "@/conditions/model";
import type { NameBook } from "@/conditions/names";
import { type Definition, lent } from "@/journeys/model";

export interface Lent {
  value: string;
  name: string;
  source: "trigger" | "vars" | "params";
}

/** Fields of the event that starts a run, what steps save, parameters: by what they are written as. */
export function lentNames(definition: Definition, book: NameBook): Lent[] {
  const { entry } = definition;
  const { vars, params } = lent(definition);
  const fields = !isObject(entry)
    ? []
    : typeof entry.did === "string"
      ? book.fieldsOf(entry.did).map((one) => ({ key: one.value, name: one.label }))
      : isObject(entry.fields)
        ? Object.keys(entry.fields).map((one) => ({ key: one, name: one }))
        : [];
  return [
    ...fields.map(({ key, name }): Lent => ({ value: `$trigger.${key}`, name, source: "trigger" })),
    ...vars.map((name): Lent => ({ value: `$vars.${name}`, name, source: "vars" })),
    ...params.map((name): Lent => ({ value: `$params.${name}`, name, source: "params" })),
  ];
}

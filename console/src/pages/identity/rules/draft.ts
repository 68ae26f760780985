/** Changes to the rules of identity while they are edited. Pure: from the rules in force and the changes to the body to publish. */
import type { Rules, TypeRule } from "@/api/identity";

/** What can be set for a type of identifiers. */
export const FIELDS = ["class", "priority", "verified", "max_per_customer", "max_customers", "recycle_days", "lifetime_days"] as const;
export type Field = (typeof FIELDS)[number];
export type Setting = string | number | boolean | null;
/** Takes the workspace's own setting away, so that the standard's holds. */
export const STANDARD = "standard:";

/** Path of a setting -> its new value: `types.phone.max_customers`, `max_identifiers`, `likelihood.join`. */
export type Draft = Readonly<Record<string, Setting>>;

export const pathOf = (type: string, field: Field): string => `types.${type}.${field}`;

/** The value in force at a path; undefined when the rules have no such thing. */
export function inForce(rules: Rules, path: string): Setting | undefined {
  const [head, name, field] = path.split(".");
  if (head === "types") return rules.types.find((one) => one.type === name)?.[field as Field];
  if (head === "likelihood") return rules.likelihood[name as "join"];
  return head === "max_identifiers" || head === "names" || head === "contacts" ? rules[head] : undefined;
}

/** The draft with one setting changed; set back to what is in force, it is no change. */
export function set(rules: Rules, draft: Draft, path: string, value: Setting): Draft {
  const { [path]: _, ...rest } = draft;
  return value === inForce(rules, path) ? rest : { ...rest, [path]: value };
}

/** All of a type back to the standard. */
export function reset(draft: Draft, type: TypeRule): Draft {
  const kept = Object.fromEntries(Object.entries(draft).filter(([path]) => !path.startsWith(`types.${type.type}.`)));
  const back = Object.fromEntries(FIELDS.filter((field) => type.overridden.includes(field)).map((field) => [pathOf(type.type, field), STANDARD]));
  return { ...kept, ...back };
}

type Body = { [key: string]: unknown };
const object = (value: unknown): Body => (typeof value === "object" && value !== null && !Array.isArray(value) ? { ...(value as Body) } : {});

/** The body to publish: what stands there now, with the changes; what the editor has no controls for stays as it is. */
export function toBody(rules: Rules, draft: Draft): Body {
  const body = object(rules.body);
  const put = (at: Body, [key, ...rest]: string[], value: Setting): Body => {
    if (key === undefined) return at;
    const next = { ...at };
    if (rest.length > 0) {
      const inner = put(object(at[key]), rest, value);
      if (Object.keys(inner).length === 0) Reflect.deleteProperty(next, key);
      else next[key] = inner;
    } else if (value === STANDARD) Reflect.deleteProperty(next, key);
    // In a definition 0 stands for "no limit": nothing at all means "as the standard says".
    else next[key] = value ?? 0;
    return next;
  };
  return Object.entries(draft).reduce((at, [path, value]) => put(at, path.split("."), value), body);
}

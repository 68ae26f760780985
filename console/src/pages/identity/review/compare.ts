/** Two customers side by side: what is alike, what differs, what only one has. Pure. */
import type { CustomerBrief, IdentifierBrief } from "@/api/identity";

export type Likeness = "same" | "masked" | "differs" | "one" | "none";

export interface Row {
  key: string;
  kind: "contact" | "identifier" | "attribute";
  a: string[];
  b: string[];
  likeness: Likeness;
  /** The title of an identifier's type. */
  title?: IdentifierBrief["title"];
}

/** What a masked value may stand for: each run of stars for one character or more. */
const shown = (masked: string): RegExp => new RegExp(`^${masked.split(/\*+/).map((part) => part.replace(/[.?+^${}()|[\]\\]/g, "\\$&")).join(".+")}$`);
const mayBe = (one: string, other: string): boolean => (one.includes("*") && shown(one).test(other)) || (other.includes("*") && shown(other).test(one));

/** Alike when anything is shared: a customer may have two phones. What a mask leaves may be alike for two people. */
export function likeness(a: string[], b: string[]): Likeness {
  if (a.length === 0 && b.length === 0) return "none";
  if (a.length === 0 || b.length === 0) return "one";
  if (a.some((one) => b.includes(one) && !one.includes("*"))) return "same";
  return a.some((one) => b.some((other) => mayBe(one, other))) ? "masked" : "differs";
}

function byType(customer: CustomerBrief): Map<string, IdentifierBrief[]> {
  const found = new Map<string, IdentifierBrief[]>();
  for (const one of customer.identifiers) found.set(`${one.type}@${one.scope}`, [...(found.get(`${one.type}@${one.scope}`) ?? []), one]);
  return found;
}

/** The name that somebody bears: a nick name that stands in for it on lists is compared as what it is. */
const named = (of: CustomerBrief): string | null => (of.attributes.name === undefined && of.name === of.attributes.nickname ? null : of.name);
const listed = (value: string | null | undefined): string[] => (value === null || value === undefined || value === "" ? [] : [value]);

/** What speaks, for or against, comes before what only one side has. */
const ORDER: Record<Likeness, number> = { differs: 0, same: 0, masked: 0, one: 1, none: 2 };

/** The rows to compare: the name, then identifiers by type and scope, then attributes; a phone that is both stands in one row. */
export function compare(a: CustomerBrief, b: CustomerBrief): Row[] {
  const row = (kind: Row["kind"], key: string, left: string[], right: string[], title?: IdentifierBrief["title"]): Row => ({ kind, key, a: left, b: right, likeness: likeness(left, right), title });
  const rows = [row("contact", "name", listed(named(a)), listed(named(b)))];
  const types = [byType(a), byType(b)] as const;
  const slots = [...new Set([...types[0].keys(), ...types[1].keys()])].sort();
  for (const contact of ["phone", "email"] as const) {
    if (!slots.includes(`${contact}@`)) rows.push(row("contact", contact, listed(a[contact]), listed(b[contact])));
  }
  for (const slot of slots) {
    const [left, right] = [types[0].get(slot) ?? [], types[1].get(slot) ?? []];
    const any = left[0] ?? right[0];
    if (any === undefined) continue;
    const values = (of: CustomerBrief, own: IdentifierBrief[]): string[] => [...new Set([...own.map((one) => one.value), ...(any.scope === "" ? listed(of.attributes[any.type]) : [])])];
    rows.push(row("identifier", slot, values(a, left), values(b, right), any.title));
  }
  for (const name of [...new Set([...Object.keys(a.attributes), ...Object.keys(b.attributes)])].sort()) {
    if (name !== "name" && !slots.includes(`${name}@`) && !rows.some((one) => one.key === name)) rows.push(row("attribute", name, listed(a.attributes[name]), listed(b.attributes[name])));
  }
  const [name, ...others] = rows.filter((one) => one.likeness !== "none");
  return name === undefined ? [] : [name, ...others.sort((one, other) => ORDER[one.likeness] - ORDER[other.likeness])];
}

/** A mapping while it is edited: rules of a webhook, and the general mapping of any touchpoint. Inverse to the JSON. */
export interface Pair {
  id: number;
  key: string;
  value: unknown;
}
export const SECTIONS = ["ids", "fields", "traits"] as const;
export type Section = (typeof SECTIONS)[number];
export const KINDS = ["event", "profile", "object", "link"] as const;

export interface Rule extends Record<Section, Pair[]> {
  id: number;
  /** Set where the rule is nothing that the editor knows: it stays as it is. */
  raw?: unknown;
  kind: string | undefined;
  event: unknown;
  message_id: unknown;
  time: unknown;
  when: Pair[];
  rest: Record<string, unknown>;
}

export const NAMED = ["events", "fields", "attributes", "identifiers"] as const;
export type Named = (typeof NAMED)[number];

export interface General extends Record<Named, Pair[]> {
  ignore: string[];
  money: "yuan" | "fen";
  currency: string | undefined;
  zone: string | undefined;
  excel_dates: boolean;
  rest: Record<string, unknown>;
}

export interface Draft {
  each: string;
  rules: Rule[];
  general: General;
}

let last = 0;
export const fresh = (): number => (last += 1);

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
const empty = (value: unknown): boolean => value === undefined || value === null || value === "";

export const pairsOf = (value: unknown): Pair[] => (isObject(value) ? Object.entries(value).map(([key, one]) => ({ id: fresh(), key, value: one })) : []);
const objectOf = (pairs: Pair[]): Record<string, unknown> => Object.fromEntries(pairs.filter((one) => one.key.trim() !== "" && one.value !== undefined).map((one) => [one.key.trim(), one.value]));

export function newRule(): Rule {
  return { id: fresh(), kind: undefined, event: "form_submitted", message_id: undefined, time: undefined, when: [], ids: [], fields: [], traits: [], rest: {} };
}

export function ruleOf(value: unknown): Rule {
  const blank: Rule = { ...newRule(), event: undefined };
  // A part that is no mapping has no controls: the rule stays as it is.
  if (!isObject(value) || ["when", ...SECTIONS].some((one) => !empty(value[one]) && !isObject(value[one])) || (value.kind !== undefined && typeof value.kind !== "string")) return { ...blank, raw: value };
  const { kind, event, message_id, time, when, ids, fields, traits, ...rest } = value;
  return { id: blank.id, kind: kind as string | undefined, event, message_id, time, when: pairsOf(when), ids: pairsOf(ids), fields: pairsOf(fields), traits: pairsOf(traits), rest };
}

export function jsonOf(rule: Rule): unknown {
  if ("raw" in rule) return rule.raw;
  const out: Record<string, unknown> = {};
  const put = (key: string, value: unknown): void => {
    if (!empty(value) && !(isObject(value) && Object.keys(value).length === 0)) out[key] = value;
  };
  put("when", objectOf(rule.when));
  put("kind", rule.kind);
  put("event", rule.event);
  put("message_id", rule.message_id);
  put("time", rule.time);
  for (const section of SECTIONS) put(section, objectOf(rule[section]));
  return { ...out, ...rule.rest };
}

export function generalOf(value: Record<string, unknown>): General {
  const { events, fields, attributes, identifiers, ignore, money, currency, zone, excel_dates, ...rest } = value;
  return {
    events: pairsOf(events),
    fields: pairsOf(fields),
    attributes: pairsOf(attributes),
    identifiers: pairsOf(identifiers),
    ignore: Array.isArray(ignore) ? ignore.map(String) : [],
    money: money === "fen" ? "fen" : "yuan",
    currency: typeof currency === "string" ? currency : undefined,
    zone: typeof zone === "string" ? zone : undefined,
    excel_dates: excel_dates === true,
    rest,
  };
}

export function mappingOf(general: General): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const name of NAMED) {
    const pairs = objectOf(general[name].filter((one) => one.value !== ""));
    if (Object.keys(pairs).length > 0) out[name] = pairs;
  }
  if (general.ignore.length > 0) out.ignore = general.ignore;
  if (general.money === "fen") out.money = "fen";
  if (general.currency !== undefined) out.currency = general.currency;
  if (general.zone !== undefined) out.zone = general.zone;
  if (general.excel_dates) out.excel_dates = true;
  return { ...out, ...general.rest };
}

export function draftOf(settings: Record<string, unknown>, mapping: Record<string, unknown>): Draft {
  return { each: typeof settings.each === "string" ? settings.each : "$", rules: Array.isArray(settings.rules) ? settings.rules.map(ruleOf) : [], general: generalOf(mapping) };
}

/** What is saved: settings with rules (of a webhook), and the mapping. */
export function savedOf(draft: Draft, settings: Record<string, unknown>, webhook: boolean): { settings: Record<string, unknown>; mapping: Record<string, unknown> } {
  const mapping = mappingOf(draft.general);
  if (!webhook) return { settings, mapping };
  const { each: _, rules: __, ...others } = settings;
  const rules = draft.rules.map(jsonOf);
  const each = draft.each.trim();
  return { settings: { ...others, ...(each === "" || each === "$" ? {} : { each }), ...(rules.length > 0 ? { rules } : {}) }, mapping };
}

/** A section with one pair more, or with the value put where the key has none yet. */
export function withPair(pairs: Pair[], key: string, value: unknown): Pair[] {
  const open = pairs.find((one) => one.key === key && empty(one.value));
  return open === undefined ? [...pairs, { id: fresh(), key, value }] : pairs.map((one) => (one === open ? { ...one, value } : one));
}

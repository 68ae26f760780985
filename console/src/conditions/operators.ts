/** Which questions fit which type of value, and which input asks for the operand. */
import { isObject, type Json } from "./model";

/** "place" is text that names a province, a city or a district. */
export type Kind = "text" | "place" | "number" | "money" | "time" | "date" | "boolean" | "list";

const KINDS: Record<string, Kind> = {
  integer: "number",
  number: "number",
  decimal: "number",
  double: "number",
  money: "money",
  time: "time",
  instant: "time",
  timestamp: "time",
  datetime: "time",
  date: "date",
  boolean: "boolean",
  province: "place",
  city: "place",
  district: "place",
  list: "list",
  text_list: "list",
  tags: "list",
  VARCHAR: "text",
  BIGINT: "number",
  DOUBLE: "number",
  BOOLEAN: "boolean",
  DATE: "date",
  TIMESTAMPTZ: "time",
  "DECIMAL(18,4)": "money",
  "VARCHAR[]": "list",
};

/** The kind of a standard's type; whatever is no number, time, list or truth value is text. */
export function kindOf(type: string | undefined): Kind {
  return KINDS[type ?? ""] ?? "text";
}

const TEXT = ["is", "is_not", "in", "not_in", "contains", "starts_with", "ends_with", "matches", "is_set", "is_unset"] as const;

export const OPERATORS = {
  text: TEXT,
  place: ["region", ...TEXT],
  number: ["is", "is_not", "at_least", "at_most", "above", "below", "between", "is_set", "is_unset"],
  money: ["at_least", "at_most", "above", "below", "is", "between", "is_set", "is_unset"],
  time: ["last", "next", "before", "after", "on", "between", "anniversary", "day_of_week", "hour_of_day", "is_set", "is_unset"],
  date: ["last", "next", "before", "after", "on", "between", "anniversary", "day_of_week", "is_set", "is_unset"],
  boolean: ["is", "is_set", "is_unset"],
  list: ["any_of", "all_of", "none_of", "size", "is_set", "is_unset"],
} as const satisfies Record<Kind, readonly string[]>;

export type Operator = (typeof OPERATORS)[Kind][number];

export const FIGURE_OPERATORS = ["at_least", "at_most", "above", "below", "is", "between"] as const;

export type InputKind = "none" | "text" | "texts" | "number" | "numbers" | "moment" | "moments" | "span" | "weekdays" | "hours" | "boolean" | "figure" | "anniversary" | "regions";

export function inputOf(kind: Kind, op: string): InputKind {
  switch (op) {
    case "is_set":
    case "is_unset":
      return "none";
    case "in":
    case "not_in":
    case "any_of":
    case "all_of":
    case "none_of":
      return "texts";
    case "last":
    case "next":
      return "span";
    case "day_of_week":
      return "weekdays";
    case "hour_of_day":
      return "hours";
    case "size":
      return "figure";
    case "anniversary":
      return "anniversary";
    case "region":
      return "regions";
    case "before":
    case "after":
    case "on":
      return "moment";
    case "between":
      return kind === "time" || kind === "date" ? "moments" : "numbers";
    case "at_least":
    case "at_most":
    case "above":
    case "below":
      return "number";
    case "contains":
    case "starts_with":
    case "ends_with":
    case "matches":
      return "text";
    default:
      if (kind === "number" || kind === "money") return "number";
      if (kind === "time" || kind === "date") return "moment";
      return kind === "boolean" ? "boolean" : "text";
  }
}

/** What stands in a fresh input. */
export function emptyValue(input: InputKind): Json {
  switch (input) {
    case "none":
    case "boolean":
      return true;
    case "texts":
    case "regions":
    case "weekdays":
    case "hours":
      return [];
    case "anniversary":
      return { in: { next: "7 days" } };
    case "numbers":
    case "moments":
      return [null, null];
    case "span":
      return "30 days";
    case "figure":
      return { at_least: 1 };
    case "number":
      return null;
    default:
      return "";
  }
}

/** Whether an input can show a value; if not, the value is shown as text and stays as it is. */
export function fits(input: InputKind, value: Json): boolean {
  const texts = (list: Json): boolean => Array.isArray(list) && list.every((one) => typeof one === "string");
  switch (input) {
    case "none":
      return value === true;
    case "boolean":
      return typeof value === "boolean";
    case "text":
      return typeof value === "string";
    case "moment":
      return typeof value === "string";
    case "texts":
    case "regions":
    case "weekdays":
      return texts(value);
    case "anniversary":
      return parseNear(value) !== null;
    case "hours":
      return Array.isArray(value) && value.every((one) => typeof one === "number");
    case "number":
      return typeof value === "number" || value === null;
    case "numbers":
      return Array.isArray(value) && value.length === 2 && value.every((one) => typeof one === "number" || one === null);
    case "moments":
      return Array.isArray(value) && value.length === 2 && value.every((one) => typeof one === "string" || one === null);
    case "span":
      return typeof value === "string" && parseSpan(value) !== null;
    case "figure":
      return typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length === 1;
  }
}

export const NEAR_WORDS = ["today", "this month", "next month"] as const;

/** When an anniversary is: so many days ahead or behind, or one of a few words. */
export interface Near {
  form: "next" | "last" | (typeof NEAR_WORDS)[number];
  span: string | null;
}

/** `{in: {next: "7 days"}}` or `{in: "next 7 days"}` -> next, "7 days"; null for what the input can't show. */
export function parseNear(value: Json): Near | null {
  if (!isObject(value) || Object.keys(value).length !== 1) return null;
  const said = value.in ?? null;
  if (typeof said === "string") {
    const word = NEAR_WORDS.find((one) => one === said);
    if (word !== undefined) return { form: word, span: null };
    const found = /^(next|last)\s+(.+)$/.exec(said);
    return found?.[2] !== undefined && parseSpan(found[2]) !== null ? { form: found[1] as "next", span: found[2] } : null;
  }
  if (!isObject(said)) return null;
  const [[form, span] = ["", null], ...more] = Object.entries(said);
  return more.length === 0 && (form === "next" || form === "last") && typeof span === "string" && parseSpan(span) !== null ? { form, span } : null;
}

export function nearJson({ form, span }: Near): Json {
  return { in: form === "next" || form === "last" ? { [form]: span ?? "7 days" } : form };
}

/** The operand for a new operator: the old one where it still fits. */
export function carried(kind: Kind, op: string, before: Json): Json {
  const input = inputOf(kind, op);
  if (fits(input, before) && input !== "none") return before;
  if (input === "texts" && typeof before === "string" && before !== "") return [before];
  if (input === "text" && Array.isArray(before) && typeof before[0] === "string") return before[0];
  return emptyValue(input);
}

export const UNITS = ["minute", "hour", "day", "week", "month"] as const;
export type Unit = (typeof UNITS)[number];
export const WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;

/** "30 days" -> 30, day */
export function parseSpan(text: string): { count: number; unit: Unit } | null {
  const found = /^(\d{1,6})\s+(minute|hour|day|week|month)s?$/.exec(text.trim());
  return found?.[1] === undefined ? null : { count: Number(found[1]), unit: found[2] as Unit };
}

export function spanText(count: number, unit: Unit): string {
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

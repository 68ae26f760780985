/** Journeys in words: what a step does, where a way leads, in the language of the viewer. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { type Named, optionsOf, reach } from "@/api/reachable";
import type { Names } from "@/api/queries";
import { isObject, type Json, type JsonObject } from "@/conditions/model";
import { NameBook, type Option } from "@/conditions/names";
import { parseSpan } from "@/conditions/operators";
import { useText } from "@/lib/useText";
import { useEnding } from "./ends";
import { type Definition, ENTRY, entryKindOf, kindOf, nodesOf, slotsOf } from "@/journeys/model";

const list = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : []);
const label = (options: Option[], name: string): string => options.find((one) => one.value === name)?.label ?? name;

/** The first thing that a condition asks for, and how many more there are. */
function asked(condition: Json | undefined, out: JsonObject[] = []): JsonObject[] {
  if (!isObject(condition)) return out;
  for (const mode of ["all", "any"] as const) if (Array.isArray(condition[mode])) for (const one of condition[mode]) asked(one, out);
  if (isObject(condition.not)) asked(condition.not, out);
  else if (!("all" in condition) && !("any" in condition)) out.push(condition);
  return out;
}

/** What a template makes when it is used: it has a title already. */
export type Brought = Named & { kind: string };
const NOTHING: Brought[] = [];

/** `params`: the journey's parameters, which stand where `$params.x` is written; `brought`: what is made with it. */
export function useWords(names: Names | undefined, params?: Json, brought: Brought[] = NOTHING) {
  const { t, language } = useText();
  const ending = useEnding();
  const messages = useQuery(reach.messages()).data;
  const coupons = useQuery(reach.coupons()).data;
  return useMemo(() => {
    const text = (value: Json | undefined): string => {
      const said = typeof value === "string" ? value : "";
      const param = /^\$params\.(\w+)$/.exec(said)?.[1];
      const put = param !== undefined && isObject(params) ? params[param] : undefined;
      return typeof put === "string" || typeof put === "number" ? String(put) : said;
    };
    const book = names === undefined ? null : new NameBook(names, language);
    const event = (name: string): string => (book === null ? name : label(book.events, name));
    const channel = (name: string): string => (book === null ? name : label([...book.reachChannels, ...book.channels], name));
    const span = (said: Json | undefined): string => {
      const local = /^(\d+) local_days?(?: at (\d\d:\d\d))?$/.exec(text(said));
      if (local !== null) return t(local[2] === undefined ? "journey.words.localDays" : "journey.words.localDaysAt", { count: Number(local[1]), days: local[1], at: local[2] });
      const found = parseSpan(text(said));
      return found === null ? text(said) : t(`journey.spans.${found.unit}`, { count: found.count });
    };
    const condition = (said: Json | undefined): string => {
      const leaves = asked(said);
      const [first] = leaves;
      if (first === undefined) return t("journey.words.noCondition");
      const behaviour = text(first.did) || text(first.did_not);
      const one =
        behaviour !== ""
          ? t(text(first.did) !== "" ? "journey.words.did" : "journey.words.didNot", { event: event(behaviour) })
          : "segment" in first
            ? t("journey.words.inSegment", { segment: book === null ? text(first.segment) : label(book.segments, text(first.segment)) })
            : "tag" in first
              ? label(book?.tags ?? [], text(first.tag))
              : "attribute" in first
                ? label(book?.attributes ?? [], text(first.attribute))
                : "reachable" in first
                  ? t("journey.words.reachable", { channel: channel(text(first.reachable) || text(isObject(first.reachable) ? first.reachable.channel : "")) })
                  : (Object.keys(first)[0] ?? "");
      return leaves.length === 1 ? one : t("journey.words.andMore", { first: one, count: leaves.length - 1 });
    };
    const titled = (kind: string, rows: Named[] | undefined, name: string): string => label(optionsOf([...(rows ?? []), ...brought.filter((one) => one.kind === kind)], language), name);
    const message = (name: string): string => titled("message", messages, name);
    const coupon = (name: string): string => titled("coupon", coupons, name);
    /** What a step does, in a few words. */
    const summary = (node: JsonObject): string => {
      switch (kindOf(node)) {
        case "send":
          return [message(text(node.message)) || t("journey.words.noMessage"), list(node.chain).map((hop) => channel(isObject(hop) ? text(hop.channel) : "")).filter(Boolean).join(" → ")].filter(Boolean).join(" · ");
        case "wait":
          if (isObject(node.until)) return t("journey.words.waitEvent", { event: event(text(node.until.did)), span: span(node.for) });
          if (isObject(node.date)) return t("journey.words.waitDate", { date: label(book?.attributes ?? [], text(node.date.attribute) || text(node.date.var)) });
          if (typeof node.time === "string") return t("journey.words.waitTime", { time: node.time });
          return t("journey.words.waitSpan", { span: span(node.for) });
        case "branch":
          return t("journey.words.branch", { count: list(node.cases).length });
        case "split": {
          const arms = list(node.arms).filter(isObject);
          const sum = arms.reduce((total, arm) => total + (typeof arm.weight === "number" ? arm.weight : 0), 0) || 1;
          return arms.map((arm) => `${text(arm.name)} ${Math.round(((typeof arm.weight === "number" ? arm.weight : 0) / sum) * 100)}%`).join(" / ");
        }
        case "issue_coupon":
          return coupon(text(node.batch)) || t("journey.words.noCoupon");
        case "set_profile":
          return Object.keys(isObject(node.set) ? node.set : {}).map((one) => label(book?.attributes ?? [], one)).join(", ") || t("journey.words.nothingSet");
        case "tag":
          return Object.keys(isObject(node.set) ? node.set : {}).map((one) => label(book?.tags ?? [], one)).join(", ") || t("journey.words.nothingSet");
        case "task":
          return text(node.title) || t("journey.words.noTask");
        case "webhook":
          return label(book?.touchpoints ?? [], text(node.touchpoint)) || t("journey.words.noWebhook");
        case "call_journey":
          return text(node.journey) || t("journey.words.noJourney");
        case "repeat":
          return t("journey.words.repeat", { node: text(node.back), max: typeof node.max === "number" ? node.max : 1, count: typeof node.max === "number" ? node.max : 1 });
        case "end":
          return ending(text(node.as));
        case null:
          return text(node.do);
      }
    };
    const kind = (node: JsonObject): string => t(`journey.kinds.${kindOf(node) ?? "unknown"}`);
    /** What a way is taken for; nothing where there is only one. */
    const way = (node: JsonObject, edge: string): string => {
      const at = Number(/\[(\d+)\]/.exec(edge)?.[1] ?? 0);
      if (edge.startsWith("cases")) {
        const one = list(node.cases)[at];
        return isObject(one) ? condition(one.when) : edge;
      }
      if (edge.startsWith("arms")) {
        const one = list(node.arms)[at];
        return isObject(one) ? `${text(one.name)}${one.control === true ? ` · ${t("journey.words.control")}` : ""}` : edge;
      }
      if (edge === "start" || (edge === "next" && slotsOf(node).length < 2)) return "";
      const of = kindOf(node);
      return t(`journey.ways.${of === "wait" && edge === "next" && "date" in node ? "wait_due" : `${of ?? "send"}_${edge}`}` as "journey.ways.send_next", { defaultValue: t(`journey.ways.${edge as "next"}`, { defaultValue: edge }) });
    };
    const entry = (definition: Definition): string => {
      const { entry: said } = definition;
      if (!isObject(said)) return t("journey.words.noEntry");
      switch (entryKindOf(definition)) {
        case "did":
          return text(said.did) === "" ? t("journey.words.noEntry") : t("journey.words.did", { event: event(text(said.did)) });
        case "segment_enter":
          return t("journey.words.entersSegment", { segment: label(book?.segments ?? [], text(said.segment_enter)) });
        case "segment_leave":
          return t("journey.words.leavesSegment", { segment: label(book?.segments ?? [], text(said.segment_leave)) });
        case "schedule":
          return t("journey.words.schedule", { cron: text(said.schedule) });
        case "date": {
          const date = label(book?.attributes ?? [], text(said.date));
          const offset = text(said.offset);
          if (offset === "") return t("journey.words.date", { date });
          return t(offset.startsWith("-") ? "journey.words.dateBefore" : "journey.words.dateAfter", { date, span: span(offset.replace(/^[+-]/, "")) });
        }
        case "api":
          return t("journey.words.api");
        case "one_off":
          return t("journey.words.oneOff");
        case null:
          return t("journey.words.noEntry");
      }
    };
    /** A step by what it does: for lists of steps to choose from. */
    const step = (definition: Definition, name: string): string => {
      if (name === ENTRY) return t("journey.entry");
      const node = nodesOf(definition).get(name);
      return node === undefined ? name : `${kind(node)} · ${summary(node)}`;
    };
    return { event, channel, span, condition, message, coupon, summary, kind, way, entry, step };
    }, [names, params, brought, language, t, ending, messages, coupons]);
}

export type Words = ReturnType<typeof useWords>;

/** The steps of a journey as a menu. */
export function stepOptions(definition: Definition, words: Words): Option[] {
  return [...nodesOf(definition)].map(([name]) => {
    const said = words.step(definition, name);
    return { value: name, label: `${said} (${name})`, search: `${name} ${said}`.toLowerCase() };
  });
}

/**
 * A journey as the canvas edits it: the plain object of its definition, of which forms change one place, the drawing the
 * connections, and the text the whole. What no control knows is kept as it is.
 */
import { isObject, type Json, type JsonObject } from "@/conditions/model";

export type Definition = JsonObject;

export const KINDS = ["send", "wait", "branch", "split", "issue_coupon", "set_profile", "tag", "task", "webhook", "call_journey", "repeat", "end"] as const;
export type Kind = (typeof KINDS)[number];

export const ENTRIES = ["did", "segment_enter", "segment_leave", "schedule", "date", "api", "one_off"] as const;
export type EntryKind = (typeof ENTRIES)[number];

/** The entry as if it were a node: what stands before `start`. */
export const ENTRY = "$entry";

/** One way out of a node, named as the server counts it: `next`, `else`, `on_event`, `cases[0]`, `arms[1]`, `back`. */
export interface Slot {
  edge: string;
  target: string;
}

/** A way out, with the node it leaves: what a step is put on, and what is connected anew. */
export interface Edge {
  node: string;
  edge: string;
}

const isText = (value: unknown): value is string => typeof value === "string";
const textOf = (value: Json | undefined): string => (isText(value) ? value : "");

export const kindOf = (node: Json | undefined): Kind | null => (isObject(node) ? (KINDS.find((one) => one === node.do) ?? null) : null);
export const entryKindOf = (definition: Definition): EntryKind | null => {
  const { entry } = definition;
  return isObject(entry) ? (ENTRIES.find((one) => one in entry) ?? null) : null;
};

/** The nodes by name, in the order of the file. */
export function nodesOf(definition: Definition): Map<string, JsonObject> {
  const { nodes } = definition;
  return new Map(isObject(nodes) ? Object.entries(nodes).filter((one): one is [string, JsonObject] => isObject(one[1])) : []);
}

/** Ways out that every node of a kind has. Others (`cases`, `arms`, `on_event`) depend on what the node says. */
const PLAIN: Record<Kind, readonly string[]> = {
  send: ["next", "else"],
  wait: ["next"],
  branch: [],
  split: [],
  issue_coupon: ["next", "else"],
  set_profile: ["next"],
  tag: ["next"],
  task: ["next", "else"],
  webhook: ["next", "else"],
  call_journey: ["next"],
  repeat: ["next"],
  end: [],
};

/** The ways out of a node in the order in which they are drawn. The way back of a repeat is not one of them. */
export function slotsOf(node: JsonObject): Slot[] {
  const kind = kindOf(node);
  const listed = (key: "cases" | "arms"): Slot[] => {
    const list = node[key];
    return Array.isArray(list) ? list.map((one, i) => ({ edge: `${key}[${i}]`, target: isObject(one) ? textOf(one.next) : "" })) : [];
  };
  const named = (edge: string): Slot => ({ edge, target: textOf(node[edge]) });
  if (kind === null) return ["next", "else"].filter((one) => isText(node[one])).map(named);
  if (kind === "branch") return [...listed("cases"), named("else")];
  if (kind === "split") return listed("arms");
  const found = PLAIN[kind].map(named);
  if (kind === "wait") {
    if ("until" in node) found.unshift("on_event" in node ? named("on_event") : { edge: "on_event", target: textOf(node.next) });
    if ("date" in node || "else" in node) found.push(named("else"));
  }
  return found;
}

/** The node with another target at one of its ways out. */
export function withTarget(node: JsonObject, edge: string, target: string): JsonObject {
  const [, key, at] = /^(cases|arms)\[(\d+)\]$/.exec(edge) ?? [];
  if (key === undefined) return { ...node, [edge]: target };
  const list = node[key];
  return { ...node, [key]: Array.isArray(list) ? list.map((one, i) => (i === Number(at) && isObject(one) ? { ...one, next: target } : one)) : [] };
}

export const startOf = (definition: Definition): string => textOf(definition.start);

/** All ways of a journey, the way in first. */
export function edgesOf(definition: Definition): (Edge & { target: string })[] {
  const out = [{ node: ENTRY, edge: "start", target: startOf(definition) }];
  for (const [name, node] of nodesOf(definition)) for (const slot of slotsOf(node)) out.push({ node: name, ...slot });
  return out;
}

export function targetOf(definition: Definition, { node, edge }: Edge): string {
  if (node === ENTRY) return startOf(definition);
  const found = nodesOf(definition).get(node);
  return found === undefined ? "" : (slotsOf(found).find((one) => one.edge === edge)?.target ?? "");
}

/** The names that can be come to from some, those themselves too. */
export function reached(definition: Definition, from: Iterable<string>): Set<string> {
  const nodes = nodesOf(definition);
  const found = new Set<string>();
  const open = [...from];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const node = nodes.get(name);
    if (node === undefined || found.has(name)) continue;
    found.add(name);
    open.push(...slotsOf(node).map((slot) => slot.target));
  }
  return found;
}

/** Nodes that nobody can come to. */
export function orphans(definition: Definition): string[] {
  const found = reached(definition, [startOf(definition)]);
  return [...nodesOf(definition).keys()].filter((name) => !found.has(name));
}

/** The names in an order in which each way leads onwards; what nobody comes to stands last. */
export function inOrder(definition: Definition): string[] {
  const nodes = nodesOf(definition);
  const done: string[] = [];
  const seen = new Set<string>();
  const walk = (name: string): void => {
    const node = nodes.get(name);
    if (node === undefined || seen.has(name)) return;
    seen.add(name);
    for (const slot of slotsOf(node).reverse()) walk(slot.target);
    done.push(name);
  };
  for (const name of orphans(definition).reverse()) walk(name);
  walk(startOf(definition));
  return done.reverse();
}

/** Whether a way from one node to another would lead in a circle. */
export const circles = (definition: Definition, from: string, to: string): boolean => from === to || reached(definition, [to]).has(from);

export const titleOf = (definition: Definition): { zh: string; en: string } => {
  const { name } = definition;
  if (isText(name)) return { zh: name, en: name };
  return isObject(name) ? { zh: textOf(name.zh), en: textOf(name.en) } : { zh: "", en: "" };
};

/** What conditions of a journey may refer to: what nodes save, and the parameters. */
export function lent(definition: Definition): { vars: string[]; params: string[] } {
  const vars = new Set<string>();
  for (const node of nodesOf(definition).values()) {
    if (isText(node.save)) vars.add(node.save);
    else if (isObject(node.save)) Object.keys(node.save).forEach((one) => vars.add(one));
  }
  return { vars: [...vars], params: isObject(definition.params) ? Object.keys(definition.params) : [] };
}

/** Changes of a journey's drawing. Each gives a new definition, and the same one where nothing can be done. */
import { isObject, type Json, type JsonObject } from "@/conditions/model";
import { circles, type Definition, type Edge, ENTRY, type Kind, kindOf, nodesOf, reached, slotsOf, startOf, targetOf, withTarget } from "./model";

const withNodes = (definition: Definition, nodes: Map<string, JsonObject>): Definition => ({ ...definition, nodes: Object.fromEntries(nodes) });

/** A name that is not taken: `wait`, `wait_2`, `wait_3`. */
export function freeName(taken: ReadonlySet<string>, wanted: string): string {
  if (!taken.has(wanted)) return wanted;
  const stem = wanted.replace(/_\d+$/, "");
  let n = 2;
  while (taken.has(`${stem}_${n}`)) n += 1;
  return `${stem}_${n}`;
}

/** A node as it is when it is put on the way to `next`; `end` is where its other ways lead. */
export function newNode(kind: Kind, next: string, end: string): JsonObject {
  switch (kind) {
    case "send":
      return { do: "send", message: "", chain: [{ channel: "", unknown: "drop", next_on: [] }], next, else: end };
    case "wait":
      return { do: "wait", for: "1 day", next };
    case "branch":
      return { do: "branch", cases: [{ when: { all: [] }, next }], else: next };
    case "split":
      return { do: "split", arms: [{ name: "a", weight: 50, next }, { name: "b", weight: 50, next }] };
    case "issue_coupon":
      return { do: "issue_coupon", batch: "", save: "coupon_code", next, else: end };
    case "set_profile":
      return { do: "set_profile", set: {}, next };
    case "tag":
      return { do: "tag", set: {}, next };
    case "task":
      return { do: "task", title: "", staff: "owner", within: "24 hours", next, else: next };
    case "webhook":
      return { do: "webhook", touchpoint: "", body: {}, next, else: next };
    case "call_journey":
      return { do: "call_journey", journey: "", wait: true, next };
    case "repeat":
      return { do: "repeat", back: "", max: 3, next };
    case "end":
      return { do: "end", as: "completed" };
  }
}

/** Points a way at another node. The way in is `start`. */
function aimed(definition: Definition, { node, edge }: Edge, target: string): Definition {
  if (node === ENTRY) return { ...definition, start: target };
  const nodes = nodesOf(definition);
  const found = nodes.get(node);
  if (found === undefined) return definition;
  nodes.set(node, withTarget(found, edge, target));
  return withNodes(definition, nodes);
}

/** Connects a way to another node; not where that would lead in a circle, nor to nothing. */
export function connect(definition: Definition, edge: Edge, target: string): Definition {
  if (!nodesOf(definition).has(target) || targetOf(definition, edge) === target) return definition;
  if (edge.node !== ENTRY && circles(definition, edge.node, target)) return definition;
  return aimed(definition, edge, target);
}

/** Where ways lead that have nowhere else to go: an end that is there, else a new one. */
function someEnd(nodes: Map<string, JsonObject>): string {
  for (const [name, node] of nodes) if (kindOf(node) === "end" && node.as === "completed") return name;
  for (const [name, node] of nodes) if (kindOf(node) === "end") return name;
  const name = freeName(new Set(nodes.keys()), "end_done");
  nodes.set(name, newNode("end", "", ""));
  return name;
}

/** Puts a new step on a way: the way leads to it, and it leads to where the way led. */
export function insert(definition: Definition, edge: Edge, kind: Kind): { definition: Definition; name: string } {
  const nodes = nodesOf(definition);
  const name = freeName(new Set(nodes.keys()), kind === "end" ? "end" : kind);
  const before = targetOf(definition, edge);
  if (kind === "end") {
    nodes.set(name, newNode("end", "", ""));
  } else {
    const next = nodes.has(before) ? before : someEnd(nodes);
    // A step that can fail leads to the same place first: what differs is said where it matters.
    const made = newNode(kind, next, next);
    nodes.set(name, kind === "repeat" ? { ...made, back: edge.node === ENTRY ? next : edge.node } : made);
  }
  return { definition: aimed(withNodes(definition, nodes), edge, name), name };
}

/** Names in conditions and exits that follow a node's name. */
function renamedIn(value: Json, from: string, to: string): Json {
  if (Array.isArray(value)) return value.map((one) => renamedIn(one, from, to));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => {
      if (key === "since" && isObject(one) && one.node === from) return [key, { ...one, node: to }];
      return [key, renamedIn(one, from, to)];
    }),
  );
}

/** Gives a node another name, everywhere it is named. */
export function rename(definition: Definition, from: string, to: string): Definition {
  const nodes = nodesOf(definition);
  if (from === to || to === "" || nodes.has(to) || !nodes.has(from)) return definition;
  const turned = (node: JsonObject): JsonObject => {
    let out = node;
    for (const slot of slotsOf(node)) if (slot.target === from && (slot.edge !== "on_event" || "on_event" in node)) out = withTarget(out, slot.edge, to);
    if (out.back === from) out = { ...out, back: to };
    return renamedIn(out, from, to) as JsonObject;
  };
  const renamed = new Map([...nodes].map(([name, node]) => [name === from ? to : name, turned(node)]));
  const exits: JsonObject = Array.isArray(definition.exit) ? { exit: definition.exit.map((one) => (isObject(one) && one.before === from ? { ...one, before: to } : one)) } : {};
  return { ...withNodes(definition, renamed), ...exits, ...(startOf(definition) === from && { start: to }) };
}

/** Where a node's way goes on when the node is taken away: its last plain way, which is that of those to whom nothing special happened. */
function onwards(node: JsonObject): string {
  const slots = slotsOf(node);
  const by = (edge: string): string | undefined => slots.find((one) => one.edge === edge)?.target;
  return (kindOf(node) === "branch" ? by("else") : (by("next") ?? slots[0]?.target)) ?? "";
}

/** Takes nodes away: ways to them lead to where they led on, and what nobody comes to any more goes too. */
export function remove(definition: Definition, names: Iterable<string>): Definition {
  const gone = new Set(names);
  const nodes = nodesOf(definition);
  if (![...gone].some((name) => nodes.has(name))) return definition;
  const before = reached(definition, [startOf(definition)]);
  const follow = (name: string, seen = new Set<string>()): string => {
    const node = nodes.get(name);
    if (node === undefined || !gone.has(name)) return name;
    if (seen.has(name)) return "";
    return follow(onwards(node), new Set([...seen, name]));
  };
  const kept = new Map([...nodes].filter(([name]) => !gone.has(name)));
  const landing = (name: string): string => {
    const target = follow(name);
    return kept.has(target) ? target : name === "" ? "" : someEnd(kept);
  };
  for (const [name, node] of [...kept]) {
    let out = node;
    for (const slot of slotsOf(node)) if (gone.has(slot.target) && (slot.edge !== "on_event" || "on_event" in node)) out = withTarget(out, slot.edge, landing(slot.target));
    if (typeof out.back === "string" && gone.has(out.back)) out = { ...out, back: landing(out.back) };
    kept.set(name, out);
  }
  const start = gone.has(startOf(definition)) ? landing(startOf(definition)) : startOf(definition);
  const exits: JsonObject = Array.isArray(definition.exit)
    ? {
        exit: definition.exit.map((one) => {
          if (!isObject(one) || typeof one.before !== "string" || !gone.has(one.before)) return one;
          const { before: _, ...rest } = one;
          return rest;
        }),
      }
    : {};
  const made = { ...withNodes(definition, kept), ...exits, start };
  // What nobody came to before stays, with all that it leads to.
  const after = reached(made, [start, ...[...kept.keys()].filter((name) => !before.has(name))]);
  return withNodes(made, new Map([...kept].filter(([name]) => after.has(name))));
}

/** Some nodes of a journey, to be put in elsewhere. */
export interface Fragment {
  onepool: "journey-nodes";
  nodes: { [name: string]: JsonObject };
  /** The node that comes first. */
  first: string;
}

/** A copy of nodes. The first of them in the order of the way is where it is come to. */
export function copied(definition: Definition, names: Iterable<string>, order: readonly string[]): Fragment | null {
  const nodes = nodesOf(definition);
  const wanted = new Set(names);
  const listed = order.filter((name) => wanted.has(name) && nodes.has(name));
  const [first] = listed;
  if (first === undefined) return null;
  return { onepool: "journey-nodes", nodes: Object.fromEntries(listed.map((name) => [name, nodes.get(name) as JsonObject])), first };
}

/** What was copied, from the clipboard's text; null when it is something else. */
export function fragmentIn(text: string): Fragment | null {
  try {
    const found = JSON.parse(text) as Json;
    if (!isObject(found) || found.onepool !== "journey-nodes" || !isObject(found.nodes) || typeof found.first !== "string" || !(found.first in found.nodes)) return null;
    return Object.values(found.nodes).every((node) => kindOf(node) !== null) ? (found as unknown as Fragment) : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Puts copied nodes on a way, under names that are free; their ways out of the copy lead to where the way led. */
export function paste(definition: Definition, edge: Edge, { nodes: pasted, first }: Fragment): { definition: Definition; names: string[] } {
  const nodes = nodesOf(definition);
  const led = targetOf(definition, edge);
  const next = nodes.has(led) ? led : someEnd(nodes);
  const taken = new Set(nodes.keys());
  const names = new Map<string, string>();
  for (const name of Object.keys(pasted)) {
    const free = freeName(taken, name);
    taken.add(free);
    names.set(name, free);
  }
  for (const [name, node] of Object.entries(pasted)) {
    let out = node;
    for (const slot of slotsOf(node)) if (slot.edge !== "on_event" || "on_event" in node) out = withTarget(out, slot.edge, names.get(slot.target) ?? next);
    if (typeof out.back === "string") out = { ...out, back: names.get(out.back) ?? next };
    for (const [from, to] of names) if (from !== to) out = renamedIn(out, from, to) as JsonObject;
    nodes.set(names.get(name) ?? name, out);
  }
  const made = aimed(withNodes(definition, nodes), edge, names.get(first) ?? next);
  return { definition: made, names: [...names.values()] };
}

/** Moves one step onto another way. */
export function move(definition: Definition, name: string, to: Edge): Definition {
  const node = nodesOf(definition).get(name);
  if (node === undefined || to.node === name || targetOf(definition, to) === name || kindOf(node) === "end") return definition;
  const slots = slotsOf(node);
  // A step with several ways that differ would tear what follows apart.
  if (new Set(slots.map((one) => one.target)).size > 1) return definition;
  const without = remove(definition, [name]);
  if (!nodesOf(without).has(to.node) && to.node !== ENTRY) return definition;
  const next = targetOf(without, to);
  const nodes = nodesOf(without);
  if (!nodes.has(next)) return definition;
  let out = node;
  for (const slot of slots) if (slot.edge !== "on_event" || "on_event" in node) out = withTarget(out, slot.edge, next);
  nodes.set(name, out);
  return aimed(withNodes(without, nodes), to, name);
}

/** Moves one of a list's members up or down. */
export function shifted<T>(list: readonly T[], at: number, by: -1 | 1): T[] {
  const to = at + by;
  const out = [...list];
  const [one, other] = [out[at], out[to]];
  if (one === undefined || other === undefined) return out;
  [out[at], out[to]] = [other, one];
  return out;
}

/** What a journey begins as before anybody drew anything. */
export function blank(name: string, title: { zh: string; en: string }): Definition {
  return {
    journey: name,
    name: title,
    entry: { did: "", reentry: { when: "after_exit", cooldown: "7 days" } },
    experiment: { holdout: 0.1 },
    policy: { category: "promotion", expire_after: "24 hours" },
    max_life: "14 days",
    start: "end_done",
    nodes: { end_done: { do: "end", as: "completed" } },
  };
}

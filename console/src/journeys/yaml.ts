/** A journey as the text of its file. */
import { stringify } from "yaml";
import { isObject, type Json, type JsonObject } from "@/conditions/model";
import type { Definition } from "./model";

const HEAD = ["journey", "name", "note", "folder", "group", "params", "zone", "entry", "experiment", "policy", "goal", "exit", "max_life", "start", "nodes"];

/** Keys in the order in which people read them; of nodes what they do first. */
export function ordered(definition: Definition): Definition {
  const rank = (key: string): number => (HEAD.includes(key) ? HEAD.indexOf(key) : HEAD.length - 2.5);
  const { nodes } = definition;
  const first = (node: Json): Json => {
    if (!isObject(node) || !("do" in node)) return node;
    const { do: kind, ...rest } = node;
    return { do: kind, ...rest } as JsonObject;
  };
  const sorted = Object.fromEntries(Object.entries(definition).sort(([a], [b]) => rank(a) - rank(b)));
  return isObject(nodes) ? { ...sorted, nodes: Object.fromEntries(Object.entries(nodes).map(([name, node]) => [name, first(node)])) } : sorted;
}

export const write = (definition: Definition): string => stringify(ordered(definition), { lineWidth: 0 });

import { type Edge, ENTRY, nodesOf, slotsOf } from "@/journeys/model";
import type { Editing } from "../editor/context";

/** The way that follows a step: the named one, else the chosen one; without any the way in. */
export function wayAfter({ definition, open, selected }: Editing, named?: string): Edge {
  const name = named ?? (open?.kind === "node" ? open.name : [...selected][0]);
  const node = name === undefined ? undefined : nodesOf(definition).get(name);
  const slots = node === undefined ? [] : slotsOf(node);
  const slot = slots.find((one) => one.edge === "next") ?? slots.at(-1);
  return name === undefined || slot === undefined ? { node: ENTRY, edge: "start" } : { node: name, edge: slot.edge };
}

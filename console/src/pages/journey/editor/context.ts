import { createContext, use } from "react";
import type { Definition, Edge, Kind } from "@/journeys/model";
import type { Fragment } from "@/journeys/operations";

/** What is being looked at beside the drawing: a node, or one of the journey's own parts. */
export type Open = { kind: "node"; name: string } | { kind: "panel"; name: "entry" | "goal" | "policy" | "params" | "problems" | "comments" | "simulate" } | null;

/** What the drawing, the outline and the forms can do with the journey. */
export interface Editing {
  definition: Definition;
  readOnly: boolean;
  open: Open;
  /** Faults and advice by node, `""` for the journey's own parts. */
  faults: ReadonlyMap<string, { errors: number; advice: number }>;
  /** Open comments by node, `""` for the journey itself. */
  comments: ReadonlyMap<string, number>;
  selected: ReadonlySet<string>;
  setOpen: (open: Open) => void;
  setSelected: (names: ReadonlySet<string>) => void;
  /** A change of the whole; `place` says which control made it, for undo to take keystrokes together. */
  change: (by: (before: Definition) => Definition, place?: string) => void;
  add: (edge: Edge, kind: Kind) => void;
  connect: (edge: Edge, target: string) => void;
  remove: (names: Iterable<string>) => void;
  copy: (names: Iterable<string>) => void;
  paste: (edge: Edge, fragment?: Fragment) => void;
  clipboard: Fragment | null;
}

export const EditingContext = createContext<Editing | null>(null);

export function useEditing(): Editing {
  const found = use(EditingContext);
  if (found === null) throw new Error("outside a journey editor");
  return found;
}

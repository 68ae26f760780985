import { createContext, use } from "react";
import type { Node } from "../model";
import type { NameBook } from "../names";
import type { LeafKind, Missing } from "../tree";

/** What every part of the editor needs: the names, what is wrong where, and how to change the tree. */
export interface Editing {
  names: NameBook;
  currency: string;
  missing: Map<string, Missing>;
  problems: Map<string, { message: string; suggestion: string | null }[]>;
  sizes: Map<string, number>;
  change: (id: string, by: (node: Node) => Node) => void;
  remove: (id: string) => void;
  duplicate: (id: string) => void;
  addLeaf: (group: string, kind: LeafKind) => void;
  addGroup: (group: string, mode: "all" | "any") => void;
}

export const EditingContext = createContext<Editing | null>(null);

export function useEditing(): Editing {
  const editing = use(EditingContext);
  if (editing === null) throw new Error("outside a ConditionEditor");
  return editing;
}

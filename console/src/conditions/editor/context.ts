import { createContext, use } from "react";
import type { Problem } from "@/api/queries";
import type { Missing } from "../missing";
import type { Node } from "../model";
import type { NameBook } from "../names";
import type { LeafKind } from "../tree";

/** What every part of the editor needs: the names, what is wrong where, and how to change the tree. */
export interface Editing {
  names: NameBook;
  currency: string;
  missing: Map<string, Missing>;
  problems: Map<string, Problem[]>;
  /** What can be used and is probably not meant: values that were never seen. */
  warnings: Map<string, Problem[]>;
  sizes: Map<string, number>;
  /** The sizes are estimates so far. */
  approximate: boolean;
  change: (id: string, by: (node: Node) => Node) => void;
  remove: (id: string) => void;
  duplicate: (id: string) => void;
  addLeaf: (group: string, kind: LeafKind) => void;
  addGroup: (group: string, mode: "all" | "any") => void;
  /** Puts the proposed word in place of the wrong one; null where that can't be done for the reader. */
  fix: (problem: Problem) => (() => void) | null;
}

export const EditingContext = createContext<Editing | null>(null);

export function useEditing(): Editing {
  const editing = use(EditingContext);
  if (editing === null) throw new Error("outside a ConditionEditor");
  return editing;
}

import { createContext, use } from "react";
import type { Names } from "@/api/queries";
import type { Json } from "@/conditions/model";
import type { NameBook } from "@/conditions/names";
import { belongs, type Definition } from "./definition";

export interface TagProblem {
  place: string;
  message: string;
  suggestion: string | null;
}

/** What every control of the factory needs: the definition, the names, what is wrong where, and how to change it. */
export interface Factory {
  definition: Definition;
  names: NameBook;
  /** The same names as the server gave them: the condition editor makes its own book. */
  raw: Names;
  currency: string;
  problems: TagProblem[];
  /** Values that were never seen: they can be used, and are probably not meant. */
  warnings?: TagProblem[];
  set: (place: string, value: Json | undefined) => void;
  change: (by: (definition: Definition) => Definition) => void;
}

export const FactoryContext = createContext<Factory | null>(null);

export function useFactory(): Factory {
  const found = use(FactoryContext);
  if (found === null) throw new Error("outside a tag factory");
  return found;
}

/** The problems at a place or inside of it, but for the places that controls inside of it show themselves. */
export function problemsAt(problems: TagProblem[] | undefined, place: string, inner: string[] = []): TagProblem[] {
  return (problems ?? []).filter((one) => belongs(one.place, place) && !inner.some((own) => belongs(one.place, own)));
}

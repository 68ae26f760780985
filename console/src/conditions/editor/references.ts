import { createContext, use } from "react";
import type { Option } from "../names";

/** What a journey lends to the conditions in it. */
export interface References {
  /** `$trigger.…`, `$vars.…`, `$params.…`: they stand where a value does. */
  values: Option[];
  /** Nodes that behaviours may be counted since. */
  nodes: Option[];
}

/** Null outside of journeys: there conditions ask of customers alone. */
export const ReferencesContext = createContext<References | null>(null);

export const useReferences = (): References | null => use(ReferencesContext);

/** Whether an operand is something of the run or of the journey. */
export const isReference = (value: unknown): value is string => typeof value === "string" && /^\$(trigger|vars|params)\.\w+(\.\w+)*$/.test(value);

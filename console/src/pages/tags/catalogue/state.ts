/** What the catalogue keeps in its address. */
import type { TagRow } from "@/api/tags";

export const GROUPINGS = ["says", "kind", "owner"] as const;
export type Grouping = (typeof GROUPINGS)[number];
export const MODES = ["live", "scheduled", "model", "import"] as const satisfies readonly TagRow["mode"][];

/** What the map keeps in its address: tab, drawing, and the number whose customers are shown. */
import type { CellKind } from "@/api/insight";

export const TABS = ["map", "matrix", "linkage", "flows", "reach", "gaps", "whatif"] as const;
export type Tab = (typeof TABS)[number];

/** What the lines are: customers on both touchpoints, identifiers that each names, or signals that each gives. */
export const VIEWS = ["links", "identifiers", "signals"] as const;
export type View = (typeof VIEWS)[number];

export interface Cell {
  kind: CellKind;
  touchpoint: string;
  name?: string;
  other?: string;
}

const KINDS: readonly CellKind[] = ["touchpoint", "only", "identifier", "event", "attribute", "pair", "flow", "reach", "unjoinable"];

export const cellText = ({ kind, touchpoint, name, other }: Cell): string => [kind, touchpoint, name ?? "", other ?? ""].map(encodeURIComponent).join("/");

/** The number that an address names; null for anything else. */
export function cellOf(text: string | undefined): Cell | null {
  const [kind, touchpoint, name, other] = (text ?? "").split("/").map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return "";
    }
  });
  const known = KINDS.find((one) => one === kind);
  return known === undefined || !touchpoint ? null : { kind: known, touchpoint, name: name || undefined, other: other || undefined };
}

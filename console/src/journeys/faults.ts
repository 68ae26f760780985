/** What is wrong with a journey, by what it is shown at. */
export interface Fault {
  place: string;
  message: string;
  suggestion: string | null;
  severity: "error" | "warning";
}

export type Part = "entry" | "goal" | "policy" | "params";

/** The node of a place, or the part of the journey whose form has it. */
export function whereOf(place: string): { node: string } | { part: Part } {
  const node = /^nodes\.([^.[\]]+)/.exec(place)?.[1];
  if (node !== undefined) return { node };
  if (/^(entry|start)\b/.test(place)) return { part: "entry" };
  if (/^(goal|exit)\b/.test(place)) return { part: "goal" };
  return { part: /^params\b/.test(place) ? "params" : "policy" };
}

/** How many faults and how much advice there is at each node and part. */
export function counted(faults: readonly Fault[]): Map<string, { errors: number; advice: number }> {
  const out = new Map<string, { errors: number; advice: number }>();
  for (const { place, severity } of faults) {
    const where = whereOf(place);
    const key = "node" in where ? where.node : where.part;
    const before = out.get(key) ?? { errors: 0, advice: 0 };
    out.set(key, severity === "error" ? { ...before, errors: before.errors + 1 } : { ...before, advice: before.advice + 1 });
  }
  return out;
}

/** The words that the field uses for a population stability index: under 0.1 nothing moved, from 0.25 on a lot did. */
export const DRIFTS = ["steady", "moved", "drifted"] as const;
export type DriftWord = (typeof DRIFTS)[number];

export function driftOf(psi: number | null): DriftWord | null {
  if (psi === null) return null;
  return psi < 0.1 ? "steady" : psi < 0.25 ? "moved" : "drifted";
}

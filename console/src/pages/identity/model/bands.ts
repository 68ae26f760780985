export type Band = "join" | "review" | "none";

/** What happens to a pair of this probability under these thresholds. */
export function band(probability: number, thresholds: { join: number; review: number }): Band {
  if (probability >= thresholds.join) return "join";
  return probability >= thresholds.review ? "review" : "none";
}

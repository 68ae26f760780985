import type { SegmentEffect } from "@/api/identity";

/** The segments that a change touches, those with the most people entering or leaving first. Pure. */
export function changing(segments: readonly SegmentEffect[]): SegmentEffect[] {
  const moved = (one: SegmentEffect): number => one.entering + one.leaving;
  return segments.filter((one) => moved(one) > 0 || one.before !== one.after).sort((a, b) => moved(b) - moved(a) || a.segment.localeCompare(b.segment));
}

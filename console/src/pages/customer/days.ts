import { day } from "@/lib/format";

/** Days with what happened on them, in the order given. */
export function byDay<T extends { time: string }>(items: T[], zone: string | undefined): { day: string; items: T[] }[] {
  const days: { day: string; items: T[] }[] = [];
  for (const item of items) {
    const of = day(item.time, zone);
    const last = days.at(-1);
    if (last?.day === of) last.items.push(item);
    else days.push({ day: of, items: [item] });
  }
  return days;
}

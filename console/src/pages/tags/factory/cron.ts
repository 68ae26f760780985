/** Schedules as crontab text (minute hour day month weekday), read in the workspace's zone. */
const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Weekday = (typeof DAYS)[number];
export const WEEKDAYS: readonly Weekday[] = DAYS;
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

export interface Cron {
  minutes: number[];
  hours: number[];
  days: number[];
  months: number[];
  /** 0 is Monday. */
  weekdays: number[];
}

function valueOf(text: string, names: readonly string[], first: number): number | null {
  if (/^\d{1,2}$/.test(text)) return Number(text);
  const at = names.indexOf(text.toLowerCase());
  return at < 0 ? null : at + first;
}

/** The values of one field, rising; null for what is no field. */
function field(text: string, low: number, high: number, names: readonly string[] = []): number[] | null {
  const found = new Set<number>();
  for (const part of text.split(",")) {
    const [range = "", by, more] = part.split("/");
    const step = by === undefined ? 1 : Number(by);
    if (more !== undefined || !/^\d{1,3}$/.test(by ?? "1") || step < 1) return null;
    let [from, to]: [number | null, number | null] = [low, high];
    if (range !== "*") {
      const [a = "", b, rest] = range.split("-");
      from = valueOf(a, names, low);
      to = b === undefined ? (by === undefined ? from : high) : valueOf(b, names, low);
      if (rest !== undefined) return null;
    }
    if (from === null || to === null || from < low || to > high || from > to) return null;
    for (let value = from; value <= to; value += step) found.add(value);
  }
  return [...found].sort((a, b) => a - b);
}

/** Days of the week, Monday first. Their numbers are crontab's (0 and 7 are Sunday), their names the same everywhere. */
function weekdayField(text: string): number[] | null {
  const found = new Set<number>();
  for (const part of text.split(",")) {
    const numbered = /^\d/.test(part);
    const open = /^(\d)\/(\d+)$/.exec(part);
    const days = numbered ? field(open === null ? part : `${open[1]}-6/${open[2]}`, 0, 7) : field(part, 0, 6, DAYS);
    if (days === null) return null;
    for (const one of days) found.add(numbered ? (one + 6) % 7 : one);
  }
  return [...found].sort((a, b) => a - b);
}

/** null for what is no schedule. */
export function parseCron(text: string): Cron | null {
  const [minute, hour, day, month, weekday, ...rest] = text.trim().split(/\s+/);
  if (minute === undefined || hour === undefined || day === undefined || month === undefined || weekday === undefined || rest.length > 0) return null;
  const found = [field(minute, 0, 59), field(hour, 0, 23), field(day, 1, 31), field(month, 1, 12, MONTHS), weekdayField(weekday)];
  const [minutes, hours, days, months, weekdays] = found;
  if (!minutes || !hours || !days || !months || !weekdays) return null;
  return { minutes, hours, days, months, weekdays };
}

/** A schedule as people set it; anything else is a text of its own. */
export type Plan =
  | { every: "day"; at: string }
  | { every: "week"; on: Weekday[]; at: string }
  | { every: "month"; on: number; at: string }
  | { every: "hours"; hours: number }
  | { every: "text"; text: string };

const two = (n: number): string => String(n).padStart(2, "0");

export function planOf(text: string): Plan {
  const cron = parseCron(text);
  const own: Plan = { every: "text", text };
  if (cron === null) return own;
  const [, hour = "", day = "", month = "", weekday = ""] = text.trim().split(/\s+/);
  const [minute, ...minutes] = cron.minutes;
  if (minute === undefined || minutes.length > 0 || month !== "*") return own;
  const step = /^\*\/(\d+)$/.exec(hour);
  if (step !== null && minute === 0 && day === "*" && weekday === "*" && 24 % Number(step[1]) === 0) return { every: "hours", hours: Number(step[1]) };
  const [at, ...others] = cron.hours;
  if (at === undefined || others.length > 0) return own;
  const time = `${two(at)}:${two(minute)}`;
  if (day === "*" && weekday === "*") return { every: "day", at: time };
  if (day === "*") return { every: "week", on: cron.weekdays.flatMap((one) => DAYS[one] ?? []), at: time };
  if (weekday === "*" && cron.days.length === 1) return { every: "month", on: cron.days[0] ?? 1, at: time };
  return own;
}

/** Days by their names: whoever reads the text need not know from where they are counted. */
export function textOfPlan(plan: Plan): string {
  const [hour, minute] = "at" in plan ? plan.at.split(":").map(Number) : [0, 0];
  switch (plan.every) {
    case "day":
      return `${minute} ${hour} * * *`;
    case "week":
      return `${minute} ${hour} * * ${DAYS.filter((one) => plan.on.includes(one)).join(",") || "mon"}`;
    case "month":
      return `${minute} ${hour} ${plan.on} * *`;
    case "hours":
      return plan.hours === 1 ? "0 * * * *" : `0 */${plan.hours} * * *`;
    case "text":
      return plan.text;
  }
}

const clocks = new Map<string, Intl.DateTimeFormat>();

/** A zone's clock at an instant, as if it were UTC. */
function civil(instant: number, zone: string): number {
  let clock = clocks.get(zone);
  if (clock === undefined) {
    clock = new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric", hourCycle: "h23" });
    clocks.set(zone, clock);
  }
  const part = Object.fromEntries(clock.formatToParts(new Date(instant)).map((one) => [one.type, Number(one.value)]));
  return Date.UTC(part.year ?? 0, (part.month ?? 1) - 1, part.day, part.hour, part.minute, part.second);
}

function instantOf(clock: number, zone: string): number {
  // The offset at the first guess is right except within hours of a change of clocks; the second look settles those.
  const first = clock - (civil(clock, zone) - clock);
  return clock - (civil(first, zone) - first);
}

const DAY = 86_400_000;
const FAR = 366 * 5;

/** The next instants of a schedule after `from`; empty when it never comes. */
export function nextInstants(cron: Cron, from: Date, zone: string, count: number): Date[] {
  const found: Date[] = [];
  const today = Math.floor(civil(from.getTime(), zone) / DAY) * DAY;
  for (let ahead = 0; ahead < FAR && found.length < count; ahead++) {
    const day = new Date(today + ahead * DAY);
    if (!cron.months.includes(day.getUTCMonth() + 1) || !cron.days.includes(day.getUTCDate()) || !cron.weekdays.includes((day.getUTCDay() + 6) % 7)) continue;
    for (const hour of cron.hours) {
      for (const minute of cron.minutes) {
        const clock = day.getTime() + hour * 3_600_000 + minute * 60_000;
        const instant = instantOf(clock, zone);
        // A time that the clocks skip on that day does not come.
        if (instant > from.getTime() && civil(instant, zone) === clock && found.length < count) found.push(new Date(instant));
      }
    }
  }
  return found;
}

import { type Dispatch, type SetStateAction, useEffect, useRef, useState } from "react";
import type { Asked } from "@/api/backtests";
import type { Definition } from "@/journeys/model";
import { dateTime, instantOf } from "@/lib/format";
import { useZone } from "@/lib/session";

const DAY_MS = 86_400_000;

/** Over whom and which stretch of the past: the parts of the panel share it. */
export interface Choice {
  who: "customer" | "segment" | "everybody";
  customer: number | null;
  segment: string | null;
  days: number;
  /** The workspace's zone: `start` is on its clock, as all times of the console are. */
  zone: string | undefined;
  start: string;
}

export type Choosing = [Choice, Dispatch<SetStateAction<Choice>>];

/** A start for an input of the workspace's time. */
const local = (at: Date, zone: string | undefined): string => dateTime(at, zone).replace(" ", "T");

export function useChoice(days: number): Choosing {
  const zone = useZone();
  return useState<Choice>(() => ({ who: "customer", customer: null, segment: null, days, zone, start: local(new Date(Date.now() - days * DAY_MS), zone) }));
}

export const ready = (choice: Choice): boolean => choice.start !== "" && (choice.who === "everybody" || (choice.who === "customer" ? choice.customer !== null : choice.segment !== null));

/** What the server is asked. `sample`: how many of a segment or of everybody. */
export function asked(definition: Definition, choice: Choice, sample?: number): Asked {
  return {
    definition,
    start: instantOf(choice.start, choice.zone).toISOString(),
    days: choice.days,
    ...(choice.who === "customer" && { customers: choice.customer === null ? [] : [choice.customer] }),
    ...(choice.who === "segment" && { segment: choice.segment ?? "" }),
    ...(sample !== undefined && choice.who !== "customer" && { sample }),
  };
}

export interface Found<T> {
  of: Definition;
  value: T | null;
  error: unknown;
}

/** One question at a time; a new one ends the one before. */
export function useAnswer<T>(definition: Definition): { busy: boolean; found: Found<T> | null; ask: (by: (signal: AbortSignal) => Promise<T>) => void; stop: () => void } {
  const [found, setFound] = useState<Found<T> | null>(null);
  const [busy, setBusy] = useState(false);
  const going = useRef<AbortController | null>(null);
  useEffect(() => () => going.current?.abort(), []);
  const ask = (by: (signal: AbortSignal) => Promise<T>): void => {
    going.current?.abort();
    const mine = new AbortController();
    going.current = mine;
    setBusy(true);
    const done = (value: T | null, error: unknown): void => {
      if (going.current !== mine) return;
      setBusy(false);
      setFound({ of: definition, value, error });
    };
    by(mine.signal).then(
      (value) => done(value, null),
      (error: unknown) => done(null, error),
    );
  };
  const stop = (): void => {
    going.current?.abort();
    going.current = null;
    setBusy(false);
  };
  return { busy, found, ask, stop };
}

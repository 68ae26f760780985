/** Undo and redo of a journey. Changes of one control in a row are one step back. */
import { useCallback, useReducer } from "react";

const KEPT = 200;
/** Changes of the same place within this long belong together. */
export const TOGETHER_MS = 1200;

export interface Past<T> {
  before: readonly T[];
  now: T;
  after: readonly T[];
  /** What the last change was made at, and when. */
  last: { place: string; at: number } | null;
}

export type Act<T> = { type: "set"; next: T; place: string | null; at: number } | { type: "undo" } | { type: "redo" } | { type: "restart"; next: T };

export const begun = <T>(now: T): Past<T> => ({ before: [], now, after: [], last: null });

export function acted<T>(past: Past<T>, act: Act<T>): Past<T> {
  switch (act.type) {
    case "set": {
      if (act.next === past.now) return past;
      const together = act.place !== null && past.last !== null && past.last.place === act.place && act.at - past.last.at < TOGETHER_MS && past.after.length === 0;
      return { before: together ? past.before : [...past.before, past.now].slice(-KEPT), now: act.next, after: [], last: act.place === null ? null : { place: act.place, at: act.at } };
    }
    case "undo": {
      const last = past.before.at(-1);
      return last === undefined ? past : { before: past.before.slice(0, -1), now: last, after: [past.now, ...past.after], last: null };
    }
    case "redo": {
      const [next, ...rest] = past.after;
      return next === undefined ? past : { before: [...past.before, past.now], now: next, after: rest, last: null };
    }
    case "restart":
      return begun(act.next);
  }
}

export function useHistory<T>(start: T) {
  const [past, dispatch] = useReducer(acted<T>, start, begun<T>);
  const set = useCallback((next: T, place: string | null = null) => dispatch({ type: "set", next, place, at: Date.now() }), []);
  const undo = useCallback(() => dispatch({ type: "undo" }), []);
  const redo = useCallback(() => dispatch({ type: "redo" }), []);
  const restart = useCallback((next: T) => dispatch({ type: "restart", next }), []);
  return { now: past.now, set, undo, redo, restart, canUndo: past.before.length > 0, canRedo: past.after.length > 0 };
}

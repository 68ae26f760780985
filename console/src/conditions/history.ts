import { useCallback, useState } from "react";

interface Past<T> {
  before: T[];
  now: T;
  after: T[];
}

const KEPT = 100;

/** A value with undo and redo. */
export function useHistory<T>(start: T) {
  const [past, setPast] = useState<Past<T>>({ before: [], now: start, after: [] });
  const set = useCallback((next: T) => {
    setPast(({ before, now }) => ({ before: [...before, now].slice(-KEPT), now: next, after: [] }));
  }, []);
  const undo = useCallback(() => {
    setPast((p) => {
      const last = p.before.at(-1);
      return last === undefined ? p : { before: p.before.slice(0, -1), now: last, after: [p.now, ...p.after] };
    });
  }, []);
  const redo = useCallback(() => {
    setPast((p) => {
      const [next, ...rest] = p.after;
      return next === undefined ? p : { before: [...p.before, p.now], now: next, after: rest };
    });
  }, []);
  return { now: past.now, set, undo, redo, canUndo: past.before.length > 0, canRedo: past.after.length > 0 };
}

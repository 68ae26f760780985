import { useCallback, useEffect, useRef, useState } from "react";
import { planTag, type TagPlan } from "@/api/tags";
import type { Definition } from "./definition";

export interface DryRun {
  /** The definition that the figures are of. */
  of: Definition | null;
  plan: TagPlan | null;
  error: unknown;
  /** When the run in flight began. */
  since: number | null;
  /** Tries `body`, which stands for the definition `of`. */
  start: (of: Definition, body: Definition) => void;
  stop: () => void;
}

/** Trying a definition out on all customers; one run at a time, which can be stopped. */
export function useDryRun(): DryRun {
  const [found, setFound] = useState<{ of: Definition | null; plan: TagPlan | null; error: unknown }>({ of: null, plan: null, error: null });
  const [since, setSince] = useState<number | null>(null);
  const going = useRef<AbortController | null>(null);
  const stop = useCallback(() => {
    going.current?.abort();
    going.current = null;
    setSince(null);
  }, []);
  const start = useCallback((of: Definition, body: Definition) => {
    going.current?.abort();
    const mine = new AbortController();
    going.current = mine;
    setSince(Date.now());
    const done = (plan: TagPlan | null, error: unknown): void => {
      if (going.current !== mine) return;
      going.current = null;
      setSince(null);
      setFound({ of, plan, error });
    };
    planTag(body, mine.signal).then(
      (plan) => done(plan, null),
      (error: unknown) => done(null, error),
    );
  }, []);
  useEffect(() => () => going.current?.abort(), []);
  return { ...found, since, start, stop };
}

import { useEffect, useMemo, useRef, useState } from "react";
import { type Draft, draftKey, readDraft, unchanged, type Written } from "./drafts";

const PAUSE_MS = 400;

export interface Keeping {
  /** What was found when the page was opened. */
  found: Draft | null;
  /** When it was last kept; null while there is nothing to keep. */
  keptAt: string | null;
  /** Nothing is kept any more: it was published or thrown away. */
  forget: () => void;
}

/** What was being written, from the last time; read once, when the page opens. */
export function useFound(user: string, segment: string | null, published: Written): { key: string; found: Draft | null } {
  const [begun] = useState(published.condition);
  const key = draftKey(user, segment, begun);
  return useMemo(() => {
    const draft = readDraft(localStorage.getItem(key));
    return { key, found: draft === null || unchanged(draft, published) ? null : draft };
    // Only the first time: afterwards the page itself has what is written.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key]);
}

/** Keeps what is written, a moment after each change and when the page is left. */
export function useKeeping(key: string, written: Written, published: Written, version: number | null, found: Draft | null): Keeping {
  const [keptAt, setKeptAt] = useState(found?.at ?? null);
  const over = useRef(false);
  const latest = useRef<() => void>(() => undefined);
  useEffect(() => {
    const keep = (): void => {
      if (over.current) return;
      if (unchanged(written, published)) {
        localStorage.removeItem(key);
        setKeptAt(null);
        return;
      }
      const at = new Date().toISOString();
      const draft: Draft = { ...written, version, at };
      try {
        localStorage.setItem(key, JSON.stringify(draft));
        setKeptAt(at);
      } catch (error) {
        // A full or forbidden store keeps nothing; the page goes on.
        if (!(error instanceof DOMException)) throw error;
        setKeptAt(null);
      }
    };
    latest.current = keep;
    const timer = setTimeout(keep, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [key, written, published, version]);
  useEffect(() => {
    const leave = (): void => latest.current();
    window.addEventListener("pagehide", leave);
    return () => {
      window.removeEventListener("pagehide", leave);
      leave();
    };
  }, []);
  return {
    found,
    keptAt,
    forget: () => {
      over.current = true;
      localStorage.removeItem(key);
      setKeptAt(null);
    },
  };
}

/** The draft keeps itself: on the server, and on the device while the server can't be reached. */
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError, OfflineError } from "@/api/errors";
import { type JourneyDetail, journeys, saveDraft } from "@/api/journeys";
import { isObject, type Json } from "@/conditions/model";
import { same } from "@/conditions/tree";
import type { Definition } from "@/journeys/model";

const PAUSE_MS = 900;
const AGAIN_MS = 8_000;

export interface LocalDraft {
  definition: Definition;
  /** The draft on the server that it was written on. */
  version: number | null;
  at: string;
}

export const localKey = (user: string, name: string): string => `onepool.draft.${user}.journey.${name}`;

/** What was kept on this device, or null when nothing was or it can't be read. */
export function readLocal(text: string | null): LocalDraft | null {
  if (text === null) return null;
  try {
    const found = JSON.parse(text) as Json;
    if (!isObject(found) || !isObject(found.definition) || typeof found.at !== "string") return null;
    return { definition: found.definition, version: typeof found.version === "number" ? found.version : null, at: found.at };
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function put(key: string, draft: LocalDraft): void {
  try {
    localStorage.setItem(key, JSON.stringify(draft));
  } catch (error) {
    // A full or forbidden store keeps nothing; the page goes on.
    if (!(error instanceof DOMException)) throw error;
  }
}

export type Kept = "saved" | "saving" | "offline" | "conflict" | "refused";

export interface Keeping {
  state: Kept;
  /** Why the server does not take it. */
  error: unknown;
  version: number | null;
  /** Saves at once what is not saved yet; true when all is on the server. */
  flush: () => Promise<boolean>;
  /** Writes over what somebody else saved meanwhile. */
  insist: () => void;
}

/** Saves a moment after each change. `broken`: the text is no journey right now, and what is shown is not what is meant. */
export function useKeeping(user: string, detail: JourneyDetail, definition: Definition, broken: boolean, readOnly: boolean): Keeping {
  const cache = useQueryClient();
  const key = localKey(user, detail.name);
  const [state, setState] = useState<Kept>("saved");
  const [error, setError] = useState<unknown>(null);
  const [onServer, setOnServer] = useState<Definition>(detail.definition);
  const saved = useRef<Definition>(detail.definition);
  const [shown, setShown] = useState<number | null>(detail.draft_version);
  const version = useRef<number | null>(detail.draft_version);
  const going = useRef<Promise<boolean> | null>(null);
  const latest = useRef(definition);
  const stuck = useRef(false);
  useEffect(() => {
    latest.current = definition;
  });

  const send = useCallback(async (): Promise<boolean> => {
    // Until what is shown now is saved: it may have changed meanwhile, also back to what was saved before.
    for (;;) {
      while (going.current !== null) await going.current;
      const body = latest.current;
      if (same(body, saved.current)) {
        setState("saved");
        return true;
      }
      setState("saving");
      const attempt = saveDraft(detail.name, body, version.current).then(
        (made) => {
          saved.current = body;
          setOnServer(body);
          version.current = made.draft_version;
          setShown(made.draft_version);
          stuck.current = false;
          localStorage.removeItem(key);
          setError(null);
          setState(same(latest.current, body) ? "saved" : "saving");
          cache.setQueryData(journeys.one(detail.name).queryKey, { ...made, definition: body });
          return true;
        },
        (problem: unknown) => {
          put(key, { definition: body, version: version.current, at: new Date().toISOString() });
          setError(problem);
          if (problem instanceof OfflineError) setState("offline");
          else {
            stuck.current = problem instanceof ApiError && problem.status === 409;
            setState(stuck.current ? "conflict" : "refused");
          }
          return false;
        },
      );
      going.current = attempt;
      const done = await attempt;
      going.current = null;
      if (!done || same(latest.current, body)) return done;
    }
  }, [cache, detail.name, key]);

  useEffect(() => {
    if (readOnly || broken || stuck.current || same(definition, saved.current)) return;
    put(key, { definition, version: version.current, at: new Date().toISOString() });
    const timer = setTimeout(() => void send(), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [definition, broken, readOnly, send, key]);

  // What was changed just before the page was left is saved as well.
  const leaving = useRef({ send, may: false });
  useEffect(() => {
    leaving.current = { send, may: !readOnly && !broken };
  });
  useEffect(
    () => () => {
      if (leaving.current.may && !stuck.current) void leaving.current.send();
    },
    [],
  );

  useEffect(() => {
    if (state !== "offline") return;
    const again = (): void => void send();
    const timer = setInterval(again, AGAIN_MS);
    window.addEventListener("online", again);
    return () => {
      clearInterval(timer);
      window.removeEventListener("online", again);
    };
  }, [state, send]);

  const insist = useCallback(() => {
    void cache.fetchQuery({ ...journeys.one(detail.name), staleTime: 0 }).then((now) => {
      version.current = now.draft_version;
      stuck.current = false;
      void send();
    });
  }, [cache, detail.name, send]);
  const pending = state === "saved" && definition !== onServer && !same(definition, onServer);
  return { state: pending ? "saving" : state, error, version: shown, flush: send, insist };
}

import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import type { components } from "./schema";

export type Moved = components["schemas"]["SegmentMoved"];

const SHOWN = 20;
/** Figures are read anew at most this often, however fast the messages come. */
const PAUSE_MS = 1000;

type Message = components["schemas"]["Applied"] | components["schemas"]["Missed"] | Moved;

/** Who enters and leaves a segment from now on, newest first; its figures in the cache follow. */
export function useLive(segment: string): { moves: Moved[]; connected: boolean } {
  const cache = useQueryClient();
  const [moves, setMoves] = useState<Moved[]>([]);
  const [connected, setConnected] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    if (typeof EventSource === "undefined") return;
    const source = new EventSource(`/api/v1/live?segment=${encodeURIComponent(segment)}`);
    const refresh = (): void => {
      timer.current ??= setTimeout(() => {
        timer.current = undefined;
        void cache.invalidateQueries({ queryKey: ["segments", segment] });
      }, PAUSE_MS);
    };
    source.onmessage = (event: MessageEvent<string>) => {
      const message = JSON.parse(event.data) as Message;
      if (message.type === "applied") return;
      if (message.type !== "missed") setMoves((before) => [message, ...before].slice(0, SHOWN));
      refresh();
    };
    source.onopen = () => {
      setConnected(true);
      // What happened since the page was loaded was told before anybody listened.
      refresh();
    };
    source.onerror = () => setConnected(false);
    return () => {
      source.close();
      clearTimeout(timer.current);
      timer.current = undefined;
    };
  }, [cache, segment]);
  return { moves, connected };
}

import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";

export interface Moved {
  type: "segment_entered" | "segment_left";
  segment: string;
  customer_id: number;
  at: string;
}

const TYPES = ["segment_entered", "segment_left", "applied", "missed"] as const;
const SHOWN = 20;
/** Figures are read anew at most this often, however fast the messages come. */
const PAUSE_MS = 1000;

function movedOf(data: string): Moved | null {
  const said: unknown = JSON.parse(data);
  if (typeof said !== "object" || said === null || !("type" in said)) return null;
  return said.type === "segment_entered" || said.type === "segment_left" ? (said as Moved) : null;
}

/** Who enters and leaves a segment from now on, newest first; its figures in the cache follow. */
export function useLive(segment: string): { moves: Moved[]; connected: boolean } {
  const cache = useQueryClient();
  const [moves, setMoves] = useState<Moved[]>([]);
  const [connected, setConnected] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    if (typeof EventSource === "undefined") return;
    const source = new EventSource("/api/v1/live");
    const refresh = (): void => {
      timer.current ??= setTimeout(() => {
        timer.current = undefined;
        void cache.invalidateQueries({ queryKey: ["segments", segment] });
      }, PAUSE_MS);
    };
    const hear = (event: MessageEvent<string>): void => {
      const moved = movedOf(event.data);
      if (moved === null) {
        if (event.type === "missed") refresh();
        return;
      }
      if (moved.segment !== segment) return;
      setMoves((before) => [moved, ...before].slice(0, SHOWN));
      refresh();
    };
    // Servers name the events or send all as "message"; both are heard.
    for (const type of [...TYPES, "message"]) source.addEventListener(type, hear as EventListener);
    source.onopen = () => setConnected(true);
    source.onerror = () => setConnected(false);
    return () => {
      source.close();
      clearTimeout(timer.current);
      timer.current = undefined;
    };
  }, [cache, segment]);
  return { moves, connected };
}

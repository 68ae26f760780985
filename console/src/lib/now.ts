import { useSyncExternalStore } from "react";

let now = new Date();
const listeners = new Set<() => void>();
setInterval(() => {
  now = new Date();
  listeners.forEach((tell) => tell());
}, 10_000);

/** The present, moving on every ten seconds: what "3 minutes ago" is counted from. */
export function useNow(): Date {
  return useSyncExternalStore(
    (tell) => {
      listeners.add(tell);
      return () => listeners.delete(tell);
    },
    () => now,
  );
}

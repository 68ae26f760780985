import { useSyncExternalStore } from "react";

export type Language = "zh-CN" | "en";
export type ThemeChoice = "light" | "dark" | "system";
export interface Preferences {
  language: Language;
  theme: ThemeChoice;
  /** Whether single keys ("/", "g j", "?") do something. */
  keys: boolean;
}

const KEY = "onepool.preferences";
const listeners = new Set<() => void>();

function stored(): Partial<Preferences> {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Preferences>;
  } catch {
    return {};
  }
}

function initial(): Preferences {
  const kept = stored();
  // Chinese is the source language; English only for browsers that ask for no Chinese at all.
  const wanted = navigator.languages.some((tag) => tag.toLowerCase().startsWith("zh")) ? "zh-CN" : undefined;
  return {
    language: kept.language === "en" || kept.language === "zh-CN" ? kept.language : (wanted ?? "zh-CN"),
    theme: kept.theme === "light" || kept.theme === "dark" ? kept.theme : "system",
    keys: kept.keys !== false,
  };
}

let current: Preferences = initial();

export const preferences = {
  get: (): Preferences => current,
  set(change: Partial<Preferences>): void {
    current = { ...current, ...change };
    localStorage.setItem(KEY, JSON.stringify(current));
    listeners.forEach((tell) => tell());
  },
  subscribe(tell: () => void): () => void {
    listeners.add(tell);
    return () => listeners.delete(tell);
  },
};

export function usePreferences(): Preferences {
  return useSyncExternalStore(preferences.subscribe, preferences.get);
}

const darkQuery = typeof window.matchMedia === "function" ? window.matchMedia("(prefers-color-scheme: dark)") : undefined;

function subscribeDark(tell: () => void): () => void {
  darkQuery?.addEventListener("change", tell);
  return () => darkQuery?.removeEventListener("change", tell);
}

const stillQuery = typeof window.matchMedia === "function" ? window.matchMedia("(prefers-reduced-motion: reduce)") : undefined;

/** Whether the viewer asked their system for less motion; read once, when the console starts. */
export const still = stillQuery?.matches ?? false;

/** Whether the dark theme is in force: the viewer's choice, or the system's when they left it to the system. */
export function useDark(): boolean {
  const { theme } = usePreferences();
  const system = useSyncExternalStore(subscribeDark, () => darkQuery?.matches ?? false);
  return theme === "system" ? system : theme === "dark";
}

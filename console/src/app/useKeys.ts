import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { preferences } from "./preferences";

/** Where "g" and then a letter leads. */
export const GOES = { h: "/", c: "/customers", i: "/identity", s: "/segments", l: "/lists", t: "/tags", j: "/journeys", b: "/broadcasts", m: "/messages", d: "/deliveries", k: "/tasks", p: "/policies", q: "/quality" } as const;

/** How long "g" waits for its letter, in milliseconds. */
const PATIENCE = 1500;
const TYPED = "input, textarea, select, [contenteditable], [role=textbox], [role=combobox]";

interface Keys {
  onPalette: () => void;
  onHelp: () => void;
}

/**
 * Keys of the whole console: Ctrl+K for what there is, "/" for the page's search, "g" and a letter for a page, "?" for
 * help. Those without Ctrl hold while nothing is typed and no dialog is open, and can be switched off (WCAG 2.1.4).
 */
export function useKeys({ onPalette, onHelp }: Keys): void {
  const navigate = useNavigate();
  const since = useRef(0);
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      if (event.defaultPrevented) return;
      const key = event.key.toLowerCase();
      if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && key === "k") {
        event.preventDefault();
        onPalette();
        return;
      }
      const target = event.target instanceof Element ? event.target : null;
      if (event.ctrlKey || event.metaKey || event.altKey || target?.closest(`${TYPED}, [role=dialog]`) || !preferences.get().keys) return;
      const going = event.timeStamp - since.current < PATIENCE;
      since.current = 0;
      if (going && key in GOES) {
        event.preventDefault();
        void navigate({ to: GOES[key as keyof typeof GOES] });
      } else if (key === "g") since.current = event.timeStamp;
      else if (key === "?") onHelp();
      else if (key === "/") {
        const box = document.querySelector<HTMLInputElement>("[data-search] input, input[data-search]");
        if (box === null) return;
        event.preventDefault();
        box.focus();
      }
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  }, [navigate, onPalette, onHelp]);
}

import { type RefObject, useEffect, useRef } from "react";
import type { Verdict } from "@/api/identity";
import { KEYS, VERDICTS } from "./Verdicts";

interface Acts {
  move: (by: 1 | -1) => void;
  toggle: () => void;
  decide: (verdict: Verdict) => void;
  undo: () => void;
}

/** Single keys work only while the focus is inside of `frame` and not in a field: elsewhere they belong to the reader. */
export function useKeys(frame: RefObject<HTMLElement | null>, acts: Acts): void {
  const now = useRef(acts);
  useEffect(() => {
    now.current = acts;
  });
  useEffect(() => {
    const at = frame.current;
    const press = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement;
      if (target.closest("input:not([type=checkbox]), textarea, [role=combobox], [role=dialog]")) return;
      const key = event.key.toLowerCase();
      if ((event.ctrlKey || event.metaKey) && key === "z") now.current.undo();
      else if (event.ctrlKey || event.metaKey || event.altKey) return;
      else if (key === "arrowdown" || key === "arrowup") now.current.move(key === "arrowdown" ? 1 : -1);
      else if (key === "x") now.current.toggle();
      else {
        const verdict = VERDICTS.find((one) => KEYS[one] === key);
        if (verdict === undefined) return;
        now.current.decide(verdict);
      }
      event.preventDefault();
    };
    at?.addEventListener("keydown", press);
    return () => at?.removeEventListener("keydown", press);
  }, [frame]);
}

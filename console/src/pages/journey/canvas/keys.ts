import { type RefObject, useEffect, useRef } from "react";
import type { Editing } from "../editor/context";
import { wayAfter } from "./after";

/** Keys on the drawing: Enter opens the step that has the focus, Delete takes the chosen ones away, Ctrl+C and Ctrl+V copy. */
export function useCanvasKeys(editing: Editing): RefObject<HTMLDivElement | null> {
  const frame = useRef<HTMLDivElement>(null);
  const latest = useRef(editing);
  useEffect(() => {
    latest.current = editing;
  });
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const act = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement;
      if (target.closest("textarea, input:not([type=radio]):not([type=checkbox]), [contenteditable]") !== null) return;
      const { selected, open, readOnly, remove, copy, paste, setOpen, clipboard } = latest.current;
      const focused = target.closest<HTMLElement>(".react-flow__node")?.dataset.id;
      // What has the focus is meant, and with it the others where it is one of several that are chosen.
      const one = focused !== undefined && !focused.startsWith("$") ? focused : open?.kind === "node" ? open.name : undefined;
      const names = one === undefined || selected.has(one) ? selected : new Set([one]);
      const command = event.ctrlKey || event.metaKey;
      const key = event.key.toLowerCase();
      if (event.key === "Enter" && focused !== undefined && target.closest("button") === null) setOpen(focused.startsWith("$") ? { kind: "panel", name: "entry" } : { kind: "node", name: focused });
      else if ((event.key === "Delete" || event.key === "Backspace") && !readOnly && names.size > 0) remove(names);
      else if (command && key === "c" && names.size > 0 && window.getSelection()?.isCollapsed !== false) copy(names);
      else if (command && key === "v" && !readOnly && clipboard !== null) paste(wayAfter(latest.current, one));
      else return;
      event.preventDefault();
    };
    element.addEventListener("keydown", act);
    return () => element.removeEventListener("keydown", act);
  }, []);
  return frame;
}

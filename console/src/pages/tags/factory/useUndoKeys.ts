import { useEffect } from "react";

/** Ctrl+Z and Ctrl+Y (or Ctrl+Shift+Z) outside of text boxes, which have their own. */
export function useUndoKeys(undo: () => void, redo: () => void): void {
  useEffect(() => {
    const act = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement | null;
      if (!(event.ctrlKey || event.metaKey) || target?.closest("textarea, input:not([type=radio]):not([type=checkbox])")) return;
      const key = event.key.toLowerCase();
      if (key === "z" && !event.shiftKey) undo();
      else if (key === "y" || (key === "z" && event.shiftKey)) redo();
      else return;
      event.preventDefault();
    };
    window.addEventListener("keydown", act);
    return () => window.removeEventListener("keydown", act);
  }, [undo, redo]);
}

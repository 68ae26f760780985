import { createContext, useContext } from "react";

/** The control that waits for a place to be picked in the sample. */
export interface Target {
  key: string;
  label: string;
  put: (path: string, value: unknown) => void;
}

export const TargetContext = createContext<{ target: Target | undefined; setTarget: (target: Target | undefined) => void }>({ target: undefined, setTarget: () => undefined });

export function useTarget() {
  return useContext(TargetContext);
}

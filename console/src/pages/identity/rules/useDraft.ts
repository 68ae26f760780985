import { useState } from "react";
import type { Rules } from "@/api/identity";
import type { Draft } from "./draft";

const KEY = "onepool.identity-rules-draft";

function kept(version: number): Draft {
  try {
    const found = JSON.parse(sessionStorage.getItem(KEY) ?? "{}") as { version?: number; draft?: Draft };
    return found.version === version && found.draft !== undefined ? found.draft : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

/** The changes not yet published; they outlive a reload, and end with the version they were made on. */
export function useDraft(rules: Rules): [Draft, (draft: Draft) => void] {
  const [state, setState] = useState({ version: rules.version, draft: kept(rules.version) });
  const draft = state.version === rules.version ? state.draft : {};
  return [
    draft,
    (next) => {
      sessionStorage.setItem(KEY, JSON.stringify({ version: rules.version, draft: next }));
      setState({ version: rules.version, draft: next });
    },
  ];
}

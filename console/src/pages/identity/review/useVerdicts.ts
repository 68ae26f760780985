import { App } from "antd";
import { useRef } from "react";
import { useRule, type Verdict } from "@/api/identity";
import { useText } from "@/lib/useText";
import { useUndoToast } from "../decisions/useUndoToast";

/** Deciding on one or many items of the queue: the toast with the way back, and what somebody else decided meanwhile. */
export function useVerdicts(): { decide: (ids: string[], verdict: Verdict, reason: string, after: () => void, until?: string) => void; undoLast: () => void; busy: boolean } {
  const { t } = useText();
  const { message } = App.useApp();
  const rule = useRule();
  const toast = useUndoToast();
  const last = useRef<number[]>([]);
  return {
    busy: rule.isPending,
    undoLast: () => {
      if (last.current.length === 0) return;
      toast.undo(last.current);
      last.current = [];
    },
    decide: (ids, verdict, reason, after, until) => {
      if (ids.length === 0 || rule.isPending) return;
      rule.mutate(
        { items: ids.map((id) => ({ id, decision: verdict })), reason, until },
        {
          onError: toast.fail,
          onSuccess: ({ decisions, conflicts }) => {
            last.current = decisions.map((one) => one.id);
            const done = ids.length - conflicts.length;
            if (done > 0) toast.tell(t(`oneid.verdictDone.${verdict}`, { count: done }), last.current);
            if (conflicts.length > 0) void message.warning(t("oneid.decidedMeanwhile", { count: conflicts.length, problem: conflicts[0]?.problem ?? "" }), 8);
            after();
          },
        },
      );
    },
  };
}

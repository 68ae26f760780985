import { App } from "antd";
import { useUndo } from "@/api/identity";
import { useText } from "@/lib/useText";
import { useErrorText } from "@/parts/Loaded";
import { useToast } from "@/parts/undo";

/** A toast for what was just decided, with the way back (later from the history of decisions). Returns also the way back itself, for the keyboard. */
export function useUndoToast(): { tell: (title: string, decisions: number[]) => void; undo: (decisions: number[]) => void; fail: (error: unknown) => void } {
  const { t } = useText();
  const { notification, message } = App.useApp();
  const toast = useToast();
  const mutation = useUndo();
  const errorText = useErrorText();
  const fail = (error: unknown): void => {
    const text = errorText(error);
    void message.error([text.title, ...text.details].join(" "), 8);
  };
  const back = async (ids: number[]): Promise<void> => {
    try {
      // The latest is taken back first: an earlier one may rest on it.
      await mutation.mutateAsync({ ids: [...ids].reverse(), reason: "" });
    } catch (error) {
      fail(error);
      throw error;
    }
    // Taken back by a key, the toast goes too.
    notification.destroy(ids.join());
    void message.success(t("oneid.undone"));
  };
  return {
    undo: (ids) => void back(ids).catch(() => undefined),
    fail,
    tell: (title, ids) => toast({ key: ids.join(), title, description: t("oneid.nextTick"), back: ids.length === 0 ? undefined : () => back(ids) }),
  };
}

import { RollbackOutlined } from "@ant-design/icons";
import { App, Button } from "antd";
import { useUndo } from "@/api/identity";
import { useText } from "@/lib/useText";
import { useErrorText } from "@/parts/Loaded";

/** How long a decision can be taken back from its toast, in seconds; later from the history of decisions. */
const SECONDS = 10;

/** A toast for what was just decided, with the way back. Returns also the way back itself, for the keyboard. */
export function useUndoToast(): { tell: (title: string, decisions: number[]) => void; undo: (decisions: number[]) => void; fail: (error: unknown) => void } {
  const { t } = useText();
  const { notification, message } = App.useApp();
  const mutation = useUndo();
  const errorText = useErrorText();
  const fail = (error: unknown): void => {
    const text = errorText(error);
    void message.error([text.title, ...text.details].join(" "), 8);
  };
  const undo = (ids: number[]): void => {
    notification.destroy(ids.join());
    // The latest is taken back first: an earlier one may rest on it.
    mutation.mutate({ ids: [...ids].reverse(), reason: "" }, { onSuccess: () => void message.success(t("oneid.undone")), onError: fail });
  };
  return {
    undo,
    fail,
    tell: (title, ids) =>
      notification.success({
        key: ids.join(),
        title,
        description: t("oneid.nextTick"),
        duration: SECONDS,
        showProgress: true,
        pauseOnHover: true,
        placement: "bottomRight",
        role: "status",
        actions:
          ids.length === 0 ? undefined : (
            <Button size="small" icon={<RollbackOutlined />} onClick={() => undo(ids)} data-testid="undo-toast">
              {t("oneid.undo")}
            </Button>
          ),
      }),
  };
}

import { RollbackOutlined } from "@ant-design/icons";
import { App, Button } from "antd";
import type { ReactNode } from "react";
import { useText } from "@/lib/useText";
import { useErrorText } from "./Loaded";

/** How long something can be taken back from its toast, in seconds. */
const SECONDS = 10;

interface Told {
  key: string;
  title: string;
  description?: ReactNode;
  /** Nothing: it can't be taken back from here. */
  back?: () => void;
}

/** A toast in a live region for what was just done, with the way back for ten seconds. */
export function useToast(): (told: Told) => void {
  const { t } = useText();
  const { notification } = App.useApp();
  return ({ key, title, description, back }) =>
    notification.success({
      key,
      title,
      description,
      duration: SECONDS,
      showProgress: true,
      pauseOnHover: true,
      placement: "bottomRight",
      role: "status",
      actions:
        back === undefined ? undefined : (
          <Button
            size="small"
            icon={<RollbackOutlined />}
            onClick={() => {
              notification.destroy(key);
              back();
            }}
            data-testid="undo-toast"
          >
            {t("common.undo")}
          </Button>
        ),
    });
}

/** What was done (a thing removed), and how it is done back; a failure either way is told. */
export function useUndoable(): (title: string, done: Promise<unknown>, back: () => Promise<unknown>) => Promise<boolean> {
  const { t } = useText();
  const { message } = App.useApp();
  const toast = useToast();
  const words = useErrorText();
  const failed = (error: unknown): void => {
    const text = words(error);
    void message.error([text.title, ...text.details].join(" "), 8);
  };
  return async (title, done, back) => {
    try {
      await done;
    } catch (error) {
      failed(error);
      return false;
    }
    toast({ key: title, title, back: () => void back().then(() => void message.success(t("common.undone")), failed) });
    return true;
  };
}

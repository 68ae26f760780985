import { RollbackOutlined } from "@ant-design/icons";
import { App, Button } from "antd";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useText } from "@/lib/useText";
import { useErrorText } from "./Loaded";

/** How long something can be taken back from its toast, in seconds. */
const SECONDS = 10;

interface Told {
  /** Nobody else's: a second toast of this key takes the place of the first, and its undo away. */
  key: string;
  title: string;
  description?: ReactNode;
  /** Nothing: it can't be taken back from here. Rejects where it failed, and has told so; it can be tried again then. */
  back?: () => Promise<unknown>;
}

/** The way back: pressed once while it is under way. `onFailed`: it did not succeed; whether the toast is still to be seen. */
function Back({ back, onDone, onFailed }: { back: () => Promise<unknown>; onDone: () => void; onFailed: (shown: boolean) => void }) {
  const { t } = useText();
  const [running, setRunning] = useState(false);
  const shown = useRef(false);
  useEffect(() => {
    shown.current = true;
    return () => {
      shown.current = false;
    };
  }, []);
  const press = (): void => {
    if (running) return;
    setRunning(true);
    back().then(onDone, () => {
      setRunning(false);
      onFailed(shown.current);
    });
  };
  return (
    <Button size="small" icon={<RollbackOutlined />} loading={running} onClick={press} data-testid="undo-toast">
      {t("common.undo")}
    </Button>
  );
}

/** A toast in a live region for what was just done, with the way back for ten seconds; it goes once that succeeded. */
export function useToast(): (told: Told) => void {
  const { notification } = App.useApp();
  return ({ key, title, description, back }) => {
    const show = (): void =>
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
            <Back
              back={back}
              onDone={() => notification.destroy(key)}
              onFailed={(shown) => {
                // Its time was over meanwhile: it comes again, to be tried again.
                if (!shown) show();
              }}
            />
          ),
      });
    show();
  };
}

/** How many deeds were told: each has a toast of its own, also where two are called alike. */
let deeds = 0;

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
    deeds += 1;
    toast({
      key: `deed ${deeds}`,
      title,
      back: async () => {
        try {
          await back();
        } catch (error) {
          failed(error);
          throw error;
        }
        void message.success(t("common.undone"));
      },
    });
    return true;
  };
}

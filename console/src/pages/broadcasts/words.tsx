import { PauseCircleOutlined, PlayCircleOutlined, SendOutlined, StopOutlined } from "@ant-design/icons";
import { App, Button } from "antd";
import { type BroadcastRow, type BroadcastStatus, type Deed, useBroadcastDeed } from "@/api/broadcasts";
import { useMay } from "@/lib/session";
import { useText } from "@/lib/useText";
import { useErrorText } from "@/parts/Loaded";
import { Status, type StatusKind } from "@/parts/Status";

const KINDS: Record<BroadcastStatus, StatusKind> = { draft: "idle", asked: "idle", scheduled: "info", planning: "info", sending: "ok", paused: "warning", done: "ok", cancelled: "error" };
export const RUNNING: readonly BroadcastStatus[] = ["scheduled", "planning", "sending", "paused"];

export function BroadcastState({ of }: { of: Pick<BroadcastRow, "status"> }) {
  const { t } = useText();
  return <Status kind={KINDS[of.status]}>{t(`reach.broadcasts.status.${of.status}`)}</Status>;
}

/** Starting, pausing and stopping: stopping is one click away as long as anything may still go out. */
export function Deeds({ broadcast, mayStart }: { broadcast: BroadcastRow; mayStart: boolean }) {
  const { t } = useText();
  const may = useMay("journeys.write");
  const { message } = App.useApp();
  const errorText = useErrorText();
  const deed = useBroadcastDeed(broadcast.name);
  if (!may) return null;
  const run = (what: Deed): void =>
    deed.mutate(what, {
      onSuccess: () => void message.success(t(`reach.broadcasts.said.${what}`)),
      onError: (error) => {
        const text = errorText(error);
        void message.error([text.title, ...text.details].join(" "));
      },
    });
  const { status } = broadcast;
  // Only the button that was pressed is busy: the others come as soon as the state changed, and must take a click.
  const busy = (what: Deed): boolean => deed.isPending && deed.variables === what;
  return (
    <>
      {(status === "draft" || status === "asked") && (
        <Button type="primary" icon={<SendOutlined />} disabled={!mayStart} title={mayStart ? undefined : t("reach.broadcasts.approvalFirst")} loading={busy("start")} onClick={() => run("start")} data-testid="broadcast-start">
          {t("reach.broadcasts.start")}
        </Button>
      )}
      {(status === "planning" || status === "sending" || status === "scheduled") && (
        <Button icon={<PauseCircleOutlined />} loading={busy("pause")} onClick={() => run("pause")} data-testid="broadcast-pause">
          {t("reach.broadcasts.pause")}
        </Button>
      )}
      {status === "paused" && (
        <Button icon={<PlayCircleOutlined />} loading={busy("resume")} onClick={() => run("resume")} data-testid="broadcast-resume">
          {t("reach.broadcasts.resume")}
        </Button>
      )}
      {RUNNING.includes(status) && (
        <Button danger icon={<StopOutlined />} loading={busy("cancel")} onClick={() => run("cancel")} data-testid="broadcast-cancel">
          {t("reach.broadcasts.cancel")}
        </Button>
      )}
    </>
  );
}

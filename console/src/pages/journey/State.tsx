import { PauseCircleOutlined, PlayCircleOutlined, StopOutlined } from "@ant-design/icons";
import { App, Button, Input, Modal } from "antd";
import { useState } from "react";
import { type JourneyRow, useDeed } from "@/api/journeys";
import type { Status } from "@/journeys/state";
import { exact } from "@/lib/format";
import { useMay } from "@/lib/session";
import { useText } from "@/lib/useText";
import { Problem, useErrorText } from "@/parts/Loaded";
import { Status as Mark, type StatusKind } from "@/parts/Status";

const MARKS: Record<Status, StatusKind> = { live: "ok", paused: "warning", draft: "idle", stopping: "warning", stopped: "info" };

/** What a journey is doing: always an icon and a word. */
export function JourneyState({ of }: { of: Pick<JourneyRow, "status"> }) {
  const { t } = useText();
  return <Mark kind={MARKS[of.status]}>{t(`journey.status.${of.status}`)}</Mark>;
}

const APPROVALS: Record<"asked" | "approved" | "refused" | "withdrawn", StatusKind> = { asked: "warning", approved: "ok", refused: "error", withdrawn: "idle" };

export function ApprovalState({ of }: { of: Pick<JourneyRow, "approval"> }) {
  const { t } = useText();
  if (of.approval === null) return null;
  return (
    <span title={of.approval.note}>
      <Mark kind={APPROVALS[of.approval.status]}>{t(`journey.approval.${of.approval.status}`)}</Mark>
    </span>
  );
}

/** Who waits since accounts have enough to send, and what is being done with many runs; nothing where neither is. */
export function JourneyWaits({ of }: { of: Pick<JourneyRow, "held_back" | "underway"> }) {
  const { t, language } = useText();
  return (
    <>
      {of.held_back > 0 && (
        <span title={t("journey.heldBackHint")} data-testid="held-back" data-value={of.held_back}>
          <Mark kind="warning">{t("journey.heldBack", { figure: exact(of.held_back, language) })}</Mark>
        </span>
      )}
      {of.underway !== null && <Mark kind="info">{t(`journey.underway.${of.underway.kind as "move"}`, { figure: exact(of.underway.done, language) })}</Mark>}
    </>
  );
}

/** Ending all runs takes the journey's name typed: it can't be taken back. */
function Stop({ journey, onClose }: { journey: JourneyRow; onClose: () => void }) {
  const { t, language } = useText();
  const deed = useDeed(journey.name);
  const { message } = App.useApp();
  const [typed, setTyped] = useState("");
  const [reason, setReason] = useState("");
  return (
    <Modal
      open
      title={t("journey.stop.title")}
      okText={t("journey.stop.act")}
      cancelText={t("touchpoints.cancel")}
      okButtonProps={{ danger: true, disabled: typed !== journey.name, loading: deed.isPending, ...{ "data-testid": "stop-confirm" } }}
      onOk={() =>
        deed.mutate(
          { deed: "stop", body: { reason } },
          {
            onSuccess: () => {
              void message.success(t("journey.stop.done"));
              onClose();
            },
          },
        )
      }
      onCancel={onClose}
    >
      <div className="op-stack" style={{ gap: 12 }}>
        <p>{t("journey.stop.text", { figure: exact(journey.live_runs, language), count: journey.live_runs })}</p>
        <label>
          {t("journey.stop.reason")}
          <Input value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />
        </label>
        <label>
          {t("journey.stop.type", { name: journey.name })}
          <Input className="op-code" value={typed} onChange={(event) => setTyped(event.target.value)} data-testid="stop-name" />
        </label>
        {deed.isError && <Problem error={deed.error} />}
      </div>
    </Modal>
  );
}

/** Pausing and stopping are never further than one click. */
export function StopButtons({ journey }: { journey: JourneyRow }) {
  const { t } = useText();
  const may = useMay("journeys.write");
  const deed = useDeed(journey.name);
  const { message } = App.useApp();
  const words = useErrorText();
  const [stopping, setStopping] = useState(false);
  if (!may || journey.status === "draft" || journey.status === "stopped") return null;
  // Only the button that was pressed is busy: the other one comes as soon as the state changed, and must take a click.
  const busy = (kind: "pause" | "resume"): boolean => deed.isPending && deed.variables.deed === kind;
  const act = (kind: "pause" | "resume"): void =>
    deed.mutate(
      { deed: kind, body: { reason: "" } },
      {
        onSuccess: () => void message.success(t(`journey.done.${kind}`)),
        onError: (error) => {
          const { title, details } = words(error);
          void message.error([title, ...details].join(": "));
        },
      },
    );
  return (
    <>
      {journey.status === "live" && (
        <Button icon={<PauseCircleOutlined />} loading={busy("pause")} onClick={() => act("pause")} data-testid="journey-pause">
          {t("journey.pause")}
        </Button>
      )}
      {journey.status === "paused" && (
        <Button icon={<PlayCircleOutlined />} loading={busy("resume")} onClick={() => act("resume")} data-testid="journey-resume">
          {t("journey.resume")}
        </Button>
      )}
      {journey.status !== "stopping" && (
        <Button danger icon={<StopOutlined />} onClick={() => setStopping(true)} data-testid="journey-stop">
          {t("journey.stopIt")}
        </Button>
      )}
      {stopping && <Stop journey={journey} onClose={() => setStopping(false)} />}
    </>
  );
}

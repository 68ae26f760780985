import { useQuery } from "@tanstack/react-query";
import { Button, Drawer, Input } from "antd";
import { type ReactNode, useState } from "react";
import { identity, type Ruling, useDecide } from "@/api/identity";
import { useText } from "@/lib/useText";
import { Loaded, Problem } from "@/parts/Loaded";
import { Effects } from "./Effects";
import { useUndoToast } from "./useUndoToast";

interface Props {
  title: string;
  text: string;
  /** Undefined while something is still to be chosen, in `children`. */
  change: Ruling | undefined;
  onClose: () => void;
  onDone: () => void;
  children?: ReactNode;
}

/** A decision of a person: its effects first, then the reason, then the act; afterwards ten seconds to take it back. */
export function DecisionDrawer({ title, text, change, onClose, onDone, children }: Props) {
  const { t } = useText();
  const [reason, setReason] = useState("");
  const decide = useDecide();
  const toast = useUndoToast();
  const preview = useQuery({ ...identity.preview(change ?? { kind: "block", identifier: 0 }), enabled: change !== undefined });
  const act = (): void => {
    if (change === undefined) return;
    decide.mutate(
      { ...change, reason: reason.trim(), seen: preview.data?.seen ?? null },
      {
        onSuccess: (made) => {
          toast.tell(t("oneid.decided", { what: title }), [made.id]);
          onDone();
        },
      },
    );
  };
  return (
    <Drawer
      open
      size={640}
      title={title}
      onClose={onClose}
      mask={false}
      footer={
        <div className="op-row" style={{ justifyContent: "flex-end" }}>
          <Button onClick={onClose}>{t("oneid.cancel")}</Button>
          <Button type="primary" disabled={change === undefined || !preview.isSuccess} loading={decide.isPending} onClick={act} data-testid="decision-confirm">
            {title}
          </Button>
        </div>
      }
    >
      <div className="op-stack">
        <p>{text}</p>
        {children}
        {change !== undefined && (
          <>
            <Loaded query={preview} rows={6}>
              {(data) => <Effects preview={data} />}
            </Loaded>
            <label>
              <span className="op-mute">{t("oneid.reasonLabel")}</span>
              <Input value={reason} maxLength={500} placeholder={t("oneid.reasonHint")} onChange={(event) => setReason(event.target.value)} data-testid="decision-reason" />
            </label>
          </>
        )}
        {decide.isError && <Problem error={decide.error} />}
      </div>
    </Drawer>
  );
}

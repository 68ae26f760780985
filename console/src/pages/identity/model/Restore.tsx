import { App, Button, Drawer, Input } from "antd";
import { useEffect, useState } from "react";
import { type ModelVersion, useModelRestore, useModelRestorePreview } from "@/api/identity";
import { exact } from "@/lib/format";
import { useText } from "@/lib/useText";
import { Problem, Waiting } from "@/parts/Loaded";
import { SegmentEffects } from "../decisions/Effects";
import { Difference } from "./Difference";

const SHORTEST_REASON = 3;

/** Goes back to an earlier version: what that would change is computed first, on all customers, then it is asked why. */
export function Restore({ to, present, onClose }: { to: ModelVersion; present: number; onClose: () => void }) {
  const { t, language } = useText();
  const { message } = App.useApp();
  const [reason, setReason] = useState("");
  const preview = useModelRestorePreview();
  const restore = useModelRestore();
  const { mutate } = preview;
  useEffect(() => mutate({ to: to.version, segments: [] }), [mutate, to.version]);
  const back = (): void =>
    restore.mutate(
      { to: to.version, version: present, reason: reason.trim() },
      {
        onSuccess: (made) => {
          void message.success(t("oneid.modelRestored", { version: to.version, made: made.version }));
          onClose();
        },
      },
    );
  return (
    <Drawer open size={760} title={t("oneid.restoreOf", { version: to.version })} onClose={onClose} destroyOnHidden>
      <div className="op-stack">
        {preview.isPending && <Waiting rows={6} />}
        {preview.isError && <Problem error={preview.error} />}
        {preview.data !== undefined && (
          <div className="op-stack" data-testid="model-restore-outcome" aria-live="polite">
            <p>
              {t("oneid.outcome", {
                merged: exact(preview.data.merged, language),
                split: exact(preview.data.split, language),
                moved: exact(preview.data.identifiers_moved, language),
              })}
            </p>
            <SegmentEffects segments={preview.data.segments} />
            <Difference of={preview.data.difference} />
          </div>
        )}
        <p className="op-mute">{t("oneid.restoreEffect")}</p>
        <label>
          <span className="op-mute">{t("oneid.publishReason")}</span>
          <Input value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} data-testid="model-restore-reason" />
        </label>
        {restore.isError && <Problem error={restore.error} />}
        <Button
          type="primary"
          disabled={preview.data === undefined || reason.trim().length < SHORTEST_REASON}
          loading={restore.isPending}
          onClick={back}
          data-testid="model-restore"
        >
          {t("oneid.restore")}
        </Button>
      </div>
    </Drawer>
  );
}

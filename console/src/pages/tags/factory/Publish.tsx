import { Button, Input, Modal } from "antd";
import { useState } from "react";
import type { TagPlan } from "@/api/tags";
import { exact } from "@/lib/format";
import { useText } from "@/lib/useText";
import { Problem } from "@/parts/Loaded";
import { Status } from "@/parts/Status";

interface Props {
  fresh: boolean;
  title: string;
  /** The dry run of what is published; null when there was none. */
  plan: TagPlan | null;
  usedBy: string[];
  busy: boolean;
  error: unknown;
  onDryRun: () => void;
  onPublish: (reason: string) => void;
  onClose: () => void;
}

/** The last look before a definition counts: whom it changes, who uses it, why it is done. */
export function Publish({ fresh, title, plan, usedBy, busy, error, onDryRun, onPublish, onClose }: Props) {
  const { t, language } = useText();
  const [reason, setReason] = useState("");
  const [tried, setTried] = useState(false);
  const wanting = !fresh && reason.trim() === "";
  return (
    <Modal
      open
      title={t(fresh ? "publish.titleNew" : "publish.title", { tag: title })}
      okText={t("publish.act")}
      cancelText={t("touchpoints.cancel")}
      okButtonProps={{ loading: busy, ...{ "data-testid": "publish-confirm" } }}
      onOk={() => {
        setTried(true);
        if (!wanting) onPublish(reason.trim());
      }}
      onCancel={onClose}
    >
      <div className="op-stack" style={{ gap: 12 }}>
        {plan === null ? (
          <div>
            <Status kind="warning">{t("publish.notTried")}</Status>
            <div>
              <Button size="small" onClick={onDryRun}>
                {t("dry.run")}
              </Button>
            </div>
          </div>
        ) : (
          <p data-testid="publish-summary">
            {fresh
              ? t("publish.summaryNew", { coverage: exact(plan.coverage ?? 0, language), total: exact(plan.total, language) })
              : t("publish.summary", { coverage: exact(plan.coverage ?? 0, language), changed: exact(plan.changed ?? 0, language) })}
          </p>
        )}
        {usedBy.length > 0 && <Status kind="info">{t("publish.usedBy", { count: usedBy.length, names: usedBy.join(", ") })}</Status>}
        <label>
          {t("publish.reason")}
          <Input.TextArea autoSize={{ minRows: 2, maxRows: 5 }} maxLength={500} placeholder={t("publish.reasonHint")} value={reason} status={tried && wanting ? "error" : undefined} onChange={(event) => setReason(event.target.value)} style={{ marginTop: 6 }} data-testid="publish-reason" />
        </label>
        {tried && wanting && (
          <div className="op-place" role="alert">
            {t("publish.reasonMissing")}
          </div>
        )}
        {error !== null && error !== undefined && <Problem error={error} />}
      </div>
    </Modal>
  );
}

import { App, Button, Input, InputNumber, Slider, Switch } from "antd";
import { useState } from "react";
import { type ModelPage, useModelPreview, useThresholds } from "@/api/identity";
import { exact } from "@/lib/format";
import { useText } from "@/lib/useText";
import { Problem } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { SegmentEffects } from "../decisions/Effects";

const SHORTEST_REASON = 3;
const STEP = 0.005;

/** Where pairs join and where they wait: what other lines would do, before they are drawn. */
export function Thresholds({ page, may }: { page: ModelPage; may: boolean }) {
  const { t, language } = useText();
  const { message } = App.useApp();
  const [draft, setDraft] = useState(page.settings);
  const [reason, setReason] = useState("");
  const preview = useModelPreview();
  const save = useThresholds();
  const { settings } = page;
  const dirty = draft.join !== settings.join || draft.review !== settings.review || draft.auto !== settings.auto;
  const asked = preview.variables;
  const current = preview.isSuccess && asked?.join === draft.join && asked.review === draft.review;
  const line = (name: "join" | "review") => (
    <div>
      <span className="op-mute">{t(`oneid.likelihood.${name}`)}</span>
      <div style={{ display: "grid", gridTemplateColumns: "minmax(0, 1fr) 92px", gap: 16, alignItems: "center" }}>
        <Slider
          min={0}
          max={1}
          step={STEP}
          disabled={!may}
          value={draft[name]}
          ariaLabelForHandle={t(`oneid.likelihood.${name}`)}
          tooltip={{ open: false }}
          onChange={(next) => setDraft({ ...draft, [name]: next, ...(name === "join" ? { review: Math.min(draft.review, next) } : { join: Math.max(draft.join, next) }) })}
        />
        <InputNumber
          min={0}
          max={1}
          step={STEP}
          disabled={!may}
          value={draft[name]}
          aria-label={t(`oneid.likelihood.${name}`)}
          onChange={(next) => next !== null && setDraft({ ...draft, [name]: next })}
          data-testid={`threshold-${name}`}
        />
      </div>
    </div>
  );
  const wrongOrder = draft.review > draft.join;
  return (
    <Panel title={t("oneid.thresholds")} testId="model-thresholds">
      <div className="op-stack">
        {line("join")}
        {line("review")}
        {wrongOrder && <span className="op-place">{t("oneid.wrongOrder")}</span>}
        <div className="op-row">
          <Switch size="small" disabled={!may} checked={draft.auto} aria-label={t("oneid.likelihood.auto")} onChange={(auto) => setDraft({ ...draft, auto })} />
          <span>{t("oneid.likelihood.auto")}</span>
        </div>
        <p className="op-mute" style={{ fontSize: 13 }}>
          {t("oneid.likelihoodText.auto")}
        </p>
        {may && (
          <>
            <Button disabled={!dirty || wrongOrder} loading={preview.isPending} onClick={() => preview.mutate({ join: draft.join, review: draft.review })} data-testid="threshold-preview">
              {t("oneid.previewNow")}
            </Button>
            {preview.isError && <Problem error={preview.error} />}
            {preview.data !== undefined && (
              <div style={{ opacity: current ? 1 : 0.6 }} data-testid="threshold-outcome" aria-live="polite">
                <dl className="op-facts">
                  {(["pairs_joined", "pairs_review", "customers_merged", "expected_wrong"] as const).map((name) => (
                    <div key={name} style={{ display: "contents" }}>
                      <dt>{t(`oneid.thresholdOutcome.${name}`)}</dt>
                      <dd className="op-num" style={{ textAlign: "right" }}>
                        {exact(preview.data[name], language, 1)}
                      </dd>
                    </div>
                  ))}
                </dl>
                <SegmentEffects segments={preview.data.segments} />
              </div>
            )}
            <label>
              <span className="op-mute">{t("oneid.publishReason")}</span>
              <Input value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} data-testid="threshold-reason" />
            </label>
            <Button
              type="primary"
              disabled={!dirty || wrongOrder || (!current && (draft.join !== settings.join || draft.review !== settings.review)) || reason.trim().length < SHORTEST_REASON}
              title={current ? undefined : t("oneid.previewFirst")}
              loading={save.isPending}
              onClick={() => save.mutate({ ...draft, reason: reason.trim() }, { onSuccess: () => void message.success(t("oneid.thresholdsSaved")) })}
              data-testid="threshold-save"
            >
              {t("oneid.publish")}
            </Button>
            {save.isError && <Problem error={save.error} />}
          </>
        )}
      </div>
    </Panel>
  );
}

import { useQuery } from "@tanstack/react-query";
import { Spin } from "antd";
import { useEffect, useState } from "react";
import { type Preview, queries } from "@/api/queries";
import { isObject, type Json } from "@/conditions/model";
import { exact, percent, span } from "@/lib/format";
import { said } from "@/lib/said";
import { useText } from "@/lib/useText";
import { CustomerName } from "@/parts/CustomerName";
import { Problem } from "@/parts/Loaded";
import { Share } from "@/parts/Share";

const PAUSE_MS = 350;
/** Customers shown of the sample. */
const SAMPLE = 8;

export interface PreviewState {
  /** While a size is an estimate, the server says so; it becomes exact by itself. */
  data: Preview | undefined;
  error: unknown;
  /** The figures belong to the condition as it stands. */
  current: boolean;
  loading: boolean;
  retry: () => void;
}

/** What the condition would select, asked when typing pauses; an older question in flight is cancelled. */
export function usePreview(condition: Json, ready: boolean): PreviewState {
  const [settled, setSettled] = useState(condition);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(condition), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [condition]);
  const asked = isObject(settled) ? settled : {};
  const enabled = ready && isObject(settled) && settled === condition;
  const rough = useQuery({ ...queries.preview(asked, true), enabled });
  const estimated = rough.data?.approximate === true && !rough.isPlaceholderData;
  const whole = useQuery({ ...queries.preview(asked), enabled: enabled && estimated });
  const query = estimated && whole.isSuccess && !whole.isPlaceholderData ? whole : rough;
  return {
    data: ready || query.data?.problems.length === 0 ? query.data : undefined,
    error: ready ? query.error : null,
    current: ready && settled === condition && query.isSuccess && !query.isPlaceholderData,
    loading: ready && (settled !== condition || rough.isFetching || whole.isFetching),
    retry: () => void query.refetch(),
  };
}

interface Props {
  preview: PreviewState;
  unfinished: boolean;
  empty: boolean;
  /** The size as published; undefined for a new segment. */
  now?: number;
}

export function PreviewPanel({ preview, unfinished, empty, now }: Props) {
  const { t, title, language } = useText();
  const { data, error, current, loading } = preview;
  const size = data?.size ?? null;
  const other = language === "en" ? "zh-CN" : "en";
  return (
    <aside className="op-panel" aria-label={t("preview.label")} style={{ padding: 16 }}>
      <div className="op-row" style={{ justifyContent: "space-between" }}>
        <h2 style={{ fontSize: 15 }}>{t("preview.label")}</h2>
        {loading && <Spin size="small" aria-label={t("common.loading")} />}
      </div>
      <div aria-live="polite" style={{ margin: "8px 0 12px", opacity: current ? 1 : 0.6 }}>
        <span className="op-num" style={{ fontSize: 34, lineHeight: "44px", fontWeight: 650 }} data-testid="preview-size" data-value={size ?? ""} data-current={current}>
          {size === null ? "–" : (data?.approximate === true ? "~" : "") + exact(size, language)}
        </span>{" "}
        <span className="op-mute">{size !== null && t("preview.people", { count: size })}</span>
        {data !== undefined && size !== null && data.total > 0 && (
          <>
            <Share share={size / data.total} label={t("segments.share")} />
            {data.approximate === true && (
              <div className="op-mute" style={{ fontSize: 12.5 }}>
                {t("preview.approximate")}
                {data.between !== null && data.between.length === 2 && (
                  <div className="op-num" data-testid="preview-between">
                    {t("preview.between", { low: exact(data.between[0] ?? 0, language), high: exact(data.between[1] ?? 0, language) })}
                  </div>
                )}
              </div>
            )}
            {now !== undefined && current && data.approximate !== true && now !== size && (
              <div className="op-num" style={{ fontSize: 13 }} data-testid="preview-change">
                {t("preview.change", { now: exact(now, language), change: (size > now ? "+" : "−") + exact(Math.abs(size - now), language) })}
              </div>
            )}
            <div className="op-mute" style={{ fontSize: 12.5 }}>
              {t("preview.of", { total: exact(data.total, language), share: percent(size / data.total, language), time: span(data.seconds, language) })}
            </div>
          </>
        )}
      </div>
      {empty ? <p className="op-mute">{t("preview.empty")}</p> : unfinished && <p className="op-mute">{t("preview.unfinished")}</p>}
      {error !== null && error !== undefined && <Problem error={error} retry={preview.retry} />}
      {data !== undefined && data.problems.length > 0 && (
        <ul className="op-list" aria-label={t("preview.problems")}>
          {data.problems.map((problem) => (
            <li key={problem.place + problem.message} style={{ display: "block" }}>
              <code className="op-code">{problem.place}</code>
              <div style={{ color: "var(--op-bad)" }}>{said(problem.message, language)}</div>
            </li>
          ))}
        </ul>
      )}
      {data !== undefined && data.sentence !== null && (
        <div className="op-sentence" data-testid="preview-sentence">
          <div>{title(data.sentence, "")}</div>
          <div className="op-mute" lang={other} style={{ fontSize: 12.5, marginTop: 4 }}>
            {other === "en" ? data.sentence.en : data.sentence.zh}
          </div>
        </div>
      )}
      {data !== undefined && data.sample.length > 0 && (
        <>
          <h3 style={{ fontSize: 13, margin: "16px 0 4px" }} className="op-mute">
            {t("preview.sample")}
          </h3>
          <ul className="op-list" data-testid="preview-sample">
            {data.sample.slice(0, SAMPLE).map((one) => (
              <li key={one.customer_id} style={{ padding: "4px 0" }}>
                <CustomerName id={one.customer_id} name={one.name} newTab />
              </li>
            ))}
          </ul>
        </>
      )}
    </aside>
  );
}

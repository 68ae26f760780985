import { ArrowRightOutlined, WarningOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { App, Button, Drawer, Input } from "antd";
import { useState } from "react";
import { type Segment, useSaveSegment } from "@/api/queries";
import { type SegmentPlan, segmentQueries } from "@/api/segments";
import { isObject } from "@/conditions/model";
import { exact, percent, span } from "@/lib/format";
import { said } from "@/lib/said";
import { useText } from "@/lib/useText";
import { CustomerName } from "@/parts/CustomerName";
import { Loaded, Problem } from "@/parts/Loaded";
import { Changes } from "../versions/Changes";
import type { Written } from "./drafts";
import { Uses } from "./Uses";

const SHORTEST_REASON = 3;
/** Customers shown of those who come and of those who go. */
const SHOWN = 6;

function Sample({ label, people, count }: { label: string; people: SegmentPlan["sample_entered"]; count: number }) {
  const { t, language } = useText();
  if (people.length === 0) return null;
  return (
    <div>
      <h3 className="op-mute" style={{ fontSize: 13 }}>
        {label}
      </h3>
      <ul className="op-list">
        {people.slice(0, SHOWN).map((one) => (
          <li key={one.customer_id} style={{ padding: "3px 0" }}>
            <CustomerName id={one.customer_id} name={one.name} newTab />
          </li>
        ))}
        {count > SHOWN && (
          <li className="op-mute" style={{ padding: "3px 0" }}>
            {t("plan.andMore", { figure: exact(count - SHOWN, language) })}
          </li>
        )}
      </ul>
    </div>
  );
}

function Effect({ plan }: { plan: SegmentPlan }) {
  const { t, title, language } = useText();
  if (plan.after === null) {
    return (
      <ul className="op-list" role="alert">
        {plan.problems.map((problem) => (
          <li key={problem.place + problem.message} style={{ display: "block" }}>
            <code className="op-code">{problem.place}</code>
            <div style={{ color: "var(--op-bad)" }}>{said(problem.message, language)}</div>
          </li>
        ))}
      </ul>
    );
  }
  const doubts = plan.warnings.map((one) => (
    <div key={one.place + one.message} className="op-place" data-severity="warning" data-testid="plan-warning">
      <WarningOutlined aria-hidden style={{ marginTop: 4 }} /> {said(one.message, language)} {one.suggestion !== null && t("editor.suggestion", { name: one.suggestion })}
    </div>
  ));
  const signed = (n: number, sign: string): string => (n === 0 ? "0" : sign + exact(n, language));
  return (
    <>
      {doubts}
      <dl className="op-effect" data-testid="plan-effect" aria-label={t("plan.effect")}>
        <div>
          <dt>{t(plan.before === null ? "plan.sizeNew" : "plan.size")}</dt>
          <dd>
            {plan.before !== null && (
              <>
                <span data-testid="plan-before" data-value={plan.before}>
                  {exact(plan.before, language)}
                </span>{" "}
                <ArrowRightOutlined aria-label={t("plan.becomes")} style={{ fontSize: 16 }} />{" "}
              </>
            )}
            <strong data-testid="plan-after" data-value={plan.after}>
              {exact(plan.after, language)}
            </strong>
          </dd>
          <dd className="op-mute">{t("plan.of", { share: percent(plan.customers === 0 ? 0 : plan.after / plan.customers, language), total: exact(plan.customers, language), time: span(plan.seconds, language) })}</dd>
        </div>
        <div>
          <dt>{t("plan.entered")}</dt>
          <dd data-testid="plan-entered" data-value={plan.entered} style={{ color: plan.entered > 0 ? "var(--op-ok)" : undefined }}>
            {signed(plan.entered, "+")}
          </dd>
        </div>
        <div>
          <dt>{t("plan.left")}</dt>
          <dd data-testid="plan-left" data-value={plan.left} style={{ color: plan.left > 0 ? "var(--op-warn)" : undefined }}>
            {signed(plan.left, "−")}
          </dd>
        </div>
      </dl>
      {plan.before !== null && (
        <section aria-label={t("plan.changes")}>
          <h3 style={{ fontSize: 14, marginBottom: 6 }}>{t("plan.changes")}</h3>
          <Changes rows={plan.diff} none={t("plan.noChanges")} />
        </section>
      )}
      <section aria-label={t("plan.usedBy")}>
        <h3 style={{ fontSize: 14, marginBottom: 6 }}>{t("plan.usedBy")}</h3>
        <Uses of={plan.used_by} />
      </section>
      {(plan.sample_entered.length > 0 || plan.sample_left.length > 0) && (
        <div className="op-halves-2">
          <Sample label={t("plan.sampleEntered")} people={plan.sample_entered} count={plan.entered} />
          <Sample label={t("plan.sampleLeft")} people={plan.sample_left} count={plan.left} />
        </div>
      )}
      {plan.sentence !== null && (
        <div className="op-sentence">
          {title(plan.sentence, "")}
          <div className="op-mute" lang={language === "en" ? "zh-CN" : "en"} style={{ fontSize: 12.5, marginTop: 4 }}>
            {language === "en" ? plan.sentence.zh : plan.sentence.en}
          </div>
        </div>
      )}
    </>
  );
}

interface Props {
  segment: Segment | null;
  written: Written;
  heading: string;
  onClose: () => void;
  onPublished: (made: Segment) => void;
}

/** What publishing does, first: who comes in, who goes, what else feels it; then the reason; then publishing. */
export function Publish({ segment, written, heading, onClose, onPublished }: Props) {
  const { t, title } = useText();
  const { message } = App.useApp();
  const [reason, setReason] = useState("");
  const save = useSaveSegment(segment?.name ?? null);
  const condition = isObject(written.condition) ? written.condition : {};
  const plan = useQuery(segmentQueries.plan(segment?.name ?? null, condition));
  const planned = plan.data !== undefined && plan.data.after !== null && !plan.isFetching;
  const reasoned = segment === null || reason.trim().length >= SHORTEST_REASON;
  const act = (): void => {
    const zh = written.title.zh.trim() || written.title.en.trim();
    const en = written.title.en.trim() || written.title.zh.trim();
    save.mutate(
      { name: written.name, title: { zh, en }, description: written.description, condition, reason: reason.trim(), version: segment?.version ?? null },
      {
        onSuccess: (made) => {
          void message.success(t("plan.published", { name: title(made.title, made.name), version: made.version }));
          onPublished(made);
        },
      },
    );
  };
  return (
    <Drawer
      open
      size={640}
      title={heading}
      onClose={onClose}
      footer={
        <div className="op-row" style={{ flexWrap: "nowrap" }}>
          <Input
            value={reason}
            maxLength={500}
            aria-label={t(segment === null ? "plan.reasonOpen" : "plan.reason")}
            placeholder={t(segment === null ? "plan.reasonOpen" : "plan.reason")}
            onChange={(event) => setReason(event.target.value)}
            onPressEnter={() => planned && reasoned && !save.isPending && act()}
            data-testid="plan-reason"
          />
          <Button type="primary" disabled={!planned || !reasoned} title={planned && !reasoned ? t("plan.reasonFirst") : undefined} loading={save.isPending} onClick={act} data-testid="plan-publish">
            {t("plan.publish")}
          </Button>
        </div>
      }
    >
      <div className="op-stack">
        {save.isError && <Problem error={save.error} />}
        <Loaded query={plan} rows={6}>
          {(data) => <Effect plan={data} />}
        </Loaded>
      </div>
    </Drawer>
  );
}

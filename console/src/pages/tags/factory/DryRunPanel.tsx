import { ExperimentOutlined } from "@ant-design/icons";
import { Button, Spin, Table } from "antd";
import { useEffect, useState } from "react";
import type { TagPlan } from "@/api/tags";
import { exact, percent, span } from "@/lib/format";
import { useText } from "@/lib/useText";
import { Exact } from "@/parts/Figures";
import { Problem } from "@/parts/Loaded";
import { Share } from "@/parts/Share";
import { Status } from "@/parts/Status";
import { UsedBy } from "@/parts/UsedBy";
import type { DryRun } from "./useDryRun";

/** The seconds since an instant, told after three. */
function Elapsed({ since }: { since: number }) {
  const { t, language } = useText();
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setSeconds(Math.floor((Date.now() - since) / 1000)), 500);
    return () => clearInterval(timer);
  }, [since]);
  return <span className="op-mute">{seconds < 3 ? t("dry.counting") : t("dry.countingFor", { time: span(seconds, language) })}</span>;
}

/** A change as people write it: +12, −3, 0. */
export function Change({ value }: { value: number }) {
  const { language } = useText();
  return (
    <span className="op-num" data-value={value}>
      {value > 0 ? "+" : value < 0 ? "\u2212" : ""}
      {exact(Math.abs(value), language)}
    </span>
  );
}

function Result({ plan, fresh }: { plan: TagPlan; fresh: boolean }) {
  const { t, title, language } = useText();
  const live = plan.values.some((one) => one.live > 0);
  const most = Math.max(1, ...plan.values.map((one) => one.count));
  const coverage = plan.coverage ?? 0;
  return (
    <>
      <div style={{ margin: "4px 0 10px" }}>
        <span className="op-num" style={{ fontSize: 30, lineHeight: "38px", fontWeight: 650 }} data-testid="dry-coverage" data-value={coverage}>
          {exact(coverage, language)}
        </span>{" "}
        <span className="op-mute">{t("dry.covered")}</span>
        <Share share={plan.total === 0 ? 0 : coverage / plan.total} label={t("tags.coverage")} />
        <div className="op-mute" style={{ fontSize: 12.5 }}>
          {t("dry.of", { total: exact(plan.total, language), time: span(plan.seconds, language) })}
        </div>
      </div>
      {!fresh && plan.changed !== null && (
        <dl className="op-facts" data-testid="dry-difference">
          <dt>{t("dry.changed")}</dt>
          <dd>
            <strong>
              <Exact value={plan.changed} testId="dry-changed" />
            </strong>
            {plan.total > 0 && <span className="op-mute"> · {percent(plan.changed / plan.total, language)}</span>}
          </dd>
          <dt>{t("dry.gained")}</dt>
          <dd>
            <Exact value={plan.gained ?? 0} />
          </dd>
          <dt>{t("dry.lost")}</dt>
          <dd>
            <Exact value={plan.lost ?? 0} />
          </dd>
        </dl>
      )}
      <Table
        size="small"
        style={{ marginTop: 10 }}
        rowKey="value"
        data-testid="dry-values"
        dataSource={plan.values}
        pagination={plan.values.length > 12 ? { pageSize: 12, showSizeChanger: false, size: "small" } : false}
        locale={{ emptyText: t("dry.nobody") }}
        columns={[
          {
            title: t("tags.value"),
            render: (_, one) => (
              <>
                <div style={{ overflowWrap: "anywhere" }}>{title(one.title, one.value)}</div>
                <span className="op-share" style={{ height: 4 }} aria-hidden>
                  <span style={{ width: `${(one.count / most) * 100}%` }} />
                </span>
              </>
            ),
          },
          { title: t("nav.customers"), align: "right", render: (_, one) => <Exact value={one.count} /> },
          ...(live ? [{ title: t("dry.difference"), align: "right" as const, render: (_: unknown, one: TagPlan["values"][number]) => <Change value={one.count - one.live} /> }] : []),
        ]}
      />
      {plan.different !== null && plan.different > plan.values.length && <p className="op-mute">{t("dry.moreValues", { shown: plan.values.length, all: exact(plan.different, language) })}</p>}
      {plan.used_by.length > 0 && !fresh && (
        <div style={{ marginTop: 12 }}>
          <h3 className="op-mute" style={{ fontSize: 13 }}>
            {t("dry.usedBy")}
          </h3>
          <UsedBy names={plan.used_by} none="" />
        </div>
      )}
    </>
  );
}

interface Props {
  dry: DryRun;
  /** The figures are of the definition as it stands. */
  current: boolean;
  ready: boolean;
  fresh: boolean;
  onStart: () => void;
}

/** What publishing would do, counted on all customers before it is done. */
export function DryRunPanel({ dry, current, ready, fresh, onStart }: Props) {
  const { t } = useText();
  const { plan, since, error } = dry;
  return (
    <div aria-live="polite">
      <div className="op-row" style={{ justifyContent: "space-between" }}>
        <Button icon={<ExperimentOutlined />} disabled={!ready || since !== null} onClick={onStart} data-testid="dry-run">
          {t(plan === null ? "dry.run" : "dry.again")}
        </Button>
        {since !== null && (
          <span className="op-row">
            <Spin size="small" aria-label={t("common.loading")} /> <Elapsed since={since} />
            <Button size="small" onClick={dry.stop}>
              {t("dry.stop")}
            </Button>
          </span>
        )}
      </div>
      {plan === null && since === null && error === null && <p className="op-mute" style={{ marginTop: 10 }}>{t(ready ? "dry.intro" : "dry.unfinished")}</p>}
      {error !== null && since === null && (
        <div style={{ marginTop: 10 }}>
          <Problem error={error} retry={onStart} />
        </div>
      )}
      {plan !== null && plan.problems.length === 0 && (
        <div style={{ marginTop: 10, opacity: current ? 1 : 0.65 }} data-testid="dry-result" data-current={current}>
          {!current && <Status kind="warning">{t("dry.stale")}</Status>}
          <Result plan={plan} fresh={fresh} />
        </div>
      )}
    </div>
  );
}

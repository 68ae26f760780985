import { UsergroupAddOutlined } from "@ant-design/icons";
import { Link, useNavigate } from "@tanstack/react-router";
import { Button, Table } from "antd";
import { lazy, Suspense, useMemo, useState } from "react";
import type { TagDetail } from "@/api/tags";
import { compact, percent } from "@/lib/format";
import { useMay } from "@/lib/session";
import { titleOf } from "@/lib/title";
import { useText } from "@/lib/useText";
import { Chart, ChartOrTable, useChartStyle } from "@/parts/Chart";
import { Exact } from "@/parts/Figures";
import { Nothing } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { Share } from "@/parts/Share";
import { Histogram } from "./Histogram";
import { isNumber } from "./number";

const SaveSegment = lazy(() => import("./SaveSegment").then((module) => ({ default: module.SaveSegment })));

const BARS = 20;
const CHIPS = 8;
/** A number with more values than these says more by its quantiles. */
const MANY = 30;

/** Values in the order of the definition, the commonest first where it has none. */
function inOrder(tag: TagDetail): TagDetail["distribution"] {
  const { values } = tag.definition;
  if (!Array.isArray(values)) return tag.distribution;
  const rank = (value: string): number => {
    const at = values.indexOf(value);
    return at < 0 ? values.length : at;
  };
  return [...tag.distribution].sort((a, b) => rank(a.value) - rank(b.value) || b.count - a.count);
}

function Bars({ tag, values }: { tag: TagDetail; values: TagDetail["distribution"] }) {
  const { t, language } = useText();
  const navigate = useNavigate();
  const style = useChartStyle();
  const shown = useMemo(() => values.slice(0, BARS), [values]);
  const option = useMemo(
    () => ({
      grid: { ...style.grid, right: 72 },
      tooltip: { ...style.tooltip, axisPointer: { type: "shadow" } },
      xAxis: { type: "value", minInterval: 1, ...style.axis, axisLabel: { ...style.axis.axisLabel, formatter: (v: number) => compact(v, language) } },
      yAxis: { type: "category", inverse: true, data: shown.map((one) => titleOf(one.title, language, one.value)), ...style.axis, axisLabel: { ...style.axis.axisLabel, width: 150, overflow: "truncate" } },
      series: [
        {
          name: t("nav.customers"),
          type: "bar",
          barMaxWidth: 18,
          cursor: "pointer",
          data: shown.map((one) => one.count),
          label: { show: true, position: "right", color: style.axis.axisLabel.color, formatter: ({ dataIndex }: { dataIndex: number }) => percent(shown[dataIndex]?.share ?? 0, language) },
        },
      ],
    }),
    [shown, style, t, language],
  );
  return <Chart label={t("tags.distribution")} height={Math.max(140, 40 + shown.length * 28)} option={option} onClick={(_, index) => void navigate({ to: "/customers", search: { tag: tag.name, value: shown[index]?.value ?? "" } })} />;
}

/** How many customers have each value; each leads to them, and can be kept as a segment. */
export function Distribution({ tag }: { tag: TagDetail }) {
  const { t, title, language } = useText();
  const may = useMay("segments.write");
  const [saving, setSaving] = useState<string[] | null>(null);
  const values = useMemo(() => inOrder(tag), [tag]);
  const keepable = may && !isNumber(tag) && values.length > 0;
  return (
    <Panel
      title={t("tags.distribution")}
      testId="tag-distribution"
      extra={
        keepable && (
          <Button size="small" style={{ marginRight: 150 }} icon={<UsergroupAddOutlined />} onClick={() => setSaving([])} data-testid="save-as-segment">
            {t("tags.asSegment")}
          </Button>
        )
      }
    >
      {values.length === 0 ? (
        <Nothing title={t("tags.noValues")} text={t(tag.mode === "import" ? "tags.noImports" : tag.mode === "live" ? "tags.noValuesText" : "tags.noRunText")} />
      ) : isNumber(tag) && values.length > MANY ? (
        <>
          <Histogram bars={tag.spread?.bars ?? []} />
          <p style={{ marginTop: 8 }}>
            <Link to="/customers" search={{ tag: tag.name }}>
              {t("explain.customers")}
            </Link>
          </p>
        </>
      ) : (
        <>
          <ChartOrTable
            chart={<Bars tag={tag} values={values} />}
            table={
              <Table
                size="small"
                rowKey="value"
                dataSource={values}
                pagination={values.length > 20 ? { pageSize: 20, showSizeChanger: false } : false}
                columns={[
                  {
                    title: t("tags.value"),
                    render: (_, one) => (
                      <Link to="/customers" search={{ tag: tag.name, value: one.value }}>
                        {title(one.title, one.value)}
                      </Link>
                    ),
                  },
                  { title: t("nav.customers"), align: "right", render: (_, one) => <Exact value={one.count} /> },
                  { title: t("tags.share"), width: 200, render: (_, one) => <Share share={one.share} label={title(one.title, one.value)} /> },
                  ...(keepable
                    ? [
                        {
                          title: "",
                          align: "right" as const,
                          render: (_: unknown, one: TagDetail["distribution"][number]) => (
                            <Button size="small" type="text" icon={<UsergroupAddOutlined />} aria-label={t("tags.valueAsSegment", { value: title(one.title, one.value) })} title={t("tags.valueAsSegment", { value: title(one.title, one.value) })} onClick={() => setSaving([one.value])} />
                          ),
                        },
                      ]
                    : []),
                ]}
              />
            }
          />
          <div className="op-row" style={{ marginTop: 8 }}>
            <span className="op-mute">{t("tags.customersWith")}</span>
            {values.slice(0, CHIPS).map((one) => (
              <Link key={one.value} to="/customers" search={{ tag: tag.name, value: one.value }} className="op-chip" data-testid="tag-value">
                {title(one.title, one.value)} <small className="op-num">{compact(one.count, language)}</small>
              </Link>
            ))}
          </div>
        </>
      )}
      {saving !== null && (
        <Suspense>
          <SaveSegment tag={tag} start={saving} onClose={() => setSaving(null)} />
        </Suspense>
      )}
    </Panel>
  );
}

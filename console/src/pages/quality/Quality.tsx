import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { DownloadOutlined } from "@ant-design/icons";
import { Button, Segmented, Select, Table } from "antd";
import { useMemo } from "react";
import { type Dimension, insight, type Measure, type Quality as Data, type QualitySource } from "@/api/insight";
import { saveCsv } from "@/lib/download";
import { exact, percent, span } from "@/lib/format";
import { useText } from "@/lib/useText";
import { Chart, ChartOrTable, Legend, useChartStyle } from "@/parts/Chart";
import { Dash, Exact, Figure, Figures, Time } from "@/parts/Figures";
import { Loaded, Nothing } from "@/parts/Loaded";
import { PageHead, Panel } from "@/parts/PageHead";
import { Spark } from "@/parts/Share";

export const DIMENSIONS = ["completeness", "validity", "uniqueness", "consistency", "timeliness"] as const satisfies readonly Dimension[];
export const SPANS = [7, 30, 90] as const;

/** A share with the counts that it is made of. */
function Shown({ measure }: { measure: Measure }) {
  const { t, language } = useText();
  if (measure.share === null) return <Dash />;
  return (
    <span className="op-num" title={t("quality.of", { good: exact(measure.good, language), total: exact(measure.total, language) })}>
      {percent(measure.share, language)}
      <small className="op-mute" style={{ display: "block" }}>
        {t("quality.of", { good: exact(measure.good, language), total: exact(measure.total, language) })}
      </small>
    </span>
  );
}

/** A measure over all touchpoints: what is good of all that was looked at. */
function over(sources: QualitySource[], one: (typeof DIMENSIONS)[number]): number | null {
  const [good, total] = sources.reduce(([a, b], { measures }) => [a + measures[one].good, b + measures[one].total], [0, 0]);
  return total === 0 ? null : good / total;
}

function Share({ value, testId }: { value: number | null; testId: string }) {
  const { language } = useText();
  return value === null ? <Dash /> : <span data-testid={testId}>{percent(value, language)}</span>;
}

function Score({ value }: { value: number | null }) {
  return value === null ? <Dash /> : <Exact value={value} digits={1} />;
}

export function Quality() {
  const { t, language } = useText();
  const { days = 30, touchpoint } = useSearch({ from: "/shell/quality" });
  const navigate = useNavigate({ from: "/quality" });
  const query = useQuery(insight.quality(days));
  return (
    <>
      <PageHead
        title={t("nav.quality")}
        sub={t("quality.sub")}
        actions={
          <Segmented
            aria-label={t("oneid.span")}
            value={days}
            onChange={(next) => void navigate({ search: (before) => ({ ...before, days: next === 7 || next === 90 ? next : undefined }) })}
            options={SPANS.map((value) => ({ value, label: t("oneid.days", { count: value }) }))}
          />
        }
      />
      <Loaded query={query} rows={12}>
        {(data) =>
          data.sources.every((one) => one.received === 0) ? (
            <section className="op-panel">
              <Nothing title={t("quality.none")} text={t("quality.noneText")} />
            </section>
          ) : (
            <div className="op-stack">
              <Figures label={t("quality.figures")}>
                <Figure label={t("quality.score")} note={<Time at={data.at} />}>
                  {data.score === null ? <Dash /> : <Exact value={data.score} digits={1} testId="quality-score" />}
                </Figure>
                {DIMENSIONS.map((one) => (
                  <Figure key={one} label={t(`quality.dimension.${one}`)} note={`${t(`quality.formula.${one}`)} · ${t("quality.weight", { weight: percent(data.weights[one] ?? 0, language) })}`} small>
                    <Share value={over(data.sources, one)} testId={`quality-${one}`} />
                  </Figure>
                ))}
              </Figures>
              <Worst data={data} />
              <Sources data={data} onChoose={(name) => void navigate({ search: (before) => ({ ...before, touchpoint: name }) })} />
              <Trend sources={data.sources} chosen={touchpoint} onChoose={(name) => void navigate({ search: (before) => ({ ...before, touchpoint: name }) })} />
              <Fields data={data} touchpoint={touchpoint} />
            </div>
          )
        }
      </Loaded>
    </>
  );
}

function Sources({ data, onChoose }: { data: Data; onChoose: (name: string) => void }) {
  const { t, title, language } = useText();
  const rows = (): Parameters<typeof saveCsv>[1] =>
    data.sources.map((one) => ({ touchpoint: one.touchpoint, score: one.score, ...Object.fromEntries(DIMENSIONS.map((name) => [name, one.measures[name].share])), received: one.received, quarantined: one.quarantined, mended: one.mended, waiting: one.waiting }));
  return (
    <Panel
      title={t("quality.sources")}
      flush
      testId="quality-sources"
      extra={
        <Button size="small" icon={<DownloadOutlined />} onClick={() => saveCsv("data-quality.csv", rows())}>
          {t("map.csv")}
        </Button>
      }
    >
      <Table
        size="middle"
        rowKey="touchpoint"
        dataSource={data.sources}
        pagination={false}
        scroll={{ x: "max-content" }}
        columns={[
          {
            title: t("home.touchpoint"),
            render: (_, row) => (
              <Link to="/touchpoints/$name" params={{ name: row.touchpoint }}>
                {title(row.title, row.touchpoint)}
              </Link>
            ),
          },
          { title: t("quality.score"), align: "right", sorter: (a, b) => (a.score ?? 0) - (b.score ?? 0), render: (_, row) => <Score value={row.score} /> },
          ...DIMENSIONS.map((name) => ({ title: t(`quality.dimension.${name}`), key: name, align: "right" as const, render: (_: unknown, row: QualitySource) => <Shown measure={row.measures[name]} /> })),
          {
            title: t("quality.trend"),
            render: (_, row) => (
              <button type="button" className="op-cell" onClick={() => onChoose(row.touchpoint)} aria-label={t("quality.trendOf", { touchpoint: title(row.title, row.touchpoint) })}>
                <Spark values={row.days.flatMap((day) => (day.score === null ? [] : [day.score]))} label={t("quality.trendOf", { touchpoint: title(row.title, row.touchpoint) })} />
              </button>
            ),
          },
          { title: t("quality.lag"), align: "right", render: (_, row) => (row.lag_median === null ? <Dash /> : <span className="op-num">{span(row.lag_median, language)}</span>) },
          { title: <span title={t("quality.mendedHint")}>{t("quality.mended")}</span>, align: "right", render: (_, row) => <Exact value={row.mended} /> },
          {
            title: t("quality.waiting"),
            align: "right",
            render: (_, row) =>
              row.waiting === 0 ? (
                <Exact value={0} />
              ) : (
                <Link to="/quarantine" search={{ touchpoint: row.touchpoint }}>
                  <Exact value={row.waiting} />
                </Link>
              ),
          },
        ]}
      />
    </Panel>
  );
}

function Worst({ data }: { data: Data }) {
  const { t, title, language } = useText();
  return (
    <Panel title={t("quality.worst")} flush testId="quality-worst">
      <Table
        size="middle"
        rowKey={(row) => [row.touchpoint, row.dimension, row.name, row.field, row.rule].join(" ")}
        dataSource={data.worst}
        pagination={false}
        locale={{ emptyText: <Nothing title={t("quality.perfect")} /> }}
        expandable={{ rowExpandable: (row) => row.sample !== null, expandedRowRender: (row) => <pre className="op-code" style={{ margin: 0, whiteSpace: "pre-wrap" }}>{row.sample}</pre> }}
        columns={[
          {
            title: t("home.touchpoint"),
            render: (_, row) => (
              <Link to="/touchpoints/$name" params={{ name: row.touchpoint }}>
                {title(row.title, row.touchpoint)}
              </Link>
            ),
          },
          { title: t("quality.what"), render: (_, row) => t(`quality.dimension.${row.dimension}`) },
          {
            title: t("quality.where"),
            render: (_, row) => (
              <>
                {[row.name === null ? "" : title(row.name_title, row.name), row.field === null || row.field === row.name ? "" : title(row.field_title, row.field)].filter(Boolean).join(" · ")}{" "}
                {row.rule !== null && (
                  <Link to="/quarantine" search={{ rule: row.rule, touchpoint: row.touchpoint }}>
                    <code className="op-code">{row.rule}</code>
                  </Link>
                )}
              </>
            ),
          },
          { title: t("quality.bad"), align: "right", render: (_, row) => <span className="op-num">{t("quality.of", { good: exact(row.bad, language), total: exact(row.total, language) })}</span> },
          { title: t("quality.points"), align: "right", render: (_, row) => <Exact value={row.points} digits={2} /> },
        ]}
      />
    </Panel>
  );
}

function Trend({ sources, chosen, onChoose }: { sources: QualitySource[]; chosen: string | undefined; onChoose: (name: string) => void }) {
  const { t, title } = useText();
  const style = useChartStyle();
  const one = sources.find((source) => source.touchpoint === chosen) ?? sources.find((source) => source.score !== null) ?? sources[0];
  const names = DIMENSIONS.map((name) => t(`quality.dimension.${name}`));
  const option = useMemo(
    () => ({
      grid: style.grid,
      tooltip: { ...style.tooltip, valueFormatter: (value: number | null) => (value === null ? "–" : `${value}%`) },
      xAxis: { type: "category", data: (one?.days ?? []).map((day) => day.day.slice(5)), ...style.axis },
      yAxis: { type: "value", min: 0, max: 100, ...style.axis, axisLine: { show: false } },
      series: DIMENSIONS.map((name) => ({
        name: t(`quality.dimension.${name}`),
        type: "line",
        showSymbol: false,
        connectNulls: true,
        data: (one?.days ?? []).map((day) => {
          const share = day.measures[name].share;
          return share === null ? null : Math.round(share * 1000) / 10;
        }),
      })),
    }),
    [one, style, t],
  );
  if (one === undefined) return null;
  return (
    <Panel
      title={t("quality.trendOf", { touchpoint: title(one.title, one.touchpoint) })}
      testId="quality-trend"
      extra={<Select size="small" aria-label={t("home.touchpoint")} value={one.touchpoint} onChange={onChoose} style={{ width: 200 }} options={sources.map((source) => ({ value: source.touchpoint, label: title(source.title, source.touchpoint) }))} />}
    >
      <Legend names={names} />
      <ChartOrTable
        chart={<Chart label={t("quality.trendOf", { touchpoint: title(one.title, one.touchpoint) })} option={option} />}
        table={
          <Table
            size="small"
            rowKey="day"
            dataSource={[...one.days].reverse()}
            pagination={false}
            scroll={{ y: 220 }}
            columns={[
              { title: t("oneid.day"), dataIndex: "day" },
              { title: t("quality.score"), align: "right", render: (_, row) => <Score value={row.score} /> },
              ...DIMENSIONS.map((name) => ({ title: t(`quality.dimension.${name}`), key: name, align: "right" as const, render: (_: unknown, row: QualitySource["days"][number]) => <Shown measure={row.measures[name]} /> })),
            ]}
          />
        }
      />
    </Panel>
  );
}

function Fields({ data, touchpoint }: { data: Data; touchpoint: string | undefined }) {
  const { t, title } = useText();
  const called = new Map(data.sources.map((one) => [one.touchpoint, title(one.title, one.touchpoint)]));
  const rows = data.fields.filter((one) => touchpoint === undefined || one.touchpoint === touchpoint);
  const worth = (one: Measure): number => one.share ?? 2;
  return (
    <Panel title={t("quality.fields")} flush testId="quality-fields">
      <Table
        size="small"
        rowKey={(row) => [row.touchpoint, row.kind, row.name, row.field].join(" ")}
        dataSource={rows}
        pagination={rows.length > 20 ? { pageSize: 20, showSizeChanger: false, style: { padding: "0 16px" } } : false}
        columns={[
          { title: t("home.touchpoint"), render: (_, row) => called.get(row.touchpoint) ?? row.touchpoint },
          { title: t("map.signal"), render: (_, row) => (row.kind === "profile" ? t("map.kinds.profile") : title(row.name_title, row.name)) },
          { title: t("map.field"), render: (_, row) => title(row.field_title, row.field) },
          { title: t("quality.dimension.completeness"), align: "right", sorter: (a, b) => worth(a.complete) - worth(b.complete), render: (_, row) => <Shown measure={row.complete} /> },
          { title: t("quality.dimension.validity"), align: "right", sorter: (a, b) => worth(a.valid) - worth(b.valid), render: (_, row) => <Shown measure={row.valid} /> },
          { title: t("quality.dimension.consistency"), align: "right", sorter: (a, b) => worth(a.consistent) - worth(b.consistent), render: (_, row) => <Shown measure={row.consistent} /> },
        ]}
      />
    </Panel>
  );
}

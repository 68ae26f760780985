import { Link } from "@tanstack/react-router";
import { Collapse, Select, Table } from "antd";
import { useState } from "react";
import type { DataMap, Gap } from "@/api/insight";
import { compact, exact } from "@/lib/format";
import { useText } from "@/lib/useText";
import { Exact, Time } from "@/parts/Figures";
import { Nothing } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { Status } from "@/parts/Status";
import { CsvButton } from "./Matrices";
import type { Cell } from "./state";
import type { MapWords } from "./words";

interface Props {
  data: DataMap;
  words: MapWords;
  onCell: (cell: Cell) => void;
}

/** All touchpoints as a table: the same as the drawing, for keyboards and screen readers. */
export function Places({ data, words, onCell }: Props) {
  const { t, language } = useText();
  const button = (cell: Cell, figure: number) => (
    <button type="button" className="op-cell" onClick={() => onCell(cell)} data-testid={`${cell.kind}-${cell.touchpoint}`}>
      {compact(figure, language)}
    </button>
  );
  return (
    <Panel title={t("map.places")} flush testId="map-places" extra={<CsvButton name="touchpoints" rows={() => data.places.map(({ title: _, channel_title: __, ...one }) => one)} />}>
      <Table
        size="small"
        rowKey="touchpoint"
        dataSource={data.places}
        pagination={false}
        scroll={{ x: "max-content" }}
        columns={[
          { title: t("home.touchpoint"), render: (_, row) => words.touchpoint(row.touchpoint) },
          {
            title: t("map.state"),
            render: (_, row) =>
              row.island ? <Status kind="warning">{t("map.island")}</Status> : row.customers === 0 ? <Status kind="idle">{t("map.empty")}</Status> : <Status kind="ok">{t("map.connected")}</Status>,
          },
          { title: t("map.customers"), align: "right", render: (_, row) => button({ kind: "touchpoint", touchpoint: row.touchpoint }, row.customers) },
          { title: t("map.joined"), align: "right", render: (_, row) => <Exact value={row.joined} /> },
          { title: t("map.onlyHere"), align: "right", render: (_, row) => button({ kind: "only", touchpoint: row.touchpoint }, row.only_here) },
          { title: t("map.events"), align: "right", render: (_, row) => <Exact value={row.events} /> },
          { title: t("map.lastSeen"), render: (_, row) => <Time at={row.last_at} show="relative" /> },
          {
            title: t("map.yields"),
            render: (_, row) => (
              <span className="op-mute">
                {data.identifier_cells
                  .filter((one) => one.touchpoint === row.touchpoint && one.identifiers > 0)
                  .map((one) => words.identifier(one.type))
                  .join(", ")}
              </span>
            ),
          },
        ]}
      />
    </Panel>
  );
}

/** From each touchpoint to the next one that was new to a customer. */
export function Flows({ data, words, onCell }: Props) {
  const { t, language } = useText();
  const periods = [...new Set(data.flows.map((one) => one.period))].sort().reverse();
  const [period, setPeriod] = useState("");
  const sums = new Map<string, { source: string; target: string; customers: number; first: number; days: number }>();
  for (const one of data.flows) {
    if (period !== "" && one.period !== period) continue;
    const key = `${one.source} ${one.target}`;
    const before = sums.get(key) ?? { source: one.source, target: one.target, customers: 0, first: 0, days: 0 };
    // Of several months the medians are weighed by their customers.
    sums.set(key, { ...before, customers: before.customers + one.customers, first: before.first + one.first, days: before.days + one.median_days * one.customers });
  }
  const rows = [...sums].map(([key, one]) => ({ key, ...one, days: one.days / one.customers })).sort((a, b) => b.customers - a.customers);
  return (
    <Panel
      title={t("map.flows")}
      flush
      testId="map-flows"
      extra={
        <span className="op-row">
          <Select size="small" aria-label={t("map.period")} value={period} onChange={setPeriod} style={{ width: 120 }} options={[{ value: "", label: t("map.allTime") }, ...periods.map((value) => ({ value, label: value }))]} />
          <CsvButton name="flows" rows={() => data.flows.map((one) => ({ ...one }))} />
        </span>
      }
    >
      <Table
        size="small"
        rowKey="key"
        dataSource={rows}
        pagination={rows.length > 30 ? { pageSize: 30, showSizeChanger: false, style: { padding: "0 16px" } } : false}
        locale={{ emptyText: <Nothing title={t("map.noFlows")} /> }}
        columns={[
          { title: t("map.from"), render: (_, row) => words.touchpoint(row.source) },
          { title: t("map.to"), render: (_, row) => words.touchpoint(row.target) },
          {
            title: t("map.customers"),
            align: "right",
            sorter: (a, b) => a.customers - b.customers,
            render: (_, row) =>
              period === "" ? (
                <button type="button" className="op-cell" onClick={() => onCell({ kind: "flow", touchpoint: row.source, other: row.target })}>
                  {exact(row.customers, language)}
                </button>
              ) : (
                <Exact value={row.customers} />
              ),
          },
          { title: t("map.firstStep"), align: "right", sorter: (a, b) => a.first - b.first, render: (_, row) => <Exact value={row.first} /> },
          { title: t("map.medianDays"), align: "right", render: (_, row) => <Exact value={row.days} digits={1} /> },
        ]}
      />
    </Panel>
  );
}

/** Whom each message reaches, what goes to platforms instead, and whom two touchpoints reach both. */
export function ReachTables({ data, words, onCell }: Props) {
  const { t, language } = useText();
  const [messages, others] = [data.reach.filter((one) => one.carries === "message"), data.reach.filter((one) => one.carries !== "message")];
  const csv = (name: string, rows: DataMap["reach"]) => <CsvButton name={name} rows={() => rows.map(({ title: _, to, ...one }) => ({ ...one, to: to.join(" ") }))} />;
  return (
    <div className="op-stack">
      <Panel title={t("map.reach")} flush testId="map-reach" extra={csv("reach", messages)}>
        <p className="op-mute" style={{ padding: "0 16px 8px" }}>
          {t("map.reachText", { reachable: exact(data.reachable, language), customers: exact(data.customers, language) })}
        </p>
        <Ways rows={messages} words={words} onCell={onCell} />
      </Panel>
      {others.length > 0 && (
        <Panel title={t("map.handed")} flush testId="map-handed" extra={csv("handed", others)}>
          <p className="op-mute" style={{ padding: "0 16px 8px" }}>{t("map.handedText")}</p>
          <Ways rows={others} words={words} onCell={onCell} brings />
        </Panel>
      )}
      <Panel title={t("map.overlap")} flush extra={<CsvButton name="overlap" rows={() => data.overlap.map((one) => ({ ...one }))} />}>
        <Table
          size="small"
          rowKey={(row) => `${row.a} ${row.b}`}
          dataSource={data.overlap}
          pagination={data.overlap.length > 20 ? { pageSize: 20, showSizeChanger: false, style: { padding: "0 16px" } } : false}
          columns={[
            { title: t("map.first"), render: (_, row) => `${words.touchpoint(row.a)} (${compact(data.reachable_by[row.a] ?? 0, language)})` },
            { title: t("map.second"), render: (_, row) => `${words.touchpoint(row.b)} (${compact(data.reachable_by[row.b] ?? 0, language)})` },
            { title: t("map.both"), align: "right", render: (_, row) => <Exact value={row.customers} /> },
          ]}
        />
      </Panel>
    </div>
  );
}

/** Message kinds of touchpoints with their figures; `brings`: what they are, where that is no message. */
function Ways({ rows, words, onCell, brings = false }: { rows: DataMap["reach"]; words: MapWords; onCell: (cell: Cell) => void; brings?: boolean }) {
  const { t, title, language } = useText();
  return (
    <Table
      size="small"
      rowKey={(row) => `${row.touchpoint} ${row.message}`}
      dataSource={rows}
      pagination={rows.length > 20 ? { pageSize: 20, showSizeChanger: false, style: { padding: "0 16px" } } : false}
      locale={{ emptyText: <Nothing title={t("map.noReach")} /> }}
      columns={[
        { title: t("home.touchpoint"), render: (_, row) => words.touchpoint(row.touchpoint) },
        { title: t("map.message"), render: (_, row) => title(row.title, row.message) },
        ...(brings ? [{ title: t("map.brings"), render: (_: unknown, row: DataMap["reach"][number]) => t(`map.carries.${row.carries}`) }] : []),
        { title: t("map.addressed"), align: "right", render: (_, row) => <Exact value={row.addressed} /> },
        { title: t("map.refused"), align: "right", render: (_, row) => <Exact value={row.refused} /> },
        ...(brings ? [] : [{ title: t("map.reachable"), align: "right" as const, render: (_: unknown, row: DataMap["reach"][number]) => <Exact value={row.reachable} /> }]),
        {
          title: t(brings ? "map.concerned" : "map.openNow"),
          align: "right",
          render: (_, row) => (
            <button type="button" className="op-cell" onClick={() => onCell({ kind: "reach", touchpoint: row.touchpoint, name: row.message })}>
              {exact(row.open, language)}
            </button>
          ),
        },
        ...(brings ? [] : [{ title: t("map.needs"), render: (_: unknown, row: DataMap["reach"][number]) => (row.allowance === null ? <span className="op-mute">{t("map.needsNothing")}</span> : row.allowance) }]),
      ]}
    />
  );
}

/** The customers whom a gap concerns; of a touchpoint as a whole all of its customers. */
const concerned = (gap: Gap): Cell => ({ kind: gap.kind === "unjoinable" ? "unjoinable" : gap.kind === "island" ? "only" : "touchpoint", touchpoint: gap.touchpoint });

/** What is missing, what shows it, whom it concerns, and what to do; apart, what is missing for a reason. */
export function Gaps({ data, words, onCell }: Props) {
  const { t, language } = useText();
  const [kind, setKind] = useState("");
  const [touchpoint, setTouchpoint] = useState("");
  const shown = data.gaps.filter((one) => (kind === "" || one.kind === kind) && (touchpoint === "" || one.touchpoint === touchpoint));
  const kinds = [...new Set(data.gaps.map((one) => one.kind))];
  const places = [...new Set(data.gaps.map((one) => one.touchpoint))];
  const key = (row: Gap) => `${row.touchpoint} ${row.kind} ${row.explained} ${row.subjects.join(" ")}`;
  const link = (row: Gap) => (
    <Link to="/touchpoints/$name" params={{ name: row.touchpoint }}>
      {words.touchpoint(row.touchpoint)}
    </Link>
  );
  return (
    <div className="op-stack">
      <Panel
        title={t("map.gaps")}
        flush
        testId="map-gaps"
        extra={
          <span className="op-row">
            <Select size="small" aria-label={t("map.gapKind")} value={kind} onChange={setKind} style={{ width: 180 }} options={[{ value: "", label: t("map.allKinds") }, ...kinds.map((value) => ({ value, label: t(`map.kindsOf.${value}`) }))]} />
            <Select size="small" aria-label={t("home.touchpoint")} value={touchpoint} onChange={setTouchpoint} style={{ width: 160 }} options={[{ value: "", label: t("map.all") }, ...places.map((value) => ({ value, label: words.touchpoint(value) }))]} />
            <CsvButton name="gaps" rows={() => data.gaps.map(({ figures: _, subject_titles: __, subjects, ...one }) => ({ ...one, subjects: subjects.join(" ") }))} />
          </span>
        }
      >
        <Table
          size="middle"
          rowKey={key}
          dataSource={shown}
          pagination={shown.length > 25 ? { pageSize: 25, showSizeChanger: false, style: { padding: "0 16px" } } : false}
          locale={{ emptyText: <Nothing title={t("map.noGaps")} text={t("map.noGapsText")} /> }}
          columns={[
            { title: t("map.severity"), render: (_, row) => <Status kind={row.severity}>{t(`map.severities.${row.severity}`)}</Status> },
            { title: t("home.touchpoint"), render: (_, row) => link(row) },
            { title: t("map.missing"), render: (_, row) => <span title={words.gap(row, true)}>{words.gap(row)}</span> },
            {
              title: t("map.concerned"),
              align: "right",
              width: 120,
              render: (_, row) =>
                row.customers === 0 ? (
                  exact(0, language)
                ) : (
                  <button type="button" className="op-cell" onClick={() => onCell(concerned(row))} data-testid={`gap-${row.kind}-${row.touchpoint}`}>
                    {exact(row.customers, language)}
                  </button>
                ),
            },
            { title: t("map.todo"), width: "36%", render: (_, row) => t(`map.todos.${row.kind}`, { subject: words.subjects(row) }) },
          ]}
        />
      </Panel>
      {data.explained.length > 0 && (
        <Collapse
          items={[
            {
              key: "explained",
              label: t("map.explained", { count: data.explained.length }),
              children: (
                <Table
                  size="small"
                  rowKey={key}
                  dataSource={data.explained}
                  pagination={data.explained.length > 25 ? { pageSize: 25, showSizeChanger: false } : false}
                  columns={[
                    { title: t("home.touchpoint"), render: (_, row) => link(row) },
                    { title: t("map.missing"), render: (_, row) => <span title={words.gap(row, true)}>{words.gap(row)}</span> },
                    { title: t("map.whyNone"), render: (_, row) => (row.explained === null ? "" : t(`map.whys.${row.explained}`, { by: words.identifier(row.by ?? "") })) },
                  ]}
                />
              ),
            },
          ]}
        />
      )}
    </div>
  );
}

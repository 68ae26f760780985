import { CheckOutlined, DownloadOutlined, MinusOutlined } from "@ant-design/icons";
import { Button, Segmented, Table } from "antd";
import { useState } from "react";
import type { DataMap, IdentifierCell, Linkage } from "@/api/insight";
import { saveCsv } from "@/lib/download";
import { compact, percent } from "@/lib/format";
import { useText } from "@/lib/useText";
import { Dash } from "@/parts/Figures";
import { Panel } from "@/parts/PageHead";
import type { Cell } from "./state";
import type { MapWords } from "./words";

interface Props {
  data: DataMap;
  words: MapWords;
  onCell: (cell: Cell) => void;
}

/** Matrices of many rows have a height of their own, in which their headings stay. */
const MANY_ROWS = 12;
const scrolled = (rows: number): { x: "max-content"; y?: string } => (rows > MANY_ROWS ? { x: "max-content", y: "max(320px, calc(100vh - 230px))" } : { x: "max-content" });

export function CsvButton({ name, of, rows }: { name: string; of?: string; rows: () => Parameters<typeof saveCsv>[1] }) {
  const { t } = useText();
  return (
    <Button size="small" icon={<DownloadOutlined />} onClick={() => saveCsv(`${name}.csv`, rows())} data-testid={`csv-${name}`}>
      {of === undefined ? t("map.csv") : t("map.csvOf", { what: of })}
    </Button>
  );
}

const SHOWN = ["share", "count", "seen"] as const;

/** Touchpoints against types of identifiers: what was seen, and what the channel says it gives. */
export function Identifiers({ data, words, onCell }: Props) {
  const { t, language } = useText();
  const [shown, setShown] = useState<(typeof SHOWN)[number]>("share");
  const types = [...new Set(data.identifier_cells.map((one) => one.type))].sort((a, b) => places(data, b) - places(data, a) || a.localeCompare(b));
  const cells = new Map(data.identifier_cells.map((one) => [`${one.touchpoint} ${one.type}`, one]));
  const figure = (cell: IdentifierCell): string => (shown === "share" ? percent(cell.fill, language) : shown === "count" ? compact(cell.identifiers, language) : words.seen(cell.last_at));
  return (
    <Panel
      title={t("map.identifiers")}
      flush
      testId="map-identifiers"
      extra={
        <span className="op-row">
          <Segmented size="small" aria-label={t("common.showAs")} value={shown} onChange={setShown} options={SHOWN.map((value) => ({ value, label: t(`map.shown.${value}`) }))} />
          <CsvButton name="identifiers" rows={() => data.identifier_cells.map((one) => ({ ...one }))} />
        </span>
      }
    >
      <Table
        size="small"
        rowKey="touchpoint"
        dataSource={data.places}
        pagination={false}
        scroll={scrolled(data.places.length)}
        columns={[
          { title: t("home.touchpoint"), fixed: "left", render: (_, row) => words.touchpoint(row.touchpoint) },
          ...types.map((type) => ({
            title: words.identifier(type),
            key: type,
            align: "right" as const,
            render: (_: unknown, row: { touchpoint: string }) => {
              const cell = cells.get(`${row.touchpoint} ${type}`);
              if (cell === undefined) return <Dash />;
              if (cell.identifiers === 0) return <Unseen />;
              return (
                <button type="button" className="op-cell" onClick={() => onCell({ kind: "identifier", touchpoint: row.touchpoint, name: type })} data-testid={`cell-${row.touchpoint}-${type}`}>
                  {cell.declared && <CheckOutlined aria-label={t("map.declared")} style={{ fontSize: 10 }} />} {figure(cell)}
                </button>
              );
            },
          })),
        ]}
      />
    </Panel>
  );
}

const places = (data: DataMap, type: string): number => data.identifier_cells.filter((one) => one.type === type && one.identifiers > 0).length;

function Unseen() {
  const { t } = useText();
  return (
    <span className="op-mute">
      <MinusOutlined aria-hidden /> {t("map.unseen")}
    </span>
  );
}

/** Signals against touchpoints; each opens to show how often its fields have a value. */
export function Signals({ data, words, onCell }: Props) {
  const { t, language } = useText();
  const [kind, setKind] = useState<"event" | "profile" | "object">("event");
  const cells = data.signal_cells.filter((one) => one.kind === kind);
  const at = new Map(cells.map((one) => [`${one.touchpoint} ${one.name}`, one]));
  const touchpoints = data.places.filter((one) => cells.some((cell) => cell.touchpoint === one.touchpoint));
  const count = (name: string): number => cells.reduce((sum, one) => sum + (one.name === name ? one.count : 0), 0);
  const rows = [...new Set(cells.map((one) => one.name))].map((name) => ({ name, count: count(name) })).sort((a, b) => b.count - a.count || a.name.localeCompare(b.name));
  return (
    <Panel
      title={t("map.signals")}
      flush
      testId="map-signals"
      extra={
        <span className="op-row">
          <Segmented size="small" aria-label={t("map.signalKind")} value={kind} onChange={setKind} options={(["event", "profile", "object"] as const).map((value) => ({ value, label: t(`map.kinds.${value}`) }))} />
          <CsvButton name="signals" of={t("map.signal")} rows={() => data.signal_cells.map(({ fields: _, ...one }) => one)} />
          <CsvButton name="fields" of={t("map.field")} rows={() => data.signal_cells.flatMap((one) => one.fields.map((field) => ({ touchpoint: one.touchpoint, signal: one.name, ...field })))} />
        </span>
      }
    >
      <Table
        size="small"
        rowKey="name"
        dataSource={rows}
        pagination={rows.length > 20 ? { pageSize: 20, showSizeChanger: false, style: { padding: "0 16px" } } : false}
        scroll={scrolled(rows.length)}
        expandable={{
          rowExpandable: (row) => cells.some((one) => one.name === row.name && one.fields.length > 0),
          expandedRowRender: (row) => <Fields cells={cells.filter((one) => one.name === row.name)} words={words} />,
        }}
        columns={[
          { title: t("map.signal"), fixed: "left", render: (_, row) => words.signal(kind, row.name) },
          ...touchpoints.map(({ touchpoint }) => ({
            title: words.touchpoint(touchpoint),
            key: touchpoint,
            align: "right" as const,
            render: (_: unknown, row: { name: string }) => {
              const cell = at.get(`${touchpoint} ${row.name}`);
              if (cell === undefined) return <Dash />;
              if (cell.count === 0) return <Unseen />;
              if (kind === "object") return <span className="op-num">{compact(cell.count, language)}</span>;
              return (
                <button type="button" className="op-cell" title={words.seen(cell.last_at)} onClick={() => onCell({ kind: kind === "event" ? "event" : "attribute", touchpoint, name: row.name })}>
                  {cell.declared && <CheckOutlined aria-label={t("map.declared")} style={{ fontSize: 10 }} />} {compact(cell.count, language)}
                </button>
              );
            },
          })),
        ]}
      />
    </Panel>
  );
}

function Fields({ cells, words }: { cells: DataMap["signal_cells"]; words: MapWords }) {
  const { t, language } = useText();
  const rows = [...new Set(cells.flatMap((one) => one.fields.map((field) => field.field)))].map((field) => ({ field }));
  return (
    <Table
      size="small"
      rowKey="field"
      dataSource={rows}
      pagination={false}
      columns={[
        { title: t("map.field"), render: (_, row) => words.field(row.field) },
        ...cells
          .filter((one) => one.count > 0)
          .map((cell) => ({
            title: words.touchpoint(cell.touchpoint),
            key: cell.touchpoint,
            align: "right" as const,
            render: (_: unknown, row: { field: string }) => {
              const fill = cell.fields.find((one) => one.field === row.field);
              return fill === undefined ? <Dash /> : <span className="op-num">{percent(fill.fill, language)}</span>;
            },
          })),
      ]}
    />
  );
}

const LINKED = ["customers", "share", "carriers"] as const;

/** Touchpoints against touchpoints: customers on both, their share, and what joins them. */
export function LinkageMatrix({ data, words, onCell }: Props) {
  const { t, language } = useText();
  const [shown, setShown] = useState<(typeof LINKED)[number]>("customers");
  const pairs = new Map<string, Linkage>();
  for (const one of data.linkage) {
    pairs.set(`${one.a} ${one.b}`, one);
    pairs.set(`${one.b} ${one.a}`, one);
  }
  const carried = (one: Linkage): string => [...one.carriers.slice(0, 2).map((by) => `${words.identifier(by.type)} ${compact(by.customers, language)}`), ...(one.chained > 0 ? [t("map.chained", { figure: compact(one.chained, language) })] : [])].join(", ");
  const figure = (one: Linkage, row: string): string => (shown === "customers" ? compact(one.customers, language) : shown === "share" ? percent(one.a === row ? one.share_a : one.share_b, language) : carried(one));
  return (
    <Panel
      title={t("map.linkage")}
      flush
      testId="map-linkage"
      extra={
        <span className="op-row">
          <Segmented size="small" aria-label={t("common.showAs")} value={shown} onChange={setShown} options={LINKED.map((value) => ({ value, label: t(`map.linked.${value}`) }))} />
          <CsvButton name="linkage" rows={() => data.linkage.map(({ carriers, ...one }) => ({ ...one, carriers: carriers.map((by) => `${by.type}:${by.customers}`).join(" ") }))} />
        </span>
      }
    >
      <p className="op-mute" style={{ padding: "0 16px 8px" }}>
        {t("map.linkageText")}
      </p>
      <Table
        size="small"
        rowKey="touchpoint"
        dataSource={data.places}
        pagination={false}
        scroll={scrolled(data.places.length)}
        columns={[
          { title: t("home.touchpoint"), fixed: "left", render: (_, row) => words.touchpoint(row.touchpoint) },
          ...data.places.map(({ touchpoint: other }) => ({
            title: words.touchpoint(other),
            key: other,
            align: "right" as const,
            render: (_: unknown, row: { touchpoint: string; customers: number }) => {
              if (row.touchpoint === other) {
                return (
                  <button type="button" className="op-cell" onClick={() => onCell({ kind: "touchpoint", touchpoint: other })}>
                    {compact(row.customers, language)}
                  </button>
                );
              }
              const one = pairs.get(`${row.touchpoint} ${other}`);
              if (one === undefined) return <Dash />;
              return (
                <button type="button" className="op-cell" onClick={() => onCell({ kind: "pair", touchpoint: row.touchpoint, other })} data-testid={`pair-${row.touchpoint}-${other}`}>
                  {figure(one, row.touchpoint)}
                </button>
              );
            },
          })),
        ]}
      />
    </Panel>
  );
}

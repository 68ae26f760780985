import { SaveOutlined } from "@ant-design/icons";
import { Link } from "@tanstack/react-router";
import { Button, Table } from "antd";
import { type ReactNode, useState } from "react";
import type { Portrait, PortraitCell, PortraitDimension } from "@/api/segments";
import { exact, percent } from "@/lib/format";
import { useText } from "@/lib/useText";
import { ChartOrTable } from "@/parts/Chart";
import { Dash } from "@/parts/Figures";
import { TgiBar } from "./TgiBar";
import { type Acts, customersOf } from "./model";

/** Values shown at first. */
const FIRST = 8;

interface Props {
  portrait: Portrait;
  dimension: PortraitDimension;
  acts: Acts;
}

/** A count, as a link where the list of customers has a filter that says the same. */
export function CountOf({ count, search }: { count: number; search: ReturnType<typeof customersOf> }) {
  const { language } = useText();
  const figure = exact(count, language);
  if (search === null || count === 0) return <span className="op-num">{figure}</span>;
  return (
    <Link to="/customers" search={search} className="op-num">
      {figure}
    </Link>
  );
}

export function useCellWords(): (cell: PortraitCell) => string {
  const { t, title } = useText();
  return (cell) => (cell.value === null ? t("portrait.others") : title(cell.title, cell.value));
}

/** Saves the customers of a cell as a segment of their own, where a condition can say which they are. */
export function SaveCell({ acts, dimension, cell }: { acts: Acts; dimension: Pick<PortraitDimension, "kind" | "name" | "title" | "several">; cell: PortraitCell }) {
  const { t } = useText();
  const words = useCellWords();
  const save = acts.save(dimension, cell);
  if (save === null) return null;
  return <Button type="text" size="small" icon={<SaveOutlined />} aria-label={t("portrait.saveCell", { value: words(cell) })} title={t("portrait.saveAs")} onClick={save} data-testid="save-cell" />;
}

function Row({ portrait, dimension, cell, acts }: Props & { cell: PortraitCell }) {
  const { t, language } = useText();
  const name = useCellWords()(cell);
  const share = cell.share ?? 0;
  const base = cell.base_share ?? 0;
  const widest = Math.max(...dimension.cells.map((one) => Math.max(one.share ?? 0, one.base_share ?? 0)), 0.0001);
  return (
    <li data-small={cell.small} data-testid="portrait-cell">
      <span className="op-cell-name" title={name}>
        {name}
        {cell.small && <small title={t("portrait.small", { count: portrait.min_cell })}>{t("portrait.fewer", { count: portrait.min_cell })}</small>}
      </span>
      <span className="op-shares" role="img" aria-label={t("portrait.shares", { share: percent(share, language), base: percent(base, language) })}>
        <span style={{ width: `${(share / widest) * 100}%` }} />
        <span data-base style={{ width: `${(base / widest) * 100}%` }} />
      </span>
      <span className="op-num op-right">{cell.share === null ? <Dash /> : percent(cell.share, language)}</span>
      <TgiBar cell={cell} />
      <span className="op-num op-right">{cell.tgi === null ? <Dash /> : exact(cell.tgi, language)}</span>
      <span className="op-right">
        <CountOf count={cell.in_segment} search={customersOf(portrait.segment, dimension, cell.value)} />
      </span>
      <span className="op-right">
        <SaveCell acts={acts} dimension={dimension} cell={cell} />
      </span>
    </li>
  );
}

function Chart(props: Props) {
  const { t } = useText();
  const [all, setAll] = useState(false);
  const { cells } = props.dimension;
  return (
    <>
      <div className="op-cell-heads" aria-hidden>
        <span />
        <span>{t("portrait.shareAxis")}</span>
        <span />
        <span className="op-axis">
          <span>10</span>
          <span>100</span>
          <span>1000</span>
        </span>
        <span className="op-right">TGI</span>
        <span className="op-right">{t("portrait.people")}</span>
        <span />
      </div>
      <ul className="op-cells">
        {(all ? cells : cells.slice(0, FIRST)).map((cell) => (
          <Row key={cell.value ?? ""} {...props} cell={cell} />
        ))}
      </ul>
      {cells.length > FIRST && (
        <Button type="link" size="small" onClick={() => setAll(!all)}>
          {all ? t("common.less") : t("portrait.allValues", { count: cells.length })}
        </Button>
      )}
    </>
  );
}

function CellTable({ portrait, dimension, acts }: Props) {
  const { t, language } = useText();
  const words = useCellWords();
  const base = portrait.base === "all" ? null : portrait.base;
  const share = (value: number | null): ReactNode => (value === null ? <Dash /> : percent(value, language));
  return (
    <Table<PortraitCell>
      size="small"
      rowKey={(cell) => cell.value ?? ""}
      dataSource={dimension.cells}
      pagination={false}
      scroll={{ y: 320 }}
      columns={[
        { title: t("portrait.value"), render: (_, cell) => words(cell) },
        { title: t("portrait.inSegment"), align: "right", render: (_, cell) => <CountOf count={cell.in_segment} search={customersOf(portrait.segment, dimension, cell.value)} /> },
        { title: t("portrait.share"), align: "right", render: (_, cell) => share(cell.share) },
        { title: t("portrait.inBase"), align: "right", render: (_, cell) => <CountOf count={cell.in_base} search={customersOf(base, dimension, cell.value)} /> },
        { title: t("portrait.baseShare"), align: "right", render: (_, cell) => share(cell.base_share) },
        { title: "TGI", align: "right", render: (_, cell) => (cell.tgi === null ? <Dash /> : exact(cell.tgi, language, 1)) },
        { title: t("portrait.interval"), align: "right", render: (_, cell) => (cell.low === null || cell.high === null ? <Dash /> : `${exact(cell.low, language)} – ${exact(cell.high, language)}`) },
        { title: t("portrait.note"), render: (_, cell) => cell.small && t("portrait.small", { count: portrait.min_cell }) },
        { title: "", align: "right", render: (_, cell) => <SaveCell acts={acts} dimension={dimension} cell={cell} /> },
      ]}
    />
  );
}

function Numbers({ dimension }: { dimension: PortraitDimension }) {
  const { t, language } = useText();
  const { numbers, base_numbers } = dimension;
  if (numbers === null || base_numbers === null) return null;
  const figures = ["mean", "p25", "median", "p75"] as const;
  const row = (one: typeof numbers): ReactNode => figures.map((name) => <td key={name}>{one[name] === null ? <Dash /> : exact(one[name], language, 2)}</td>);
  return (
    <table className="op-numbers">
      <thead>
        <tr>
          <th scope="col">
            <span className="op-visually-hidden">{t("portrait.who")}</span>
          </th>
          {figures.map((name) => (
            <th key={name} scope="col">
              {t(`portrait.numbers.${name}`)}
            </th>
          ))}
          <th scope="col">{t("portrait.people")}</th>
        </tr>
      </thead>
      <tbody>
        <tr>
          <th scope="row">{t("portrait.inSegment")}</th>
          {row(numbers)}
          <td>{exact(numbers.n, language)}</td>
        </tr>
        <tr>
          <th scope="row">{t("portrait.inBase")}</th>
          {row(base_numbers)}
          <td>{exact(base_numbers.n, language)}</td>
        </tr>
      </tbody>
    </table>
  );
}

/** One dimension: its values as bars with intervals, or the same as a table. */
export function Cells(props: Props) {
  const { t, title, language } = useText();
  const { dimension } = props;
  const name = title(dimension.title, dimension.name);
  return (
    <section className="op-panel op-dimension" aria-label={name} data-testid={`dimension-${dimension.name}`}>
      <header>
        <h2>{name}</h2>
        <span className="op-mute" style={{ fontSize: 13 }}>
          {t(`portrait.kinds.${dimension.kind}`)} · {t("portrait.known", { known: exact(dimension.known, language), base: exact(dimension.base_known, language) })}
          {dimension.several && ` · ${t("portrait.several")}`}
        </span>
      </header>
      <div className="op-body">
        {dimension.cells.length > 0 && <ChartOrTable chart={<Chart {...props} />} table={<CellTable {...props} />} />}
        <Numbers dimension={dimension} />
        {dimension.cells.length === 0 && dimension.numbers === null && <p className="op-mute">{t("portrait.nothing")}</p>}
      </div>
    </section>
  );
}

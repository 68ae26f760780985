import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Input, Segmented, Select } from "antd";
import { useMemo } from "react";
import { queries, type Segment } from "@/api/queries";
import { type Portrait as Data, segmentQueries } from "@/api/segments";
import { matches } from "@/conditions/names";
import { exact, span } from "@/lib/format";
import { useMay } from "@/lib/session";
import { useText } from "@/lib/useText";
import { Exact, Figure, Figures, Time } from "@/parts/Figures";
import { Loaded, Nothing } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { SegmentFrame } from "@/pages/segments/SegmentFrame";
import { Cells, CountOf, SaveCell, useCellWords } from "./Cells";
import { type Acts, conditionOf, customersOf, wanted } from "./model";
import { TgiBar } from "./TgiBar";
import "./portrait.css";

const KINDS = ["tag", "attribute", "channel"] as const;

/** Saving a cell opens the editor of a new segment with the cell's condition in it. */
function useActs(segment: Segment): Acts {
  const { language, title } = useText();
  const names = useQuery(queries.names()).data;
  const may = useMay("segments.write");
  const navigate = useNavigate();
  const words = useCellWords();
  return {
    save: (dimension, cell) => {
      const condition = names === undefined || !may ? null : conditionOf(segment.name, dimension, cell.value, names);
      if (condition === null) return null;
      const said = [title(segment.title, segment.name), `${title(dimension.title, dimension.name)} ${words(cell)}`].join(language === "en" ? ", " : "\u00b7");
      return () => void navigate({ to: "/segments/new", search: { condition, title: said.slice(0, 60) } });
    },
  };
}

/** Where segment and base differ most, one value of each dimension. */
function Top({ portrait, acts }: { portrait: Data; acts: Acts }) {
  const { t, title, language } = useText();
  const words = useCellWords();
  return (
    <Panel title={t("portrait.top")} extra={<span className="op-mute">{t("portrait.topNote", { count: portrait.compared })}</span>} testId="portrait-top">
      {portrait.top.length === 0 ? (
        <p className="op-mute">{t("portrait.noTop")}</p>
      ) : (
        <ol className="op-cells op-top">
          {portrait.top.map(({ cell, ...one }) => {
            const dimension = { kind: one.kind, name: one.name, title: one.title, several: portrait.dimensions.find((known) => known.kind === one.kind && known.name === one.name)?.several ?? false };
            return (
              <li key={`${one.kind} ${one.name}`} data-testid="portrait-top-cell">
                <span className="op-cell-name">
                  {words(cell)} <small>{title(one.title, one.name)}</small>
                </span>
                <TgiBar cell={cell} />
                <span className="op-num op-right">{cell.tgi === null ? "–" : exact(cell.tgi, language)}</span>
                <span className="op-right">
                  <CountOf count={cell.in_segment} search={customersOf(portrait.segment, one, cell.value)} />
                </span>
                <span className="op-right">
                  <SaveCell acts={acts} dimension={dimension} cell={cell} />
                </span>
              </li>
            );
          })}
        </ol>
      )}
    </Panel>
  );
}

function LeftOut({ portrait }: { portrait: Data }) {
  const { t, title } = useText();
  if (portrait.left_out.length === 0) return null;
  return (
    <details className="op-mute">
      <summary>{t("portrait.leftOut", { count: portrait.left_out.length })}</summary>
      <ul className="op-list">
        {portrait.left_out.map((one) => (
          <li key={`${one.kind} ${one.name}`} style={{ padding: "3px 0" }}>
            <span>{title(one.title, one.name)}</span>
            <span>{t(`portrait.why.${one.why}`)}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}

function Shown({ segment, portrait }: { segment: Segment; portrait: Data }) {
  const { t, title, language } = useText();
  const { kind, q = "" } = useSearch({ from: "/shell/segments/$name/portrait" });
  const acts = useActs(segment);
  const dimensions = useMemo(() => wanted(portrait, kind, q), [portrait, kind, q]);
  const { sizes } = portrait;
  if (sizes.segment === 0) {
    return (
      <section className="op-panel">
        <Nothing title={t("portrait.empty")} text={t("portrait.emptyText")} />
      </section>
    );
  }
  return (
    <>
      <Figures label={t("portrait.sizes")}>
        <Figure label={t("portrait.inSegment")}>
          <Exact value={sizes.segment} testId="portrait-size" />
        </Figure>
        <Figure label={t("portrait.inBase")}>
          <Exact value={sizes.base} testId="portrait-base-size" />
        </Figure>
        <Figure label={t("portrait.common")}>
          <Exact value={sizes.common} />
        </Figure>
        <Figure small label={t("portrait.asOf")} note={t("portrait.took", { time: span(portrait.seconds, language) })}>
          <Time at={portrait.as_of} />
        </Figure>
      </Figures>
      <p className="op-mute" style={{ fontSize: 13 }}>
        {t("portrait.read", { count: portrait.min_cell })} {title(portrait.method, "")}
      </p>
      <Top portrait={portrait} acts={acts} />
      {dimensions.length === 0 ? (
        <section className="op-panel">
          <Nothing title={t("portrait.none")} text={t("portrait.noneText")} />
        </section>
      ) : (
        <div className="op-dimensions">
          {dimensions.map((one) => (
            <Cells key={`${one.kind} ${one.name}`} portrait={portrait} dimension={one} acts={acts} />
          ))}
        </div>
      )}
      <LeftOut portrait={portrait} />
    </>
  );
}

function Content({ segment }: { segment: Segment }) {
  const { t, title } = useText();
  const { base = "all", kind, q = "" } = useSearch({ from: "/shell/segments/$name/portrait" });
  const navigate = useNavigate({ from: "/segments/$name/portrait" });
  const segments = useQuery(queries.segments());
  const portrait = useQuery(segmentQueries.portrait(segment.name, base));
  const change = (next: { base?: string; kind?: (typeof KINDS)[number]; q?: string }): void => void navigate({ search: (before) => ({ ...before, ...next }), replace: true });
  const others = (segments.data?.items ?? []).filter((one) => one.name !== segment.name).map((one) => ({ value: one.name, label: title(one.title, one.name), search: `${one.name} ${one.title.zh} ${one.title.en}` }));
  return (
    <div className="op-stack">
      <div className="op-row" style={{ gap: 16 }}>
        <label className="op-row">
          <span className="op-mute">{t("portrait.base")}</span>
          <Select
            showSearch={{ filterOption: matches }}
            style={{ width: 240 }}
            aria-label={t("portrait.base")}
            value={base}
            onChange={(next: string) => change({ base: next === "all" ? undefined : next })}
            options={[{ value: "all", label: t("portrait.everybody"), search: "all" }, ...others]}
            data-testid="portrait-base"
          />
        </label>
        <Segmented
          aria-label={t("portrait.kind")}
          value={kind ?? "all"}
          onChange={(next: string) => change({ kind: KINDS.find((one) => one === next) })}
          options={[{ value: "all", label: t("portrait.kinds.all") }, ...KINDS.map((one) => ({ value: one, label: t(`portrait.kinds.${one}`) }))]}
        />
        <div data-search style={{ width: 220 }}>
          <Input allowClear aria-label={t("portrait.search")} placeholder={t("portrait.search")} value={q} onChange={(event) => change({ q: event.target.value === "" ? undefined : event.target.value })} />
        </div>
      </div>
      <Loaded query={portrait} rows={12}>
        {(data) => <Shown segment={segment} portrait={data} />}
      </Loaded>
    </div>
  );
}

/** A segment held against all customers or another segment: what sets it apart. */
export function Portrait() {
  const { name } = useParams({ from: "/shell/segments/$name/portrait" });
  const segment = useQuery(queries.segment(name));
  return (
    <Loaded query={segment} rows={12}>
      {(data) => (
        <SegmentFrame segment={data}>
          <Content key={data.name} segment={data} />
        </SegmentFrame>
      )}
    </Loaded>
  );
}

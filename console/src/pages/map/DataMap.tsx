import { FileImageOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Button, Segmented, Select, Tabs } from "antd";
import { lazy, Suspense, useMemo } from "react";
import { type DataMap as Data, insight } from "@/api/insight";
import { png, save } from "@/lib/download";
import { exact } from "@/lib/format";
import { useText } from "@/lib/useText";
import { Count, Figure, Figures, Time } from "@/parts/Figures";
import { Loaded, Nothing, Waiting } from "@/parts/Loaded";
import { PageHead, Panel } from "@/parts/PageHead";
import { Customers } from "./Customers";
import { type Box, draw, type Line, type Placed } from "./drawing";
import { Flows, Gaps, Places, ReachTables } from "./Lists";
import { Identifiers, LinkageMatrix, Signals } from "./Matrices";
import { picture } from "./picture";
import { type Cell, cellOf, cellText, type Tab, TABS, type View, VIEWS } from "./state";
import { WhatIfPanel } from "./WhatIf";
import { type MapWords, useMapWords } from "./words";

// The canvas is large: it comes when it is looked at.
const Canvas = lazy(() => import("./Canvas").then((module) => ({ default: module.Canvas })));

export function DataMap() {
  const { t } = useText();
  const query = useQuery(insight.map());
  return (
    <>
      <PageHead
        title={t("nav.map")}
        sub={
          query.data === undefined ? (
            t("map.sub")
          ) : (
            <>
              {t("map.sub")} {t("oneid.asOf")} <Time at={query.data.at} />
            </>
          )
        }
      />
      <Loaded query={query} rows={12}>
        {(data) =>
          data.places.length === 0 ? (
            <section className="op-panel">
              <Nothing title={t("map.none")} text={t("map.noneText")} />
            </section>
          ) : (
            <Page data={data} />
          )
        }
      </Loaded>
    </>
  );
}

function Page({ data }: { data: Data }) {
  const { t } = useText();
  const words = useMapWords(data);
  const { tab = "map", view = "links", list, cell, page = 1, at } = useSearch({ from: "/shell/map" });
  const navigate = useNavigate({ from: "/map" });
  const chosen = cellOf(cell);
  const onCell = (next: Cell): void => void navigate({ search: (before) => ({ ...before, cell: cellText(next), page: undefined }) });
  const shared = { data, words, onCell };
  const pages: Record<Tab, () => React.ReactNode> = {
    map: () => <Drawing {...shared} view={view} focus={data.places.some((one) => one.touchpoint === at) ? at : undefined} onFocus={(next) => void navigate({ search: (before) => ({ ...before, at: next }) })} list={list !== undefined} onView={(next) => void navigate({ search: (before) => ({ ...before, view: next === "links" ? undefined : next }) })} onList={(on) => void navigate({ search: (before) => ({ ...before, list: on ? 1 : undefined }) })} />,
    matrix: () => (
      <div className="op-stack">
        <Identifiers {...shared} />
        <Signals {...shared} />
      </div>
    ),
    linkage: () => <LinkageMatrix {...shared} />,
    flows: () => <Flows {...shared} />,
    reach: () => <ReachTables {...shared} />,
    gaps: () => <Gaps {...shared} />,
    whatif: () => <WhatIfPanel data={data} words={words} />,
  };
  return (
    <div className="op-stack">
      <Numbers data={data} />
      <Tabs
        activeKey={tab}
        onChange={(key) => void navigate({ search: (before) => ({ ...before, tab: TABS.find((one) => one === key && one !== "map"), cell: undefined, page: undefined }) })}
        items={TABS.map((key) => ({ key, label: t(`map.tabs.${key}`), children: key === tab ? pages[key]() : null }))}
      />
      {chosen !== null && (
        <Customers
          cell={chosen}
          title={words.cell(chosen)}
          page={page}
          onPage={(next) => void navigate({ search: (before) => ({ ...before, page: next === 1 ? undefined : next }) })}
          onClose={() => void navigate({ search: (before) => ({ ...before, cell: undefined, page: undefined }) })}
        />
      )}
    </div>
  );
}

function Numbers({ data }: { data: Data }) {
  const { t, language } = useText();
  const joined = data.places.filter((one) => one.island).length;
  const grave = data.gaps.filter((one) => one.severity !== "info").length;
  return (
    <Figures label={t("map.figures")}>
      <Figure label={t("map.places")}>
        <Count value={data.places.length} />
      </Figure>
      <Figure label={t("map.customers")}>
        <Count value={data.customers} testId="map-total-customers" />
      </Figure>
      <Figure label={t("map.reachable")}>
        <Count value={data.reachable} />
      </Figure>
      <Figure label={t("map.islands")}>
        <Count value={joined} testId="map-islands" />
      </Figure>
      <Figure label={t("map.gaps")} note={t("map.smaller", { figure: exact(data.gaps.length - grave, language) })}>
        <Count value={grave} testId="map-gap-count" />
      </Figure>
    </Figures>
  );
}

interface DrawingProps {
  data: Data;
  words: MapWords;
  view: View;
  list: boolean;
  onCell: (cell: Cell) => void;
  /** The touchpoint that is looked at with its neighbours. */
  focus: string | undefined;
  onFocus: (touchpoint: string | undefined) => void;
  onView: (view: View) => void;
  onList: (on: boolean) => void;
}

function Drawing({ data, words, view, list, focus, onCell, onFocus, onView, onList }: DrawingProps) {
  const { t } = useText();
  const drawing = useMemo(() => draw(data, view, focus), [data, view, focus]);
  const { boxes, lines } = drawing;
  const svg = (): string => picture(drawing, lines, { title: words.box, note: words.note, line: words.line, group: words.group });
  const onBox = (box: Placed): void => {
    if (box.kind !== "touchpoint") return;
    if (box.name === focus) onCell({ kind: "touchpoint", touchpoint: box.name });
    else onFocus(box.name);
  };
  const onLine = (line: Line): void => {
    const [from, to] = [line.source, line.target].map((id) => id.slice(id.indexOf(":") + 1));
    if (from === undefined || to === undefined) return;
    onCell(view === "links" ? { kind: "pair", touchpoint: from, other: to } : { kind: view === "identifiers" ? "identifier" : "event", touchpoint: from, name: to });
  };
  return (
    <div className="op-stack">
      <Panel
        title={t(`map.drawn.${view}`)}
        flush
        extra={
          <span className="op-row">
            <Segmented size="small" aria-label={t("map.lines")} value={view} onChange={onView} options={VIEWS.map((value) => ({ value, label: t(`map.views.${value}`) }))} />
            <Segmented
              size="small"
              aria-label={t("common.showAs")}
              value={list ? "list" : "graph"}
              onChange={(value) => onList(value === "list")}
              options={[
                { value: "graph", label: t("map.drawing") },
                { value: "list", label: t("oneid.list") },
              ]}
            />
            <Button size="small" icon={<FileImageOutlined />} onClick={() => save("data-map.svg", svg(), "image/svg+xml")} data-testid="save-svg">
              {t("map.svg")}
            </Button>
            <Button size="small" icon={<FileImageOutlined />} onClick={() => void png(svg()).then((blob) => save("data-map.png", blob))} data-testid="save-png">
              {t("map.png")}
            </Button>
          </span>
        }
      >
        <div className="op-row op-map-focus">
          <Select
            size="small"
            showSearch={{ optionFilterProp: "label" }}
            allowClear
            aria-label={t("map.focus")}
            placeholder={t("map.focus")}
            style={{ width: 240 }}
            value={focus}
            onChange={(next: string | undefined) => onFocus(next)}
            options={data.places.map((one) => ({ value: one.touchpoint, label: words.touchpoint(one.touchpoint) }))}
            data-testid="map-focus"
          />
          {focus === undefined ? (
            <span className="op-mute">{t("map.focusHint")}</span>
          ) : (
            <>
              <Button size="small" onClick={() => onCell({ kind: "touchpoint", touchpoint: focus })} data-testid="focus-customers">
                {words.cell({ kind: "touchpoint", touchpoint: focus })}
              </Button>
              <Button size="small" onClick={() => onFocus(undefined)} data-testid="focus-leave">
                {t("map.all")}
              </Button>
            </>
          )}
        </div>
        {list ? (
          <LineList lines={lines} boxes={boxes} words={words} onLine={onLine} />
        ) : (
          <Suspense fallback={<Waiting rows={10} />}>
            <Canvas drawing={drawing} focus={focus} words={words} onBox={onBox} onLine={onLine} />
          </Suspense>
        )}
      </Panel>
      <Places data={data} words={words} onCell={onCell} />
    </div>
  );
}

/** The lines as a list of buttons: the drawing without eyes or mouse. */
function LineList({ lines, boxes, words, onLine }: { lines: Line[]; boxes: Box[]; words: MapWords; onLine: (line: Line) => void }) {
  const { t } = useText();
  const named = new Map(boxes.map((one) => [one.id, words.box(one)]));
  return (
    <ul className="op-list" data-testid="map-list" style={{ padding: "8px 16px", maxHeight: 560, overflowY: "auto" }}>
      {lines.map((one) => (
        <li key={one.id}>
          <button type="button" className="op-cell" onClick={() => onLine(one)}>
            {t("map.lineLabel", { a: named.get(one.source) ?? "", b: named.get(one.target) ?? "", figures: words.line(one) })}
          </button>
        </li>
      ))}
    </ul>
  );
}

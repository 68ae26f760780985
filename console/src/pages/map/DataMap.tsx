import { FileImageOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Button, Segmented, Tabs } from "antd";
import { lazy, Suspense, useMemo } from "react";
import { type DataMap as Data, insight } from "@/api/insight";
import { png, save } from "@/lib/download";
import { exact } from "@/lib/format";
import { useText } from "@/lib/useText";
import { Count, Figure, Figures, Time } from "@/parts/Figures";
import { Loaded, Nothing, Waiting } from "@/parts/Loaded";
import { PageHead, Panel } from "@/parts/PageHead";
import { Customers } from "./Customers";
import { type Box, draw, type Line, picture } from "./drawing";
import { Flows, Gaps, Places, ReachTables } from "./Lists";
import { Identifiers, LinkageMatrix, Signals } from "./Matrices";
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
  const { tab = "map", view = "links", list, cell, page = 1 } = useSearch({ from: "/shell/map" });
  const navigate = useNavigate({ from: "/map" });
  const chosen = cellOf(cell);
  const onCell = (next: Cell): void => void navigate({ search: (before) => ({ ...before, cell: cellText(next), page: undefined }) });
  const shared = { data, words, onCell };
  const pages: Record<Tab, () => React.ReactNode> = {
    map: () => <Drawing {...shared} view={view} list={list !== undefined} onView={(next) => void navigate({ search: (before) => ({ ...before, view: next === "links" ? undefined : next }) })} onList={(on) => void navigate({ search: (before) => ({ ...before, list: on ? 1 : undefined }) })} />,
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
  onView: (view: View) => void;
  onList: (on: boolean) => void;
}

function Drawing({ data, words, view, list, onCell, onView, onList }: DrawingProps) {
  const { t } = useText();
  const { boxes, lines } = useMemo(() => draw(data, view), [data, view]);
  const svg = (): string => picture(boxes, lines, { title: words.box, note: words.note, line: words.line });
  const onBox = (box: Box): void => {
    if (box.kind === "touchpoint") onCell({ kind: "touchpoint", touchpoint: box.name });
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
        {list ? (
          <LineList lines={lines} boxes={boxes} words={words} onLine={onLine} />
        ) : (
          <Suspense fallback={<Waiting rows={10} />}>
            <Canvas boxes={boxes} lines={lines} words={words} onBox={onBox} onLine={onLine} />
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

import { ApartmentOutlined, UnorderedListOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Segmented } from "antd";
import { lazy, Suspense } from "react";
import { type Graph, identity } from "@/api/identity";
import { useText } from "@/lib/useText";
import { Loaded, Nothing } from "@/parts/Loaded";
import { Status } from "@/parts/Status";
import { History } from "../decisions/History";
import "../identity.css";
import { LINK_KINDS, LINK_STATES, useWords } from "../words";
import { ActBar, ActDrawer } from "./Acts";
import { EvidenceDrawer } from "./Evidence";
import { drawn } from "./drawn";
import { Lists } from "./Lists";
import { useGraphState } from "./state";

// The drawing library is fetched only by those who look at the drawing.
const Canvas = lazy(() => import("./Canvas").then((module) => ({ default: module.Canvas })));

/** How many links of each state there are: also what their signs mean. */
function Legend({ graph }: { graph: Graph }) {
  const { t } = useText();
  const words = useWords();
  const counts = new Map<string, number>();
  for (const link of graph.links) counts.set(link.status, (counts.get(link.status) ?? 0) + 1);
  if (counts.size === 0) return null;
  return (
    <div className="op-legend-links" role="group" aria-label={t("oneid.links")}>
      {LINK_STATES.map((status) => {
        const count = counts.get(status);
        return count === undefined ? null : (
          <Status key={status} kind={LINK_KINDS[status] ?? "info"}>
            {words.status(status)} <span className="op-num">{count}</span>
          </Status>
        );
      })}
    </div>
  );
}

function Content({ graph }: { graph: Graph }) {
  const { t } = useText();
  const state = useGraphState();
  const { hidden } = drawn(graph);
  const openLink = (link: number): void => state.change({ link, act: undefined });
  return (
    <div data-testid="oneid-tab">
      <div className="op-bar" style={{ paddingBottom: 0 }}>
        <Segmented
          size="small"
          aria-label={t("common.showAs")}
          value={state.view}
          onChange={(view) => state.change({ view: view === "list" ? "list" : undefined })}
          options={[
            { value: "graph", icon: <ApartmentOutlined aria-hidden />, label: t("oneid.graph") },
            { value: "list", icon: <UnorderedListOutlined aria-hidden />, label: t("oneid.list") },
          ]}
        />
        <span className="op-mute">{t("oneid.graphSize", { nodes: graph.nodes.length, links: graph.links.length })}</span>
      </div>
      <ActBar graph={graph} state={state} />
      {(graph.truncated || (hidden > 0 && state.view === "graph")) && (
        <div className="op-bar" style={{ paddingTop: 0 }} data-testid="graph-truncated">
          <Status kind="info">{graph.truncated ? t("oneid.truncated") : t("oneid.hidden", { count: hidden })}</Status>
        </div>
      )}
      {state.view === "list" ? (
        <Lists graph={graph} chosen={state.chosen} onChoose={state.choose} onLink={openLink} />
      ) : graph.nodes.length === 0 ? (
        <Nothing title={t("oneid.noIdentifiers")} />
      ) : (
        <>
          <Suspense fallback={<div className="op-graph" aria-busy="true" role="status" aria-label={t("common.loading")} />}>
            <Canvas graph={graph} chosen={state.chosen} link={state.link} onToggle={state.toggle} onLink={openLink} />
          </Suspense>
          <Legend graph={graph} />
        </>
      )}
      <h3 style={{ fontSize: 14, padding: "16px 16px 8px" }}>{t("oneid.decisionsHere")}</h3>
      <History customer={graph.customer_id} page={state.page} onPage={(page) => state.change({ page })} />
      <ActDrawer graph={graph} state={state} />
      {state.link !== undefined && state.act === undefined && <EvidenceDrawer graph={graph} id={state.link} onClose={() => state.change({ link: undefined })} />}
    </div>
  );
}

/** The customer's identifiers and the evidence between them; split, merge, keep apart, block, and take back. */
export function OneId({ id }: { id: number }) {
  const graph = useQuery({ ...identity.graph(id), refetchInterval: 10_000 });
  return (
    <Loaded query={graph} rows={10}>
      {(data) => <Content graph={data} />}
    </Loaded>
  );
}

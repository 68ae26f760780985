import { useText } from "@/lib/useText";
import { Nothing } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { type Graph, KINDS, type LineageNode, reached } from "./graph";
import { NodeLink } from "./kinds";

function Nodes({ label, nodes, none }: { label: string; nodes: LineageNode[]; none: string }) {
  const { t, title } = useText();
  return (
    <div>
      <h3 className="op-mute" style={{ fontSize: 13 }}>
        {label}
      </h3>
      {nodes.length === 0 ? (
        <p className="op-mute">{none}</p>
      ) : (
        <ul className="op-list">
          {nodes.map((node) => (
            <li key={node.id} style={{ padding: "4px 0" }}>
              <NodeLink node={node}>{title(node.title, node.name)}</NodeLink>
              <span className="op-mute">{t(`lineage.kinds.${node.kind}`)}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** What depends on a thing: all that a change of it would touch; and what it is made of. */
export function Impact({ graph, chosen }: { graph: Graph; chosen: string | null }) {
  const { t, title } = useText();
  const node = graph.nodes.find((one) => one.id === chosen);
  if (node === undefined) {
    return (
      <Panel title={t("lineage.impact")}>
        <Nothing title={t("lineage.choose")} text={t("lineage.chooseText")} />
      </Panel>
    );
  }
  const order = (ids: Set<string>): LineageNode[] => graph.nodes.filter((one) => ids.has(one.id)).sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || a.name.localeCompare(b.name));
  const down = order(reached(graph, node.id, "down")).filter((one) => one.kind !== "field");
  return (
    <Panel title={t("lineage.impactOf", { name: title(node.title, node.name) })} testId="lineage-impact">
      <div className="op-stack">
        <Nodes label={t("lineage.touches", { count: down.length })} nodes={down} none={t("lineage.nothing")} />
        <Nodes label={t("lineage.madeOf")} nodes={order(reached(graph, node.id, "up"))} none={t("lineage.source")} />
      </div>
    </Panel>
  );
}

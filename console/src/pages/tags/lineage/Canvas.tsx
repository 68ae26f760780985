import { WarningOutlined } from "@ant-design/icons";
import { Controls, type Edge, Handle, type Node, type NodeProps, Position, ReactFlow } from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import { memo, useMemo, useState } from "react";
import { useText } from "@/lib/useText";
import { type Graph, type LineageNode, reached } from "./graph";
import { ICONS } from "./kinds";
import { BOX, laidOut } from "./layout";
import "./lineage.css";

type State = "chosen" | "near" | "plain" | "faint";
type Drawn = Node<{ of: LineageNode; title: string; kind: string; state: State }, "box">;

const Shape = memo(function Shape({ data: { of, title, kind, state } }: NodeProps<Drawn>) {
  const Icon = of.missing ? WarningOutlined : ICONS[of.kind];
  return (
    <div className="op-lineage-box" data-kind={of.kind} data-state={state} data-missing={of.missing} data-testid={`node-${of.id}`}>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <div className="op-lineage-title">
        <Icon aria-hidden /> {title}
      </div>
      <div className="op-mute">{kind}</div>
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </div>
  );
});

const types = { box: Shape };

interface Props {
  graph: Graph;
  chosen: string | null;
  height?: number;
  onChoose: (id: string) => void;
}

/** The drawing; what it is made of and what is made of it stand out. All of it is in the list too. */
export function Canvas({ graph, chosen, height = 560, onChoose }: Props) {
  const { t, title } = useText();
  const [hover, setHover] = useState<string | null>(null);
  const placed = useMemo(() => laidOut(graph), [graph]);
  const focus = hover ?? chosen;
  const lit = useMemo(() => (focus === null ? null : new Set([focus, ...reached(graph, focus, "up"), ...reached(graph, focus, "down")])), [graph, focus]);
  const state = (id: string): State => (id === chosen ? "chosen" : lit === null ? "plain" : lit.has(id) ? "near" : "faint");
  const nodes: Drawn[] = placed.map((of) => ({
    id: of.id,
    type: "box",
    position: { x: of.x, y: of.y },
    width: BOX.width,
    height: BOX.height,
    data: { of, title: title(of.title, of.name), kind: of.missing ? t("lineage.missing") : t(`lineage.kinds.${of.kind}`), state: state(of.id) },
    ariaRole: "button",
  }));
  const titles = new Map(graph.nodes.map((one) => [one.id, title(one.title, one.name)]));
  const edges: Edge[] = graph.lines.map((one) => {
    const on = lit === null || (lit.has(one.from) && lit.has(one.to));
    return {
      id: `${one.from} ${one.to}`,
      source: one.from,
      target: one.to,
      style: { stroke: "var(--op-accent)", strokeOpacity: on ? (lit === null ? 0.4 : 0.85) : 0.08, strokeWidth: lit !== null && on ? 1.8 : 1.2 },
      focusable: false,
      ariaRole: "img",
      ariaLabel: t("lineage.line", { from: titles.get(one.from) ?? one.from, to: titles.get(one.to) ?? one.to }),
    };
  });
  return (
    <div className="op-graph op-lineage" style={{ height }} data-testid="lineage-canvas">
      <ReactFlow
        key={placed.map((one) => one.id).join()}
        nodes={nodes}
        edges={edges}
        nodeTypes={types}
        onNodeClick={(_, node) => onChoose(node.id)}
        onNodeMouseEnter={(_, node) => setHover(node.id)}
        onNodeMouseLeave={() => setHover(null)}
        elementsSelectable={false}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        deleteKeyCode={null}
        selectionKeyCode={null}
        multiSelectionKeyCode={null}
        zoomOnScroll={false}
        preventScrolling={false}
        onlyRenderVisibleElements={placed.length > 150}
        minZoom={0.1}
        fitView
        fitViewOptions={{ minZoom: 0.6, maxZoom: 1, padding: 0.04 }}
        ariaLabelConfig={{
          "controls.ariaLabel": t("oneid.zoom"),
          "controls.zoomIn.ariaLabel": t("oneid.zoomIn"),
          "controls.zoomOut.ariaLabel": t("oneid.zoomOut"),
          "controls.fitView.ariaLabel": t("oneid.fit"),
        }}
      >
        <Controls showInteractive={false} />
      </ReactFlow>
    </div>
  );
}

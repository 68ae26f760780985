import { AimOutlined, ApiOutlined, DisconnectOutlined, IdcardOutlined, WarningOutlined } from "@ant-design/icons";
import { Controls, type Edge, Handle, type Node, type NodeProps, Position, ReactFlow } from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import { memo, useMemo, useState } from "react";
import { useText } from "@/lib/useText";
import { BOX, type Box, type Line, thickness } from "./drawing";
import type { MapWords } from "./words";
import "./map.css";

type Drawn = Node<{ of: Box; title: string; note: string; gaps: string; faint: boolean }, "box">;

const icons = { touchpoint: ApiOutlined, identifier: IdcardOutlined, signal: AimOutlined };

/** A touchpoint, a type of identifiers or a signal, with its size and when it was last seen. */
const Shape = memo(function Shape({ data: { of, title, note, gaps, faint } }: NodeProps<Drawn>) {
  const Icon = of.island ? DisconnectOutlined : icons[of.kind];
  const centred = { left: "50%", right: "auto", top: "50%", transform: "translate(-50%, -50%)" };
  return (
    <div className="op-map-box" data-kind={of.kind} data-island={of.island} data-faint={faint} data-testid={`box-${of.name}`}>
      <Handle type="target" position={Position.Left} isConnectable={false} style={of.kind === "touchpoint" ? centred : undefined} />
      <div className="op-map-title">
        <Icon aria-hidden /> {title}
      </div>
      <div className="op-mute">{note}</div>
      {of.gaps > 0 && (
        <div className="op-map-gaps">
          <WarningOutlined aria-hidden /> {gaps}
        </div>
      )}
      <Handle type="source" position={Position.Right} isConnectable={false} />
      <Handle id="middle" type="source" position={Position.Right} isConnectable={false} style={centred} />
    </div>
  );
});

const types = { box: Shape };

/** So many lines carry their figures; of more, those of the box that is pointed at do. */
const WORDED = 16;

interface Props {
  boxes: Box[];
  lines: Line[];
  words: MapWords;
  onBox: (box: Box) => void;
  onLine: (line: Line) => void;
}

/** The drawing. Whatever it shows stands in the list and in the matrices as well. */
export function Canvas({ boxes, lines, words, onBox, onLine }: Props) {
  const { t } = useText();
  const [near, setNear] = useState<string | null>(null);
  const most = Math.max(0, ...lines.map((one) => one.count));
  const touching = useMemo(() => new Set(near === null ? [] : lines.flatMap((one) => (one.source === near || one.target === near ? [one.source, one.target] : []))), [near, lines]);
  const nodes: Drawn[] = boxes.map((of) => ({
    id: of.id,
    type: "box",
    position: { x: of.x, y: of.y },
    width: BOX.width,
    height: BOX.height,
    data: { of, title: words.box(of), note: words.note(of), gaps: t("map.gapCount", { count: of.gaps }), faint: near !== null && touching.size > 0 && !touching.has(of.id) },
    ariaRole: "button",
  }));
  const byId = new Map(boxes.map((one) => [one.id, one]));
  const edges: Edge[] = lines.map((one) => {
    const on = near === null || one.source === near || one.target === near;
    const straight = byId.get(one.target)?.kind === "touchpoint";
    return {
      id: one.id,
      source: one.source,
      target: one.target,
      sourceHandle: straight ? "middle" : undefined,
      type: "straight",
      label: on && (lines.length <= WORDED || near !== null) ? words.line(one) : undefined,
      labelStyle: { fill: "var(--op-text-2)", fontSize: 11.5 },
      labelBgStyle: { fill: "var(--op-subtle)" },
      style: { stroke: "var(--op-accent)", strokeOpacity: on ? 0.55 : 0.08, strokeWidth: thickness(one.count, most) },
      interactionWidth: 12,
      ariaRole: "button",
      ariaLabel: t("map.lineLabel", { a: nameOf(byId, one.source, words), b: nameOf(byId, one.target, words), figures: words.line(one) }),
    };
  });
  return (
    <div className="op-graph op-map" data-testid="map-canvas">
      <ReactFlow
        key={boxes.map((one) => one.id).join()}
        nodes={nodes}
        edges={edges}
        nodeTypes={types}
        onNodeClick={(_, node) => onBox(node.data.of)}
        onNodeMouseEnter={(_, node) => setNear(node.id)}
        onNodeMouseLeave={() => setNear(null)}
        onEdgeClick={(_, edge) => {
          const found = lines.find((one) => one.id === edge.id);
          if (found !== undefined) onLine(found);
        }}
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
        minZoom={0.1}
        fitView
        fitViewOptions={{ maxZoom: 1, padding: 0.06 }}
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

function nameOf(byId: Map<string, Box>, id: string, words: MapWords): string {
  const box = byId.get(id);
  return box === undefined ? id : words.box(box);
}

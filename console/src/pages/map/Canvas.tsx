import { AimOutlined, ApiOutlined, DisconnectOutlined, IdcardOutlined, WarningOutlined } from "@ant-design/icons";
import { Controls, type Edge, Handle, MiniMap, type Node, type NodeProps, Position, ReactFlow } from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import { memo, useEffect, useMemo, useRef, useState } from "react";
import { useText } from "@/lib/useText";
import { type Drawing, type Line, type Placed, thickness } from "./drawing";
import { BOX, HEAD, view } from "./layout";
import type { MapWords } from "./words";
import "./map.css";

type Drawn = Node<{ of: Placed; title: string; note: string; gaps: string; faint: boolean; centre: boolean }, "box">;
type Head = Node<{ title: string }, "head">;

const icons = { touchpoint: ApiOutlined, identifier: IdcardOutlined, signal: AimOutlined };

/** A touchpoint, a type of identifiers or a signal, with its size and when it was last seen. */
const Shape = memo(function Shape({ data: { of, title, note, gaps, faint, centre } }: NodeProps<Drawn>) {
  const Icon = of.island ? DisconnectOutlined : icons[of.kind];
  return (
    <div className="op-map-box" title={`${title} · ${note}${of.gaps > 0 ? ` · ${gaps}` : ""}`} data-kind={of.kind} data-island={of.island} data-faint={faint} data-centre={centre} data-testid={`box-${of.name}`}>
      <Handle id="to-left" type="target" position={Position.Left} isConnectable={false} />
      <Handle id="to-right" type="target" position={Position.Right} isConnectable={false} />
      <div className="op-map-title">
        <Icon aria-hidden /> <span>{title}</span>
        {of.gaps > 0 && (
          <span className="op-map-gaps">
            <WarningOutlined aria-hidden /> <span className="op-visually-hidden">{gaps}</span>
            <span aria-hidden>{of.gaps}</span>
          </span>
        )}
      </div>
      <div className="op-mute">{note}</div>
      <Handle id="from-left" type="source" position={Position.Left} isConnectable={false} />
      <Handle id="from-right" type="source" position={Position.Right} isConnectable={false} />
    </div>
  );
});

const Heading = memo(function Heading({ data }: NodeProps<Head>) {
  return <div className="op-map-head">{data.title}</div>;
});

const types = { box: Shape, head: Heading };

/** So many lines carry their figures; of more, those of the box that is pointed at do. */
const WORDED = 16;
/** From so many boxes on a small map of the whole stands beside. */
const MANY = 12;
/** Of that small map, in pixels: it must not lie on boxes. */
const SMALL = { width: 140, height: 96 };

interface Props {
  drawing: Drawing;
  /** The touchpoint that is looked at. */
  focus: string | undefined;
  words: MapWords;
  onBox: (box: Placed) => void;
  onLine: (line: Line) => void;
}

/** The drawing. Whatever it shows stands in the list and in the matrices as well. */
export function Canvas(props: Props) {
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const watch = new ResizeObserver(() => setWidth(element.clientWidth));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  return <div ref={place}>{width > 0 && <Flow {...props} width={width} />}</div>;
}

function Flow({ drawing, focus, words, onBox, onLine, width }: Props & { width: number }) {
  const { t } = useText();
  const { boxes, headings, lines } = drawing;
  const [near, setNear] = useState<string | null>(null);
  const shown = view(drawing, width);
  const most = Math.max(0, ...lines.map((one) => one.count));
  const touching = useMemo(() => new Set(near === null ? [] : lines.flatMap((one) => (one.source === near || one.target === near ? [one.source, one.target] : []))), [near, lines]);
  const nodes: (Drawn | Head)[] = [
    ...headings.map((one) => ({
      id: `head:${one.group}:${one.x}:${one.y}`,
      type: "head" as const,
      position: { x: one.x, y: one.y },
      width: BOX.width,
      height: HEAD,
      data: { title: words.group(one.group) },
      selectable: false,
      focusable: false,
    })),
    ...boxes.map((of) => ({
      id: of.id,
      type: "box" as const,
      position: { x: of.x, y: of.y },
      width: BOX.width,
      height: BOX.height,
      data: { of, title: words.box(of), note: words.note(of), gaps: t("map.gapCount", { count: of.gaps }), faint: near !== null && touching.size > 0 && !touching.has(of.id), centre: of.kind === "touchpoint" && of.name === focus },
      ariaRole: "button" as const,
    })),
  ];
  const byId = new Map(boxes.map((one) => [one.id, one]));
  const worded = focus !== undefined || lines.length <= WORDED;
  const edges: Edge[] = lines.flatMap((one) => {
    const [a, b] = [byId.get(one.source), byId.get(one.target)];
    if (a === undefined || b === undefined) return [];
    const on = near === null || one.source === near || one.target === near;
    const strong = on && (near !== null || worded);
    return {
      id: one.id,
      source: one.source,
      target: one.target,
      // Away from the other boxes: to the side where the other end stands; in one column around its right side.
      sourceHandle: a.x > b.x ? "from-left" : "from-right",
      targetHandle: a.x < b.x ? "to-left" : "to-right",
      ...(a.x === b.x ? { type: "smoothstep", pathOptions: { borderRadius: 10, offset: 18 } } : { type: "default" }),
      label: on && (worded || near !== null) ? words.line(one) : undefined,
      labelStyle: { fill: "var(--op-text-2)", fontSize: 11.5 },
      labelBgStyle: { fill: "var(--op-subtle)" },
      style: { stroke: "var(--op-accent)", strokeOpacity: !on ? 0.05 : strong ? 0.6 : 0.28, strokeWidth: thickness(one.count, most) },
      interactionWidth: 12,
      ariaRole: "button" as const,
      ariaLabel: t("map.lineLabel", { a: words.box(a), b: words.box(b), figures: words.line(one) }),
    };
  });
  return (
    <div className="op-graph op-map" data-testid="map-canvas" data-zoom={shown.zoom} style={{ height: shown.height }}>
      <ReactFlow
        key={`${focus ?? ""} ${width} ${boxes.map((one) => one.id).join()}`}
        nodes={nodes}
        edges={edges}
        nodeTypes={types}
        defaultViewport={{ x: shown.x, y: shown.y, zoom: shown.zoom }}
        onNodeClick={(_, node) => node.type === "box" && onBox(node.data.of)}
        onNodeMouseEnter={(_, node) => node.type === "box" && setNear(node.id)}
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
        ariaLabelConfig={{
          "controls.ariaLabel": t("oneid.zoom"),
          "controls.zoomIn.ariaLabel": t("oneid.zoomIn"),
          "controls.zoomOut.ariaLabel": t("oneid.zoomOut"),
          "controls.fitView.ariaLabel": t("oneid.fit"),
          "minimap.ariaLabel": t("map.whole"),
        }}
      >
        <Controls showInteractive={false} position="bottom-right" />
        {boxes.length > MANY && !shown.whole && <MiniMap pannable position="bottom-left" className="op-map-whole" style={SMALL} nodeColor="var(--op-text-3)" maskColor="var(--op-map-mask)" />}
      </ReactFlow>
    </div>
  );
}

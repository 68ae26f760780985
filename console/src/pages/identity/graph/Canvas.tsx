import { BlockOutlined, DisconnectOutlined, MobileOutlined, StopOutlined, UserOutlined } from "@ant-design/icons";
import { Controls, type Edge, Handle, type Node, type NodeProps, Position, ReactFlow } from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import { memo, useEffect, useMemo, useRef } from "react";
import type { Graph, GraphNode, Link } from "@/api/identity";
import { useText } from "@/lib/useText";
import { useIdentifierText } from "../Identifier";
import { useWords } from "../words";
import { drawn } from "./drawn";
import { NODE, place } from "./layout";

type Drawn = Node<{ of: GraphNode; chosen: boolean }, "identifier">;

const icons = { member: UserOutlined, neighbour: DisconnectOutlined, void: StopOutlined, blocked: BlockOutlined };

/** An identifier as a box: what it is, its value, and its part in this customer. */
const Box = memo(function Box({ data }: NodeProps<Drawn>) {
  const { t, title } = useText();
  const { of, chosen } = data;
  const Icon = of.role === "member" && of.class === "weak" ? MobileOutlined : icons[of.role];
  return (
    <div className="op-node" data-role={of.role} data-class={of.class} data-chosen={chosen} data-testid={`node-${of.identifier_id}`}>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <div>
        <Icon aria-hidden /> {of.role !== "member" && <span className="op-mute">{t(`oneid.roles.${of.role}`)} · </span>}
        {title(of.title, of.type)}
        {of.generation > 0 && ` · ${t("oneid.owner", { count: of.generation + 1 })}`}
      </div>
      <div className="op-code" title={[of.value, of.scope].filter(Boolean).join(" @")}>
        {of.value}
        {of.scope !== "" && <span className="op-mute"> @{of.scope}</span>}
      </div>
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </div>
  );
});

const types = { identifier: Box };

const colours: Record<Link["status"], string> = {
  joined: "var(--op-accent)",
  follows: "var(--op-text-3)",
  conflict: "var(--op-bad)",
  void: "var(--op-warn)",
  no_consent: "var(--op-text-3)",
  withdrawn: "var(--op-warn)",
  cut: "var(--op-text-3)",
  blocked: "var(--op-warn)",
  unused: "var(--op-line)",
  retired: "var(--op-line)",
};

/** Up to so many links say their state in words. */
const WORDED = 60;
const joins = (link: Link): boolean => link.status === "joined" || link.status === "follows";

/** Enter and space on a focused box or link do what a click does. */
function useKeys(onToggle: (id: number) => void, onLink: (id: number) => void) {
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const at = frame.current;
    const press = (event: KeyboardEvent): void => {
      if (event.key !== "Enter" && event.key !== " ") return;
      const on = (event.target as HTMLElement).closest<HTMLElement>(".react-flow__node, .react-flow__edge");
      if (on === null) return;
      event.preventDefault();
      (on.matches(".react-flow__node") ? onToggle : onLink)(Number(on.dataset.id));
    };
    at?.addEventListener("keydown", press);
    return () => at?.removeEventListener("keydown", press);
  });
  return frame;
}

interface Props {
  graph: Graph;
  chosen: number[];
  link: number | undefined;
  onToggle: (id: number) => void;
  onLink: (id: number) => void;
}

/** The graph as a drawing. Whatever can be done here can be done in the list as well. */
export function Canvas({ graph, chosen, link, onToggle, onLink }: Props) {
  const { t } = useText();
  const words = useWords();
  const text = useIdentifierText();
  const { nodes, links } = useMemo(() => drawn(graph), [graph]);
  // Words on the links need room between the boxes; on very many links they would only hide each other.
  const worded = links.length <= WORDED && links.some((one) => !joins(one));
  const placed = useMemo(() => place(nodes, links, worded ? 84 : 52), [nodes, links, worded]);
  // As high as the drawing needs at full size, within what a page can bear.
  const height = Math.min(560, Math.max(260, Math.max(0, ...placed.map((one) => one.y)) + NODE.height + 64));
  const names = new Map(nodes.map((one) => [one.identifier_id, text(one)]));
  const boxes: Drawn[] = placed.map(({ node, x, y }) => ({
    id: String(node.identifier_id),
    type: "identifier",
    position: { x, y },
    data: { of: node, chosen: chosen.includes(node.identifier_id) },
    width: NODE.width,
    height: NODE.height,
    ariaRole: "button",
    domAttributes: { "aria-pressed": chosen.includes(node.identifier_id), "aria-roledescription": t("oneid.identifier") },
  }));
  const at = new Map(placed.map((one) => [one.node.identifier_id, one.x]));
  const edges: Edge[] = links.map((one) => {
    // Drawn from left to right, whichever end is the older one.
    const forward = (at.get(one.a) ?? 0) <= (at.get(one.b) ?? 0);
    const [source, target] = forward ? [one.a, one.b] : [one.b, one.a];
    return {
      id: String(one.link_id),
      source: String(source),
      target: String(target),
      // What joins nothing says so in words, not by its colour alone.
      label: joins(one) || !worded ? undefined : words.status(one.status),
      labelShowBg: true,
      labelStyle: { fill: "var(--op-text-2)", fontSize: 11.5 },
      labelBgStyle: { fill: "var(--op-subtle)" },
      style: { stroke: colours[one.status], strokeWidth: one.link_id === link ? 4 : one.status === "joined" ? 2 : 1.5, strokeDasharray: joins(one) ? undefined : "5 4" },
      interactionWidth: 16,
      ariaLabel: t("oneid.linkLabel", { a: names.get(one.a) ?? "", b: names.get(one.b) ?? "", status: words.status(one.status) }),
      ariaRole: "button",
      domAttributes: { "aria-roledescription": t("oneid.link") },
    };
  });
  const frame = useKeys(onToggle, onLink);
  return (
    <div className="op-graph" data-testid="identity-graph" ref={frame} style={{ height }}>
      <ReactFlow
        nodes={boxes}
        edges={edges}
        nodeTypes={types}
        onNodeClick={(_, node) => onToggle(Number(node.id))}
        onEdgeClick={(_, edge) => onLink(Number(edge.id))}
        elementsSelectable={false}
        nodesDraggable={false}
        nodesConnectable={false}
        deleteKeyCode={null}
        selectionKeyCode={null}
        multiSelectionKeyCode={null}
        onlyRenderVisibleElements={placed.length > 80}
        zoomOnScroll={false}
        preventScrolling={false}
        minZoom={0.1}
        fitView
        fitViewOptions={{ maxZoom: 1, padding: 0.1 }}
        ariaLabelConfig={{
          "node.a11yDescription.default": t("oneid.graphHelp"),
          "edge.a11yDescription.default": t("oneid.linkHelp"),
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

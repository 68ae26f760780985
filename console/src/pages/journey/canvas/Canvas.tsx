import { Controls, type NodeChange, type OnConnect, ReactFlow } from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import { Dropdown } from "antd";
import { useCallback, useMemo, useState } from "react";
import { BOX, foldedAtFirst, laidOut } from "@/journeys/layout";
import { type Edge, ENTRY, edgesOf, KINDS, kindOf, nodesOf, slotsOf } from "@/journeys/model";
import { useText } from "@/lib/useText";
import { useEditing } from "../editor/context";
import { ICONS } from "../icons";
import type { Words } from "../words";
import { useCanvasKeys } from "./keys";
import { Step, type StepFigures, type StepNode } from "./Step";
import { type Acts, ActsContext, Way, type WayEdge } from "./Way";

/** What came of a journey, for its drawing. */
export interface Figures {
  nodes: ReadonlyMap<string, StepFigures>;
  /** By `node edge`. */
  edges: ReadonlyMap<string, number>;
  entered: number;
}

interface Props {
  words: Words;
  figures: Figures | null;
  onCount: (edge: Edge) => void;
}

const types = { step: Step };
const ways = { way: Way };
const LIVE_HEIGHT = 84;
/** The menu takes the focus when it opens, as a menu should: it was asked for. */
const FOCUSED = { autoFocus: true };

/** The drawing. Where boxes stand is worked out; what leads where is drawn by hand. */
export function Canvas({ words, figures, onCount }: Props) {
  const { t } = useText();
  const editing = useEditing();
  const { definition, readOnly, open, selected, faults, setOpen, setSelected, add, connect } = editing;
  const [folded, setFolded] = useState<ReadonlySet<string>>(() => foldedAtFirst(definition));
  const [adding, setAdding] = useState<{ edge: Edge; x: number; y: number } | null>(null);
  const frame = useCanvasKeys(editing);
  const height = figures === null ? BOX.height : LIVE_HEIGHT;
  const drawing = useMemo(() => laidOut(definition, folded, height), [definition, folded, height]);

  const nodes = useMemo((): StepNode[] => {
    const all = nodesOf(definition);
    return [...drawing.places].map(([name, position]) => {
      const node = all.get(name);
      const entry = name === ENTRY;
      const wrong = faults.get(entry ? "entry" : name);
      const heading = entry ? t("journey.entry") : node === undefined ? "" : words.kind(node);
      const summary = entry ? words.entry(definition) : node === undefined ? "" : words.summary(node);
      return {
        id: name,
        type: "step",
        position,
        width: BOX.width,
        height,
        selected: !entry && (selected.has(name) || (open?.kind === "node" && open.name === name)),
        selectable: !entry,
        ariaRole: "group",
        ariaLabel: `${heading} ${summary}`,
        data: {
          name,
          kind: node === undefined ? null : kindOf(node),
          entry,
          heading,
          summary,
          note: typeof node?.note === "string" ? node.note : "",
          errors: wrong?.errors ?? 0,
          advice: wrong?.advice ?? 0,
          slots: entry ? ["start"] : node === undefined ? [] : slotsOf(node).map((one) => one.edge),
          hidden: drawing.folded.get(name) ?? null,
          figures: figures === null ? null : entry ? { in: figures.entered, waiting: 0, suppressed: 0 } : (figures.nodes.get(name) ?? { in: 0, waiting: 0, suppressed: 0 }),
        },
      };
    });
  }, [definition, drawing, words, faults, selected, open, figures, height, t]);

  const edges = useMemo((): WayEdge[] => {
    const all = nodesOf(definition);
    const turns = new Map<string, number>();
    return edgesOf(definition).flatMap(({ node, edge, target }) => {
      if (!drawing.places.has(node) || !drawing.places.has(target) || drawing.folded.has(node)) return [];
      const turn = turns.get(node) ?? 0;
      turns.set(node, turn + 1);
      const of = all.get(node);
      return [{ id: `${node} ${edge}`, type: "way", source: node, sourceHandle: edge, target, reconnectable: readOnly ? false : "target", focusable: false, selectable: false, data: { of: { node, edge }, label: of === undefined ? "" : words.way(of, edge), count: figures === null ? null : (figures.edges.get(`${node} ${edge}`) ?? 0), readOnly, turn } }];
    });
  }, [definition, drawing, words, figures, readOnly]);

  const onNodesChange = useCallback(
    (changes: NodeChange<StepNode>[]) => {
      const chosen = changes.filter((one) => one.type === "select");
      if (chosen.length === 0) return;
      const next = new Set(selected);
      for (const one of chosen) {
        if (one.selected) next.add(one.id);
        else next.delete(one.id);
      }
      setSelected(next);
    },
    [selected, setSelected],
  );
  const onConnect = useCallback<OnConnect>(({ source, sourceHandle, target }) => connect({ node: source, edge: sourceHandle ?? "next" }, target), [connect]);
  const acts = useMemo((): Acts => ({ onAdd: (edge, at) => setAdding({ edge, ...at }), onDrop: add, onCount }), [add, onCount]);
  const fold = (name: string): void => {
    const next = new Set(folded);
    if (!next.delete(name)) next.add(name);
    setFolded(next);
  };
  return (
    <div className="op-canvas" ref={frame} data-testid="journey-canvas">
      <ActsContext value={acts}>
        <ReactFlow
          nodes={nodes}
          edges={edges}
          nodeTypes={types}
          edgeTypes={ways}
          onNodesChange={onNodesChange}
          onNodeClick={(event, node) => {
            if (event.shiftKey || event.ctrlKey || event.metaKey) return;
            setOpen(node.id === ENTRY ? { kind: "panel", name: "entry" } : { kind: "node", name: node.id });
          }}
          onNodeDoubleClick={(_, node) => node.id !== ENTRY && fold(node.id)}
          onPaneClick={() => setOpen(null)}
          onConnect={onConnect}
          onReconnect={(edge, { target }) => edge.data !== undefined && connect(edge.data.of, target)}
          nodesDraggable={false}
          nodesConnectable={!readOnly}
          edgesFocusable={false}
          deleteKeyCode={null}
          zoomOnDoubleClick={false}
          onlyRenderVisibleElements={nodes.length > 80}
          minZoom={0.15}
          maxZoom={1.5}
          fitView
          fitViewOptions={{ minZoom: 0.55, maxZoom: 1, padding: 0.06 }}
          proOptions={{ hideAttribution: false }}
          ariaLabelConfig={{
            "node.a11yDescription.default": t("journey.nodeHelp"),
            "node.a11yDescription.keyboardDisabled": t("journey.nodeHelp"),
            "edge.a11yDescription.default": t("journey.wayHelp"),
            "handle.ariaLabel": t("journey.handle"),
            "controls.ariaLabel": t("oneid.zoom"),
            "controls.zoomIn.ariaLabel": t("oneid.zoomIn"),
            "controls.zoomOut.ariaLabel": t("oneid.zoomOut"),
            "controls.fitView.ariaLabel": t("oneid.fit"),
          }}
        >
          <Controls showInteractive={false} position="bottom-left" />
        </ReactFlow>
      </ActsContext>
      {adding !== null && (
        <Dropdown
          open
          {...FOCUSED}
          trigger={["click"]}
          onOpenChange={(on) => !on && setAdding(null)}
          menu={{
            items: [
              ...KINDS.map((kind) => {
                const Icon = ICONS[kind];
                return { key: kind, icon: <Icon aria-hidden />, label: t(`journey.kinds.${kind}`), "data-testid": `add-kind-${kind}` };
              }),
              ...(editing.clipboard === null ? [] : [{ type: "divider" as const }, { key: "paste", label: t("journey.pasteHere", { count: Object.keys(editing.clipboard.nodes).length }) }]),
            ],
            onClick: ({ key }) => {
              setAdding(null);
              if (key === "paste") editing.paste(adding.edge);
              else add(adding.edge, key as "send");
            },
          }}
        >
          <span style={{ position: "fixed", left: adding.x, top: adding.y, width: 1, height: 1 }} />
        </Dropdown>
      )}
    </div>
  );
}

import { Controls, type NodeChange, type OnConnect, ReactFlow, type ReactFlowInstance, type Viewport } from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import { Dropdown } from "antd";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { BOX, type Drawing, foldedAtFirst, laidOut } from "@/journeys/layout";
import { type Edge, ENTRY, edgesOf, KINDS, kindOf, nodesOf, type Slot, slotsOf } from "@/journeys/model";
import { useText } from "@/lib/useText";
import { useEditing } from "../editor/context";
import { ICONS } from "../icons";
import type { Words } from "../words";
import { useCanvasKeys } from "./keys";
import { Step, type StepFigure, type StepFigures, type StepNode } from "./Step";
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
  onFigure: (name: string, which: StepFigure) => void;
}

const types = { step: Step };
const ways = { way: Way };
const LIVE_HEIGHT = 122;
const NONE: StepFigures = { in: 0, waiting: 0, out: 0, ended: [], sends: null };
/** Smaller than this, words can't be read. */
const READABLE = 0.8;
/** Smaller than this, a step is a coloured box: what nobody can read is not drawn. */
const FAR = 0.5;
/** The menu takes the focus when it opens, as a menu should: it was asked for. */
const FOCUSED = { autoFocus: true };

/** The ways out of a step from left to right as their targets stand, so that they do not cross. */
function across(slots: Slot[], drawing: Drawing): string[] {
  const x = (slot: Slot): number => drawing.places.get(slot.target)?.x ?? 0;
  return [...slots].sort((a, b) => x(a) - x(b)).map((one) => one.edge);
}

/** All of it where that can be read; otherwise its beginning. */
function firstView(places: { x: number; y: number }[], width: number, high: number, height: number): Viewport {
  const [left, right] = [Math.min(...places.map((one) => one.x)), Math.max(...places.map((one) => one.x)) + BOX.width];
  const bottom = Math.max(...places.map((one) => one.y)) + height;
  const zoom = Math.max(READABLE, Math.min(1, (width - 48) / (right - left), (high - 32) / bottom));
  const whole = (right - left) * zoom <= width - 48;
  // Too wide to show at once: the way in stands in the middle.
  const middle = whole ? (left + right) / 2 : (places[0]?.x ?? 0) + BOX.width / 2;
  return { x: width / 2 - middle * zoom, y: 16, zoom };
}

/** The drawing. Where boxes stand is worked out; what leads where is drawn by hand. */
export function Canvas({ words, figures, onCount, onFigure }: Props) {
  const { t } = useText();
  const editing = useEditing();
  const { definition, readOnly, open, selected, faults, comments, setOpen, setSelected, add, connect } = editing;
  const [folded, setFolded] = useState<ReadonlySet<string>>(() => foldedAtFirst(definition));
  const [adding, setAdding] = useState<{ edge: Edge; x: number; y: number } | null>(null);
  const [far, setFar] = useState(false);
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
          said: entry ? 0 : (comments.get(name) ?? 0),
          note: typeof node?.note === "string" ? node.note : "",
          errors: wrong?.errors ?? 0,
          advice: wrong?.advice ?? 0,
          slots: entry ? ["start"] : node === undefined ? [] : across(slotsOf(node), drawing),
          hidden: drawing.folded.get(name) ?? null,
          figures: figures === null ? null : entry ? { ...NONE, in: figures.entered } : (figures.nodes.get(name) ?? NONE),
        },
      };
    });
  }, [definition, drawing, words, faults, comments, selected, open, figures, height, t]);

  const edges = useMemo((): WayEdge[] => {
    const all = nodesOf(definition);
    const turns = new Map<string, number>();
    return edgesOf(definition).flatMap(({ node, edge, target }) => {
      if (!drawing.places.has(node) || !drawing.places.has(target) || drawing.folded.has(node)) return [];
      const turn = turns.get(node) ?? 0;
      turns.set(node, turn + 1);
      const of = all.get(node);
      return [{ id: `${node} ${edge}`, type: "way", source: node, sourceHandle: edge, target, reconnectable: readOnly ? false : "target", focusable: false, selectable: false, data: { of: { node, edge }, label: of === undefined ? "" : words.way(of, edge), count: figures === null ? null : (figures.edges.get(`${node} ${edge}`) ?? 0), readOnly, turn, bends: drawing.bends.get(`${node} ${edge}`) ?? [] } }];
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
  const flow = useRef<ReactFlowInstance<StepNode, WayEdge>>(null);
  const chosen = open?.kind === "node" ? open.name : open?.kind === "panel" && open.name === "entry" ? ENTRY : null;
  const stands = chosen === null ? undefined : drawing.places.get(chosen);
  const { x: standsX, y: standsY } = stands ?? {};
  // What is chosen (from the list of problems, too) comes into view; the form takes room of the drawing, so only then.
  useEffect(() => {
    const [view, box] = [flow.current?.getViewport(), frame.current?.getBoundingClientRect()];
    if (view === undefined || box === undefined || standsX === undefined || standsY === undefined) return;
    const [left, top] = [standsX * view.zoom + view.x, standsY * view.zoom + view.y];
    if (left >= 0 && top >= 0 && left + BOX.width * view.zoom <= box.width && top + height * view.zoom <= box.height) return;
    void flow.current?.setViewport({ zoom: view.zoom, x: box.width / 2 - (standsX + BOX.width / 2) * view.zoom, y: box.height / 2 - (standsY + height / 2) * view.zoom });
  }, [standsX, standsY, height, frame]);
  const fold = useCallback(
    (name: string): void =>
      setFolded((before) => {
        const next = new Set(before);
        if (!next.delete(name)) next.add(name);
        return next;
      }),
    [],
  );
  const acts = useMemo((): Acts => ({ onAdd: (edge, at) => setAdding({ edge, ...at }), onDrop: add, onCount, onFigure, onUnfold: fold }), [add, onCount, onFigure, fold]);
  return (
    <div className="op-canvas" ref={frame} data-far={far} data-testid="journey-canvas">
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
          onlyRenderVisibleElements={nodes.length > 80 && !far}
          onMove={(_, { zoom }) => setFar(zoom < FAR)}
          minZoom={0.15}
          maxZoom={1.5}
          onInit={(made) => {
            flow.current = made;
            const { width = 0, height: high = 0 } = frame.current?.getBoundingClientRect() ?? {};
            void made.setViewport(firstView([...drawing.places.values()], width, high, height));
          }}
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

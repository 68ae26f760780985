import { PlusOutlined } from "@ant-design/icons";
import { BaseEdge, EdgeLabelRenderer, type Edge as Drawn, type EdgeProps, getSmoothStepPath } from "@xyflow/react";
import { createContext, memo, use, useState } from "react";
import { type Edge, type Kind, KINDS } from "@/journeys/model";
import { compact } from "@/lib/format";
import { useText } from "@/lib/useText";
import { DRAGGED } from "./dragged";
import type { StepFigure } from "./Step";

export interface WayData extends Record<string, unknown> {
  of: Edge;
  label: string;
  /** How many customers went this way; null while figures are not shown. */
  count: number | null;
  readOnly: boolean;
  /** Where it turns on its way past other steps. */
  bends: { x: number; y: number }[];
  /** Several ways of one step to the same place: each a little lower. */
  turn: number;
}
export type WayEdge = Drawn<WayData, "way">;

/** What buttons of ways and steps do. Apart from their data, which then stay the same. */
export interface Acts {
  onAdd: (edge: Edge, at: { x: number; y: number }) => void;
  onDrop: (edge: Edge, kind: Kind) => void;
  onCount: (edge: Edge) => void;
  onUnfold: (name: string) => void;
  onFigure: (name: string, which: StepFigure) => void;
}
export const ActsContext = createContext<Acts | null>(null);

/** A way from one step to the next, with the button that puts a step on it. */
export const Way = memo(function Way({ id, sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition, data }: EdgeProps<WayEdge>) {
  const { t, language } = useText();
  const acts = use(ActsContext);
  const [over, setOver] = useState(false);
  const turn = data?.turn ?? 0;
  const [short] = getSmoothStepPath({ sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition, borderRadius: 8, offset: 8, centerY: sourceY + 54 + turn * 5 });
  if (data === undefined) return null;
  // Past other steps where the layout left room; short ways turn once.
  const path = data.bends.length === 0 ? short : `M${sourceX},${sourceY}L${sourceX},${sourceY + 50}${data.bends.map(({ x, y }) => `L${x},${y}`).join("")}L${targetX},${targetY - 8}L${targetX},${targetY}`;
  const { of, label, count, readOnly } = data;
  return (
    <>
      <BaseEdge id={id} path={path} className="op-way" />
      <EdgeLabelRenderer>
        <div className="op-way-label nodrag nopan" style={{ transform: `translate(-50%, 0) translate(${sourceX}px, ${sourceY + 6}px)` }}>
          {label !== "" && (
            <span className="op-way-text" title={label}>
              {label}
            </span>
          )}
          <span className="op-way-acts">
          {count !== null && (
            <button type="button" className="op-way-count op-num" onClick={() => acts?.onCount(of)} aria-label={t("journey.live.went", { figure: compact(count, language), count })} data-testid={`count-${of.node}-${of.edge}`} data-value={count}>
              {compact(count, language)}
            </button>
          )}
          {!readOnly && (
            <button
              type="button"
              className="op-way-add"
              data-over={over}
              aria-label={label === "" ? t("journey.add") : t("journey.addOn", { way: label })}
              aria-haspopup="menu"
              data-testid={`add-${of.node}-${of.edge}`}
              onClick={(event) => {
                const { left, bottom } = event.currentTarget.getBoundingClientRect();
                acts?.onAdd(of, { x: left, y: bottom });
              }}
              onDragOver={(event) => {
                if (!event.dataTransfer.types.includes(DRAGGED)) return;
                event.preventDefault();
                setOver(true);
              }}
              onDragLeave={() => setOver(false)}
              onDrop={(event) => {
                event.preventDefault();
                setOver(false);
                const kind = KINDS.find((one) => one === event.dataTransfer.getData(DRAGGED));
                if (kind !== undefined) acts?.onDrop(of, kind);
              }}
            >
              <PlusOutlined aria-hidden />
            </button>
          )}
          </span>
        </div>
      </EdgeLabelRenderer>
    </>
  );
});

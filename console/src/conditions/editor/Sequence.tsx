import { ArrowDownOutlined, ArrowUpOutlined, CloseOutlined, DeleteOutlined, HolderOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Select } from "antd";
import { type DragEvent, type KeyboardEvent, useRef, useState } from "react";
import { useText } from "@/lib/useText";
import type { SequenceLeaf, Step } from "../model";
import { addStep, changeStep, mayMove, mayRemove, MOST_STEPS, moveStep, newStep, removeStep } from "../steps";
import { useEditing } from "./context";
import { AddWhere, AtRow, EventSelect, sliced, WhereRows } from "./Events";
import { SpanInput } from "./Inputs";
import { Notes, PartSize } from "./Notes";
import { WindowInput } from "./WindowInput";

/** Units of one length; months are not. */
const FIXED = ["minute", "hour", "day", "week"] as const;

interface Props {
  leaf: SequenceLeaf;
  set: (leaf: SequenceLeaf) => void;
}

interface StepProps {
  steps: Step[];
  step: Step;
  at: number;
  change: (steps: Step[]) => void;
  /** Moves by so many places, and keeps the focus on the step. */
  move: (id: string, by: number) => void;
}

/** How long after the step before, at least and at most. */
function GapRow({ step, set }: { step: Step; set: (change: Partial<Step>) => void }) {
  const { t } = useText();
  const { gap } = step;
  if (gap === null) return null;
  return (
    <div className="op-line">
      <span className="op-label">{t("sequence.gap")}</span>
      {(["at_most", "at_least"] as const).map((one) => {
        const span = gap[one];
        return span === null ? (
          <Button key={one} type="link" size="small" icon={<PlusOutlined />} onClick={() => set({ gap: { ...gap, [one]: one === "at_most" ? "7 days" : "1 hour" } })}>
            {t(`sequence.${one}`)}
          </Button>
        ) : (
          <span key={one} className="op-row" style={{ gap: 6 }}>
            <span className="op-label">{t(`sequence.${one}`)}</span>
            <SpanInput units={FIXED} label={`${t("sequence.gap")} ${t(`sequence.${one}`)}`} value={span} onChange={(next) => set({ gap: { ...gap, [one]: next } })} />
            <Button
              type="text"
              size="small"
              icon={<CloseOutlined />}
              aria-label={t(one === "at_most" ? "sequence.removeAtMost" : "sequence.removeAtLeast")}
              onClick={() => set({ gap: gap[one === "at_most" ? "at_least" : "at_most"] === null ? null : { ...gap, [one]: null } })}
            />
          </span>
        );
      })}
    </div>
  );
}

/** For how long nothing of the kind may happen. */
function LastingRow({ step, set }: { step: Step; set: (change: Partial<Step>) => void }) {
  const { t } = useText();
  const open = step.lasting === null;
  return (
    <div className="op-line">
      <Select
        style={{ width: 190 }}
        popupMatchSelectWidth={false}
        aria-label={t("sequence.lasting")}
        value={open ? "until" : "for"}
        onChange={(next: "until" | "for") => set({ lasting: next === "for" ? "3 days" : null })}
        options={[
          { value: "for", label: t("sequence.for") },
          { value: "until", label: t("sequence.until") },
        ]}
      />
      {step.lasting !== null && <SpanInput units={FIXED} label={t("sequence.lasting")} value={step.lasting} onChange={(lasting) => set({ lasting })} />}
    </div>
  );
}

function StepView({ steps, step, at, change, move }: StepProps) {
  const { t } = useText();
  const [slice, setSlice] = useState(false);
  const set = (part: Partial<Step>): void => change(changeStep(steps, step.id, part));
  const shown = slice || sliced(step);
  const keys = (event: KeyboardEvent): void => {
    const by = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
    if (by !== 0) move(step.id, by);
    else if (event.key === "Delete") change(removeStep(steps, step.id));
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const drag = (event: DragEvent): void => {
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/onepool-step", step.id);
  };
  return (
    <>
      <div className="op-line">
        <button type="button" className="op-handle" draggable onDragStart={drag} onKeyDown={keys} aria-label={t("sequence.handle", { number: at + 1 })} title={t("sequence.handleHint")} data-step={step.id} data-testid={`step-handle-${at}`}>
          <HolderOutlined aria-hidden />
          <span className="op-num">{at + 1}</span>
        </button>
        <Select
          style={{ width: 122 }}
          aria-label={t("sequence.didOrNot", { number: at + 1 })}
          value={step.did}
          disabled={at === 0}
          onChange={(did: boolean) => set({ did, lasting: did ? null : "3 days" })}
          options={[
            { value: true, label: t(at === 0 ? "sequence.first" : "sequence.then") },
            { value: false, label: t("sequence.thenNot") },
          ]}
          data-testid={`step-did-${at}`}
        />
        <EventSelect of={step} set={set} />
        <span className="op-end">
          <PartSize id={step.id} />
          <Button type="text" size="small" icon={<ArrowUpOutlined />} disabled={!mayMove(steps, step.id, -1)} aria-label={t("sequence.up", { number: at + 1 })} title={t("sequence.up", { number: at + 1 })} onClick={() => move(step.id, -1)} />
          <Button type="text" size="small" icon={<ArrowDownOutlined />} disabled={!mayMove(steps, step.id, 1)} aria-label={t("sequence.down", { number: at + 1 })} title={t("sequence.down", { number: at + 1 })} onClick={() => move(step.id, 1)} />
          <Button type="text" size="small" icon={<DeleteOutlined />} disabled={!mayRemove(steps, step.id)} aria-label={t("sequence.remove", { number: at + 1 })} title={t("sequence.remove", { number: at + 1 })} onClick={() => change(removeStep(steps, step.id))} />
        </span>
      </div>
      {!step.did && <LastingRow step={step} set={set} />}
      <GapRow step={step} set={set} />
      <WhereRows of={step} set={set} />
      {shown && <AtRow of={step} set={set} />}
      {step.event !== "" && (
        <div className="op-line" style={{ gap: 0 }}>
          {step.did && at > 0 && step.gap === null && (
            <Button type="link" size="small" icon={<PlusOutlined />} onClick={() => set({ gap: { at_least: null, at_most: "7 days" } })} data-testid={`step-gap-${at}`}>
              {t("sequence.addGap")}
            </Button>
          )}
          <AddWhere of={step} set={set} />
          {!shown && (
            <Button type="link" size="small" icon={<PlusOutlined />} onClick={() => setSlice(true)}>
              {t("editor.addAt")}
            </Button>
          )}
        </div>
      )}
      <Notes id={step.id} />
    </>
  );
}

/** Steps in their order: moved by dragging, by the arrows beside them, or by arrow keys on their handle. */
export function Sequence({ leaf, set }: Props) {
  const { t } = useText();
  const { problems } = useEditing();
  const list = useRef<HTMLOListElement>(null);
  const [over, setOver] = useState<string | null>(null);
  const [told, setTold] = useState("");
  const { steps } = leaf;
  const change = (next: Step[]): void => {
    if (next !== steps) set({ ...leaf, steps: next });
  };
  const move = (id: string, by: number): void => {
    const next = moveStep(steps, id, by);
    if (next === steps) return;
    set({ ...leaf, steps: next });
    setTold(t("sequence.moved", { number: next.findIndex((step) => step.id === id) + 1, of: next.length }));
    // React keeps the element of a step that moves, but the browser takes the focus off it while it is moved.
    requestAnimationFrame(() => list.current?.querySelector<HTMLElement>(`[data-step="${id}"]`)?.focus());
  };
  const drop = (event: DragEvent, at: number): void => {
    event.preventDefault();
    setOver(null);
    const id = event.dataTransfer.getData("text/onepool-step");
    const from = steps.findIndex((step) => step.id === id);
    if (from >= 0) move(id, at - from);
  };
  return (
    <div style={{ marginTop: 8 }}>
      <ol className="op-steps" ref={list} aria-label={t("sequence.steps")}>
        {steps.map((step, at) => (
          <li
            key={step.id}
            data-over={over === step.id}
            data-problem={problems.has(step.id)}
            data-did={step.did}
            data-testid={`step-${at}`}
            onDragOver={(event) => {
              if (!event.dataTransfer.types.includes("text/onepool-step")) return;
              event.preventDefault();
              setOver(step.id);
            }}
            onDragLeave={() => setOver(null)}
            onDrop={(event) => drop(event, at)}
          >
            <StepView steps={steps} step={step} at={at} change={change} move={move} />
          </li>
        ))}
      </ol>
      <span className="op-visually-hidden" role="status">
        {told}
      </span>
      {leaf.within !== null && <WindowInput value={leaf.within} onChange={(within) => set({ ...leaf, within })} />}
      {leaf.span !== null && (
        <div className="op-line">
          <span className="op-label">{t("sequence.span")}</span>
          <SpanInput units={FIXED} label={t("sequence.span")} value={leaf.span} onChange={(span) => set({ ...leaf, span })} />
          <Button type="text" size="small" icon={<CloseOutlined />} aria-label={t("sequence.removeSpan")} onClick={() => set({ ...leaf, span: null })} />
        </div>
      )}
      <div className="op-line" style={{ gap: 0 }}>
        {steps.length < MOST_STEPS && (
          <>
            <Button type="link" size="small" icon={<PlusOutlined />} onClick={() => change(addStep(steps, null, newStep(true)))} data-testid="add-step-did">
              {t("sequence.addDid")}
            </Button>
            <Button type="link" size="small" icon={<PlusOutlined />} onClick={() => change(addStep(steps, null, newStep(false)))} data-testid="add-step-did-not">
              {t("sequence.addDidNot")}
            </Button>
          </>
        )}
        {leaf.within === null && (
          <Button type="link" size="small" icon={<PlusOutlined />} onClick={() => set({ ...leaf, within: { last: "30 days" } })}>
            {t("editor.addWindow")}
          </Button>
        )}
        {leaf.span === null && (
          <Button type="link" size="small" icon={<PlusOutlined />} onClick={() => set({ ...leaf, span: "7 days" })} data-testid="add-span">
            {t("sequence.addSpan")}
          </Button>
        )}
      </div>
    </div>
  );
}

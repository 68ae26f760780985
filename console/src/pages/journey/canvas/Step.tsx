import { CloseCircleOutlined, FileTextOutlined, LoginOutlined, MessageOutlined, PlusSquareOutlined, WarningOutlined } from "@ant-design/icons";
import { Handle, type Node, type NodeProps, Position } from "@xyflow/react";
import { memo, use } from "react";
import type { Kind } from "@/journeys/model";
import { compact } from "@/lib/format";
import { useText } from "@/lib/useText";
import { ICONS } from "../icons";
import { ActsContext } from "./Way";

/** What went through one step. `sends`: of a step that sends something; `perSend`: money as text, null where nothing went out. */
export interface StepFigures {
  in: number;
  waiting: number;
  out: number;
  ended: { reason: string; said: string; count: number }[];
  sends: { suppressed: number; sent: number; delivered: number; clicked: number; goals: number; perSend: string | null } | null;
}

/** Which figure of a step: the runs or the messages behind it are shown. */
export type StepFigure = "in" | "waiting" | "out" | "suppressed" | "sent" | "delivered" | "clicked" | `end:${string}`;

export interface StepData extends Record<string, unknown> {
  name: string;
  kind: Kind | null;
  entry: boolean;
  heading: string;
  summary: string;
  note: string;
  /** Open comments. */
  said: number;
  errors: number;
  advice: number;
  slots: string[];
  /** How many steps are folded away behind this one; null where nothing is folded. */
  hidden: number | null;
  figures: StepFigures | null;
}
export type StepNode = Node<StepData, "step">;

/** One step as a box. It is drawn anew only when something of it changes. */
export const Step = memo(function Step({ data, selected }: NodeProps<StepNode>) {
  const { t, language } = useText();
  const acts = use(ActsContext);
  const { name, kind, entry, heading, summary, note, said, errors, advice, slots, hidden, figures } = data;
  const figure = (which: StepFigure, value: number, text: string, always = false) =>
    (value > 0 || always) && (
      <button
        key={which}
        type="button"
        className="op-step-figure nopan"
        data-warn={which === "suppressed"}
        aria-label={t("journey.live.show", { text })}
        onClick={(event) => {
          event.stopPropagation();
          acts?.onFigure(name, which);
        }}
        data-testid={`${which}-${name}`}
        data-value={value}
      >
        {text}
      </button>
    );
  const Icon = entry ? LoginOutlined : kind === null ? WarningOutlined : ICONS[kind];
  return (
    <div className="op-step" data-kind={entry ? "entry" : kind} data-selected={selected} data-faulty={errors > 0} data-testid={entry ? "step-entry" : `step-${name}`}>
      {!entry && <Handle type="target" position={Position.Top} />}
      <div className="op-step-head">
        <Icon aria-hidden />
        <span className="op-step-kind">{heading}</span>
        {note !== "" && <FileTextOutlined title={note} aria-label={t("journey.note")} role="img" />}
        {said > 0 && (
          <span className="op-step-said op-num" role="img" aria-label={t("journey.comments.open", { count: said })} title={t("journey.comments.open", { count: said })} data-testid={`said-${name}`}>
            <MessageOutlined aria-hidden /> {said}
          </span>
        )}
        {errors > 0 && <CloseCircleOutlined className="op-step-bad" aria-label={t("journey.errors", { count: errors })} role="img" />}
        {errors === 0 && advice > 0 && <WarningOutlined className="op-step-warn" aria-label={t("journey.advice", { count: advice })} role="img" />}
      </div>
      <div className="op-step-text" title={summary}>
        {summary}
      </div>
      {figures !== null && (
        <div className="op-step-figures op-num">
          {figure("in", figures.in, t("journey.live.in", { figure: compact(figures.in, language) }), true)}
          {figure("waiting", figures.waiting, t("journey.live.waiting", { figure: compact(figures.waiting, language) }))}
          {figure("out", figures.out, t("journey.live.out", { figure: compact(figures.out, language) }))}
          {figures.ended.map((one) => figure(`end:${one.reason}`, one.count, `${one.said} ${compact(one.count, language)}`))}
          {figures.sends !== null && (
            <>
              {figure("sent", figures.sends.sent, t("journey.live.sent", { figure: compact(figures.sends.sent, language) }))}
              {figure("delivered", figures.sends.delivered, t("journey.live.delivered", { figure: compact(figures.sends.delivered, language) }))}
              {figure("clicked", figures.sends.clicked, t("journey.live.clicked", { figure: compact(figures.sends.clicked, language) }))}
              {figure("suppressed", figures.sends.suppressed, t("journey.live.suppressed", { figure: compact(figures.sends.suppressed, language) }))}
              {figures.sends.goals > 0 && (
                <span title={t("journey.live.goalsHint")} data-testid={`goals-${name}`} data-value={figures.sends.goals}>
                  {t("journey.live.goals", { figure: compact(figures.sends.goals, language) })}
                </span>
              )}
              {figures.sends.perSend !== null && <span title={t("journey.live.goalsHint")}>{t("journey.live.perSend", { amount: figures.sends.perSend })}</span>}
            </>
          )}
        </div>
      )}
      {hidden !== null && (
        <button
          type="button"
          className="op-step-folded nopan"
          onClick={(event) => {
            event.stopPropagation();
            acts?.onUnfold(name);
          }}
          data-testid={`unfold-${name}`}
        >
          <PlusSquareOutlined aria-hidden /> {t("journey.folded", { count: hidden })}
        </button>
      )}
      {slots.map((edge, i) => (
        <Handle key={edge} id={edge} type="source" position={Position.Bottom} style={{ left: `${((i + 1) / (slots.length + 1)) * 100}%` }} />
      ))}
    </div>
  );
});

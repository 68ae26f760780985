import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { SequenceEditor } from "@/conditions/editor/ConditionEditor";
import { isObject, type JsonObject, newId, type SequenceLeaf } from "@/conditions/model";
import { fromJson } from "@/conditions/read";
import { newStep } from "@/conditions/steps";
import { toJson } from "@/conditions/write";
import { useText } from "@/lib/useText";
import { type TagProblem, useFactory } from "../context";
import type { Definition } from "../definition";
import { Row, SpanAt, TextAt } from "../Fields";

const KEYS = ["sequence", "within", "span"] as const;

/** Those that the sequence's editor shows itself. */
const inside = (list: TagProblem[] = []): TagProblem[] => list.filter((one) => KEYS.some((key) => one.place === key || one.place.startsWith(`${key}[`) || one.place.startsWith(`${key}.`)));

const partOf = (definition: Definition): JsonObject => Object.fromEntries(KEYS.flatMap((key) => (definition[key] === undefined ? [] : [[key, definition[key]]])));

/** The sequence in a definition; null where it is written in a way the editor can't show. */
function leafOf(part: JsonObject): SequenceLeaf | null {
  if (part.sequence === undefined || (Array.isArray(part.sequence) && part.sequence.length === 0)) {
    return { id: newId(), kind: "sequence", not: 0, steps: [newStep(true)], within: null, span: null };
  }
  const node = fromJson(part);
  return node.kind === "sequence" ? node : null;
}

function Steps() {
  const { definition, raw, problems, warnings, change } = useFactory();
  const part = partOf(definition);
  const text = JSON.stringify(part);
  const [leaf, setLeaf] = useState(() => leafOf(part));
  const mine = useRef(text);
  useEffect(() => {
    if (mine.current === text) return;
    mine.current = text;
    setLeaf(leafOf(JSON.parse(text) as JsonObject));
  }, [text]);
  const set = useCallback(
    (next: SequenceLeaf) => {
      const json = toJson(next);
      const made = isObject(json) ? json : {};
      mine.current = JSON.stringify(partOf(made));
      setLeaf(next);
      change((before) => {
        const rest = Object.fromEntries(Object.entries(before).filter(([key]) => !KEYS.some((one) => one === key) || key in made));
        return { ...rest, ...made };
      });
    },
    [change],
  );
  const here = useMemo(() => inside(problems), [problems]);
  const doubtful = useMemo(() => inside(warnings), [warnings]);
  if (leaf === null) return <code className="op-code">{text}</code>;
  return <SequenceEditor leaf={leaf} names={raw} problems={here} warnings={doubtful} onChange={set} />;
}

/** Events in an order, and what the tag says of customers of whom it holds. */
export function SequenceForm() {
  const { t } = useText();
  return (
    <>
      <Row label={t("factory.sequence")} hint={t("factory.sequenceHint")} wide>
        <Steps />
      </Row>
      <TextAt place="value" label={t("factory.sequenceValue")} width={240} testId="sequence-value" />
      <TextAt place="otherwise" label={t("factory.otherwise")} hint={t("factory.sequenceOtherwise")} width={240} />
      <SpanAt place="valid_for" label={t("factory.validFor")} hint={t("factory.validForHint")} fresh="7 days" />
    </>
  );
}

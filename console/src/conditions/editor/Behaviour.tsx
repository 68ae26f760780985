import { CloseOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Select } from "antd";
import { useState } from "react";
import { useText } from "@/lib/useText";
import { type BehaviourLeaf, type Figure, FIGURES, type FigureName } from "../model";
import { matches } from "../names";
import { useEditing } from "./context";
import { AddWhere, AtRow, EventSelect, sliced, WhereRows } from "./Events";
import { Since } from "./Since";
import { TestRow } from "./TestRow";
import { WindowInput } from "./WindowInput";

interface Props {
  leaf: BehaviourLeaf;
  set: (leaf: BehaviourLeaf) => void;
}

export function BehaviourHead({ leaf, set }: Props) {
  const { t } = useText();
  const { names } = useEditing();
  return (
    <>
      <Select
        style={{ width: 100 }}
        aria-label={t("editor.didOrNot")}
        value={leaf.did}
        onChange={(did: boolean) => set({ ...leaf, did, which: did ? leaf.which : null })}
        options={[
          { value: true, label: t("editor.did") },
          { value: false, label: t("editor.didNot") },
        ]}
      />
      <EventSelect
        moves
        of={leaf}
        set={(change) => {
          const next = { ...leaf, ...change };
          // Of entering and leaving a segment nothing but times and days is counted.
          const counted = next.figure === null || next.figure.of === null;
          set(names.isMove(next.event) ? { ...next, which: null, figure: counted ? next.figure : null } : next);
        }}
      />
      {leaf.did && !names.isMove(leaf.event) && leaf.figure === null && (leaf.which !== null || leaf.event !== "") && (
        <Select
          style={{ width: 104 }}
          aria-label={t("editor.which")}
          value={leaf.which ?? "any"}
          onChange={(which: "any" | "first" | "last") => set({ ...leaf, which: which === "any" ? null : which })}
          options={(["any", "first", "last"] as const).map((one) => ({ value: one, label: t(`editor.whichOnes.${one}`) }))}
        />
      )}
    </>
  );
}

function FigureRow({ leaf, figure, set }: Props & { figure: Figure }) {
  const { t } = useText();
  const { names, currency } = useEditing();
  const change = (next: Figure | null): void => set({ ...leaf, figure: next });
  const of = figure.of === null ? undefined : names.field(leaf.event, figure.of);
  const counted = figure.name === "times" || figure.name === "days";
  const fields = names.fieldsOf(leaf.event).filter((one) => figure.name === "distinct" || one.kind === "number" || one.kind === "money");
  return (
    <div className="op-line">
      <span className="op-label">{t("editor.figure")}</span>
      <Select
        style={{ width: 116 }}
        aria-label={t("editor.figure")}
        value={figure.name}
        onChange={(name: FigureName) => {
          const counts = name === "times" || name === "days";
          change({ ...figure, name, of: counts ? null : (figure.of ?? fields.find((one) => one.value === "amount")?.value ?? ""), currency: counts ? null : figure.currency });
        }}
        options={FIGURES.filter((name) => name === "times" || name === "days" || !names.isMove(leaf.event)).map((name) => ({ value: name, label: t(`figures.${name}`) }))}
      />
      {!counted && (
        <Select
          showSearch={{ filterOption: matches }}
          style={{ width: 150 }}
          popupMatchSelectWidth={240}
          aria-label={t("editor.figureOf")}
          placeholder={t("editor.field")}
          value={figure.of === "" ? undefined : figure.of}
          onChange={(name: string) => change({ ...figure, of: name })}
          options={fields}
        />
      )}
      <TestRow
        kind={figure.name !== "distinct" && of?.kind === "money" ? "money" : "number"}
        tests={figure.tests}
        values={[]}
        label={t(`figures.${figure.name}`)}
        currency={figure.currency}
        home={currency}
        onChange={(tests, money) => change({ ...figure, tests, currency: money })}
      />
      <Button type="text" size="small" icon={<CloseOutlined />} aria-label={t("editor.removeFigure")} onClick={() => change(null)} />
    </div>
  );
}

/** What is asked of the events of one name: filters, a figure, when, where. */
export function Behaviour({ leaf, set }: Props) {
  const { t } = useText();
  const { names } = useEditing();
  const move = names.isMove(leaf.event);
  const [at, setAt] = useState(false);
  const change = (part: Partial<BehaviourLeaf>): void => set({ ...leaf, ...part });
  const shown = at || sliced(leaf);
  return (
    <>
      <WhereRows of={leaf} set={change} />
      {leaf.figure !== null && <FigureRow leaf={leaf} figure={leaf.figure} set={set} />}
      {leaf.within !== null && <WindowInput value={leaf.within} onChange={(within) => change({ within })} />}
      {leaf.since !== null && <Since value={leaf.since} onChange={(since) => change({ since, within: since === null ? leaf.within : null })} />}
      {shown && <AtRow of={leaf} set={change} />}
      {leaf.event !== "" && (
        <div className="op-line" style={{ gap: 0 }}>
          {!move && <AddWhere of={leaf} set={change} />}
          {leaf.figure === null && leaf.which === null && (
            <Button type="link" size="small" icon={<PlusOutlined />} onClick={() => change({ figure: { name: "times", of: null, tests: [{ op: "at_least", value: 2 }], currency: null } })}>
              {t(move ? "editor.addCount" : "editor.addFigure")}
            </Button>
          )}
          {leaf.within === null && (
            <Button type="link" size="small" icon={<PlusOutlined />} onClick={() => change({ within: { last: "30 days" } })}>
              {t("editor.addWindow")}
            </Button>
          )}
          {leaf.since === null && <Since value={null} onChange={(since) => change({ since, within: null })} />}
          {!shown && !move && (
            <Button type="link" size="small" icon={<PlusOutlined />} onClick={() => setAt(true)}>
              {t("editor.addAt")}
            </Button>
          )}
        </div>
      )}
    </>
  );
}

import { CloseOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Select } from "antd";
import { useText } from "@/lib/useText";
import { type BehaviourLeaf, type Filter, type Figure, FIGURES, type FigureName, newId } from "../model";
import { matches } from "../names";
import { kindOf } from "../operators";
import { useEditing } from "./context";
import { firstTest, TestRow } from "./TestRow";
import { WindowInput } from "./WindowInput";

type Change = (leaf: BehaviourLeaf) => void;

function Where({ leaf, filter, set }: { leaf: BehaviourLeaf; filter: Filter; set: Change }) {
  const { t } = useText();
  const { names, currency } = useEditing();
  const field = names.field(leaf.event, filter.field);
  const change = (next: Filter): void => set({ ...leaf, where: leaf.where.map((one) => (one.id === filter.id ? next : one)) });
  const taken = new Set(leaf.where.filter((one) => one.id !== filter.id).map((one) => one.field));
  const fields = names.fieldsOf(leaf.event).filter((one) => !taken.has(one.value));
  return (
    <div className="op-line">
      <span className="op-label">{t("editor.where")}</span>
      <Select
        showSearch={{ filterOption: matches }}
        style={{ width: 160 }}
        popupMatchSelectWidth={240}
        aria-label={t("editor.field")}
        placeholder={t("editor.field")}
        value={filter.field === "" ? undefined : filter.field}
        onChange={(name: string) => change({ ...filter, field: name, tests: [firstTest(names.field(leaf.event, name)?.kind ?? "text")], currency: null })}
        options={field === undefined && filter.field !== "" ? [{ value: filter.field, label: filter.field }, ...fields] : fields}
      />
      {filter.field !== "" && (
        <TestRow
          kind={field?.kind ?? kindOf(undefined)}
          tests={filter.tests}
          values={field?.values ?? []}
          label={field?.label ?? filter.field}
          currency={filter.currency}
          home={currency}
          onChange={(tests, money) => change({ ...filter, tests, currency: money })}
        />
      )}
      <Button type="text" size="small" icon={<CloseOutlined />} aria-label={t("editor.removeFilter")} onClick={() => set({ ...leaf, where: leaf.where.filter((one) => one.id !== filter.id) })} />
    </div>
  );
}

function FigureRow({ leaf, figure, set }: { leaf: BehaviourLeaf; figure: Figure; set: Change }) {
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
        options={FIGURES.map((name) => ({ value: name, label: t(`figures.${name}`) }))}
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

/** Where it happened: channels and touchpoints. */
function At({ leaf, set }: { leaf: BehaviourLeaf; set: Change }) {
  const { t } = useText();
  const { names } = useEditing();
  return (
    <div className="op-line">
      <span className="op-label">{t("editor.at")}</span>
      <Select
        mode="multiple"
        showSearch={{ filterOption: matches }}
        style={{ minWidth: 180, maxWidth: 320 }}
        aria-label={t("editor.channel")}
        placeholder={t("editor.anyChannel")}
        value={leaf.channel}
        onChange={(channel: string[]) => set({ ...leaf, channel })}
        options={names.channels}
      />
      <Select
        mode="multiple"
        showSearch={{ filterOption: matches }}
        style={{ minWidth: 180, maxWidth: 320 }}
        aria-label={t("editor.touchpoint")}
        placeholder={t("editor.anyTouchpoint")}
        value={leaf.touchpoint}
        onChange={(touchpoint: string[]) => set({ ...leaf, touchpoint })}
        options={names.touchpoints}
      />
    </div>
  );
}

export function Behaviour({ leaf, set, at, showAt }: { leaf: BehaviourLeaf; set: Change; at: boolean; showAt: () => void }) {
  const { t } = useText();
  const sliced = at || leaf.channel.length > 0 || leaf.touchpoint.length > 0;
  const chosen = leaf.event !== "";
  return (
    <>
      {leaf.where.map((filter) => (
        <Where key={filter.id} leaf={leaf} filter={filter} set={set} />
      ))}
      {leaf.figure !== null && <FigureRow leaf={leaf} figure={leaf.figure} set={set} />}
      {leaf.within !== null && <WindowInput value={leaf.within} onChange={(within) => set({ ...leaf, within })} />}
      {sliced && <At leaf={leaf} set={set} />}
      {chosen && (
        <div className="op-line" style={{ gap: 0 }}>
          <Button type="link" size="small" icon={<PlusOutlined />} onClick={() => set({ ...leaf, where: [...leaf.where, { id: newId(), field: "", tests: [], currency: null }] })}>
            {t("editor.addFilter")}
          </Button>
          {leaf.figure === null && leaf.which === null && (
            <Button type="link" size="small" icon={<PlusOutlined />} onClick={() => set({ ...leaf, figure: { name: "times", of: null, tests: [{ op: "at_least", value: 2 }], currency: null } })}>
              {t("editor.addFigure")}
            </Button>
          )}
          {leaf.within === null && (
            <Button type="link" size="small" icon={<PlusOutlined />} onClick={() => set({ ...leaf, within: { last: "30 days" } })}>
              {t("editor.addWindow")}
            </Button>
          )}
          {!sliced && (
            <Button type="link" size="small" icon={<PlusOutlined />} onClick={showAt}>
              {t("editor.addAt")}
            </Button>
          )}
        </div>
      )}
    </>
  );
}

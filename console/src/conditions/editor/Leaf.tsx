import { CopyOutlined, DeleteOutlined } from "@ant-design/icons";
import { Button, Select } from "antd";
import { useState } from "react";
import { stringify } from "yaml";
import { useText } from "@/lib/useText";
import type { BehaviourLeaf, Leaf, ValueLeaf } from "../model";
import { matches } from "../names";
import { Behaviour } from "./Behaviour";
import { useEditing } from "./context";
import { Notes, PartSize } from "./Notes";
import { firstTest, TestRow } from "./TestRow";

function BehaviourHead({ leaf, set }: { leaf: BehaviourLeaf; set: (leaf: BehaviourLeaf) => void }) {
  const { t } = useText();
  const { names } = useEditing();
  const unknown = leaf.event !== "" && !names.events.some((one) => one.value === leaf.event);
  const groups = names.eventGroups((group) => t(`eventGroups.${group as "order"}`, { defaultValue: group === "" ? t("eventGroups.other") : group }));
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
      <Select
        showSearch={{ filterOption: matches }}
        style={{ width: 210 }}
        popupMatchSelectWidth={300}
        aria-label={t("editor.event")}
        placeholder={t("editor.chooseEvent")}
        value={leaf.event === "" ? undefined : leaf.event}
        onChange={(event: string) => set({ ...leaf, event, where: leaf.where.filter((one) => names.field(event, one.field) !== undefined) })}
        options={unknown ? [{ value: leaf.event, label: leaf.event, search: leaf.event }, ...groups] : groups}
        data-testid="condition-event"
      />
      {leaf.did && leaf.figure === null && (leaf.which !== null || leaf.event !== "") && (
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

function ValueHead({ leaf, set }: { leaf: ValueLeaf; set: (leaf: ValueLeaf) => void }) {
  const { t } = useText();
  const { names, currency } = useEditing();
  const all = leaf.kind === "tag" ? names.tags : names.attributes;
  const chosen = all.find((one) => one.value === leaf.name);
  const label = t(leaf.kind === "tag" ? "editor.tag" : "editor.attribute");
  return (
    <>
      <span className="op-label">{label}</span>
      <Select
        showSearch={{ filterOption: matches }}
        style={{ width: 150 }}
        popupMatchSelectWidth={260}
        aria-label={label}
        placeholder={t(leaf.kind === "tag" ? "editor.chooseTag" : "editor.chooseAttribute")}
        value={leaf.name === "" ? undefined : leaf.name}
        onChange={(name: string) => set({ ...leaf, name, currency: null, tests: [firstTest(all.find((one) => one.value === name)?.kind ?? "text")] })}
        options={chosen === undefined && leaf.name !== "" ? [{ value: leaf.name, label: leaf.name, search: leaf.name }, ...all] : all}
        data-testid={`condition-${leaf.kind}`}
      />
      {leaf.name !== "" && (
        <TestRow
          kind={chosen?.kind ?? "text"}
          tests={leaf.tests}
          values={chosen?.values ?? []}
          label={chosen?.label ?? leaf.name}
          currency={leaf.currency}
          home={currency}
          onChange={(tests, money) => set({ ...leaf, tests, currency: money })}
        />
      )}
    </>
  );
}

/** One question of a condition. */
export function LeafView({ leaf }: { leaf: Leaf }) {
  const { t } = useText();
  const { names, change, remove, duplicate, problems } = useEditing();
  const [at, setAt] = useState(false);
  const set = (next: Leaf): void => change(leaf.id, () => next);
  return (
    <div className="op-leaf" data-problem={problems.has(leaf.id)} data-testid={`condition-leaf-${leaf.kind}`} role="group" aria-label={t(`editor.leaf.${leaf.kind}`)}>
      <div className="op-line">
        {leaf.not > 0 && (
          <Button size="small" danger onClick={() => set({ ...leaf, not: 0 })} title={t("editor.notOff")}>
            {t("editor.not")}
          </Button>
        )}
        {leaf.kind === "behaviour" && <BehaviourHead leaf={leaf} set={set} />}
        {(leaf.kind === "attribute" || leaf.kind === "tag") && <ValueHead leaf={leaf} set={set} />}
        {leaf.kind === "segment" && (
          <>
            <span className="op-label">{t("editor.inSegment")}</span>
            <Select
              showSearch={{ filterOption: matches }}
              style={{ width: 240 }}
              aria-label={t("editor.segment")}
              placeholder={t("editor.chooseSegment")}
              value={leaf.name === "" ? undefined : leaf.name}
              onChange={(name: string) => set({ ...leaf, name })}
              options={names.segments}
              data-testid="condition-segment"
            />
          </>
        )}
        {leaf.kind === "raw" && (
          <>
            <span className="op-label">{t("editor.raw")}</span>
            <pre className="op-pre" style={{ flex: "1 1 100%" }}>
              {stringify(leaf.value)}
            </pre>
          </>
        )}
        <span className="op-end">
          <PartSize id={leaf.id} />
          {leaf.not === 0 && leaf.kind !== "behaviour" && (
            <Button type="text" size="small" onClick={() => set({ ...leaf, not: 1 })} title={t("editor.notOn")}>
              {t("editor.not")}
            </Button>
          )}
          <Button type="text" size="small" icon={<CopyOutlined />} aria-label={t("editor.duplicate")} title={t("editor.duplicate")} onClick={() => duplicate(leaf.id)} />
          <Button type="text" size="small" icon={<DeleteOutlined />} aria-label={t("editor.remove")} title={t("editor.remove")} onClick={() => remove(leaf.id)} />
        </span>
      </div>
      {leaf.kind === "behaviour" && <Behaviour leaf={leaf} set={set} at={at} showAt={() => setAt(true)} />}
      <Notes id={leaf.id} />
    </div>
  );
}

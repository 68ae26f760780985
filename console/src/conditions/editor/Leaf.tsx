import { CopyOutlined, DeleteOutlined } from "@ant-design/icons";
import { Button, Select } from "antd";
import { lazy, Suspense } from "react";
import { useText } from "@/lib/useText";
import type { Leaf, ValueLeaf } from "../model";
import { matches } from "../names";
import { Behaviour, BehaviourHead } from "./Behaviour";
import { useEditing } from "./context";
import { Notes, PartSize } from "./Notes";
import { Sequence } from "./Sequence";
import { ConsentHead, MemberHead, ReachableHead } from "./Standing";
import { firstTest, TestRow } from "./TestRow";

const Yaml = lazy(() => import("@/parts/Yaml").then((part) => ({ default: part.Yaml })));

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
          called={chosen?.called}
          label={chosen?.label ?? leaf.name}
          currency={leaf.currency}
          home={currency}
          onChange={(tests, money) => set({ ...leaf, tests, currency: money })}
        />
      )}
    </>
  );
}

function Head({ leaf, set }: { leaf: Leaf; set: (leaf: Leaf) => void }) {
  const { t } = useText();
  switch (leaf.kind) {
    case "behaviour":
      return <BehaviourHead leaf={leaf} set={set} />;
    case "attribute":
    case "tag":
      return <ValueHead leaf={leaf} set={set} />;
    case "segment":
    case "list":
      return <MemberHead leaf={leaf} set={set} />;
    case "consent":
      return <ConsentHead leaf={leaf} set={set} />;
    case "reachable":
      return <ReachableHead leaf={leaf} set={set} />;
    case "sequence":
      return <span className="op-label">{t("sequence.head")}</span>;
    case "raw":
      return (
        <>
          <span className="op-label">{t("editor.raw")}</span>
          <div style={{ flex: "1 1 100%" }}>
            <Suspense>
              <Yaml value={leaf.value} />
            </Suspense>
          </div>
        </>
      );
  }
}

/** One question of a condition. */
export function LeafView({ leaf }: { leaf: Leaf }) {
  const { t } = useText();
  const { change, remove, duplicate, problems } = useEditing();
  const set = (next: Leaf): void => change(leaf.id, () => next);
  return (
    <div className="op-leaf" data-problem={problems.has(leaf.id)} data-testid={`condition-leaf-${leaf.kind}`} role="group" aria-label={t(`editor.leaf.${leaf.kind}`)}>
      <div className="op-line">
        {leaf.not > 0 && (
          <Button size="small" danger onClick={() => set({ ...leaf, not: 0 })} title={t("editor.notOff")}>
            {t("editor.not")}
          </Button>
        )}
        <Head leaf={leaf} set={set} />
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
      {leaf.kind === "behaviour" && <Behaviour leaf={leaf} set={set} />}
      {leaf.kind === "sequence" && <Sequence leaf={leaf} set={set} />}
      <Notes id={leaf.id} />
    </div>
  );
}

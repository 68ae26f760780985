import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Dropdown, Segmented } from "antd";
import { useText } from "@/lib/useText";
import type { Group } from "../model";
import { LEAF_KINDS, type LeafKind } from "../tree";
import { useEditing } from "./context";
import { LeafView } from "./Leaf";
import { Notes, PartSize } from "./Notes";

/** Deepest nesting that the language allows. */
const DEEPEST = 8;

export function GroupView({ group, depth, root = false }: { group: Group; depth: number; root?: boolean }) {
  const { t } = useText();
  const { change, remove, addLeaf, addGroup, problems } = useEditing();
  const set = (next: Partial<Group>): void => change(group.id, (node) => (node.kind === "group" ? { ...node, ...next } : node));
  return (
    <div
      className="op-group"
      data-depth={depth % 2 === 0 ? "even" : "odd"}
      data-mode={group.mode}
      data-problem={problems.has(group.id)}
      role="group"
      aria-label={t(group.mode === "all" ? "editor.groupAll" : "editor.groupAny")}
      data-testid={root ? "condition-root" : "condition-group"}
    >
      <div className="op-row">
        <span>{t("editor.groupHead")}</span>
        {group.not > 0 && (
          <Button size="small" danger onClick={() => set({ not: 0 })} title={t("editor.notOff")}>
            {t("editor.not")}
          </Button>
        )}
        <Segmented<"all" | "any">
          size="small"
          aria-label={t("editor.mode")}
          value={group.mode}
          onChange={(mode) => set({ mode })}
          options={[
            { value: "all", label: t("editor.all") },
            { value: "any", label: t("editor.any") },
          ]}
        />
        <span className="op-end" style={{ marginLeft: "auto", display: "inline-flex", gap: 2 }}>
          {!root && <PartSize id={group.id} />}
          {group.not === 0 && (
            <Button type="text" size="small" onClick={() => set({ not: 1 })} title={t("editor.notOn")}>
              {t("editor.not")}
            </Button>
          )}
          {!root && <Button type="text" size="small" icon={<DeleteOutlined />} aria-label={t("editor.removeGroup")} title={t("editor.removeGroup")} onClick={() => remove(group.id)} />}
        </span>
      </div>
      {group.children.length > 0 && (
        <div className="op-children">
          {group.children.map((child) => (child.kind === "group" ? <GroupView key={child.id} group={child} depth={depth + 1} /> : <LeafView key={child.id} leaf={child} />))}
        </div>
      )}
      <div className="op-row" style={{ marginTop: group.children.length > 0 ? 0 : 10 }}>
        {root && group.children.length === 0 ? (
          LEAF_KINDS.map((kind) => (
            <Button key={kind} size="small" icon={<PlusOutlined />} onClick={() => addLeaf(group.id, kind)} data-testid={`add-${kind}`}>
              {t(`editor.leaf.${kind}`)}
            </Button>
          ))
        ) : (
          <Dropdown
            trigger={["click"]}
            menu={{
              items: LEAF_KINDS.map((kind) => ({ key: kind, label: t(`editor.leaf.${kind}`) })),
              onClick: ({ key }) => addLeaf(group.id, key as LeafKind),
            }}
          >
            <Button size="small" icon={<PlusOutlined />} data-testid="add-condition">
              {t("editor.addCondition")}
            </Button>
          </Dropdown>
        )}
        {depth < DEEPEST && (
          <Button size="small" type="text" icon={<PlusOutlined />} onClick={() => addGroup(group.id, group.mode === "all" ? "any" : "all")} data-testid="add-group">
            {t("editor.addGroup")}
          </Button>
        )}
      </div>
      <Notes id={group.id} />
    </div>
  );
}

import { Button, Table } from "antd";
import { useMemo } from "react";
import { useText } from "@/lib/useText";
import { Dash } from "@/parts/Figures";
import { Status } from "@/parts/Status";
import { type Graph, KINDS, type LineageNode } from "./graph";
import { ICONS, NodeLink } from "./kinds";

/** The same graph as a list: each thing with what it is made of and what is made of it. */
export function List({ graph, onChoose }: { graph: Graph; onChoose: (id: string) => void }) {
  const { t, title } = useText();
  const { up, down, byId } = useMemo(() => {
    const sides = { up: new Map<string, string[]>(), down: new Map<string, string[]>() };
    for (const { from, to } of graph.lines) {
      sides.up.set(to, [...(sides.up.get(to) ?? []), from]);
      sides.down.set(from, [...(sides.down.get(from) ?? []), to]);
    }
    return { ...sides, byId: new Map(graph.nodes.map((one) => [one.id, one])) };
  }, [graph]);
  const rows = [...graph.nodes].sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || a.name.localeCompare(b.name));
  const names = (ids: string[] | undefined) =>
    ids === undefined ? (
      <Dash />
    ) : (
      <span className="op-chips">
        {ids.map((id) => {
          const node = byId.get(id);
          return (
            <button key={id} type="button" className="op-chip" onClick={() => onChoose(id)}>
              {node === undefined ? id : title(node.title, node.name)}
            </button>
          );
        })}
      </span>
    );
  return (
    <Table<LineageNode>
      size="small"
      rowKey="id"
      data-testid="lineage-list"
      dataSource={rows}
      pagination={rows.length > 40 ? { pageSize: 40, showSizeChanger: false, style: { padding: "0 16px" } } : false}
      columns={[
        {
          title: t("lineage.name"),
          render: (_, node) => {
            const Icon = ICONS[node.kind];
            return (
              <span className="op-row">
                <Icon aria-hidden style={{ color: "var(--op-text-3)" }} />
                <NodeLink node={node}>{title(node.title, node.name)}</NodeLink>
                <span className="op-mute op-code">{node.name}</span>
                {node.missing && <Status kind="error">{t("lineage.missing")}</Status>}
              </span>
            );
          },
        },
        { title: t("lineage.kind"), render: (_, node) => t(`lineage.kinds.${node.kind}`) },
        { title: t("lineage.madeOf"), render: (_, node) => names(up.get(node.id)) },
        { title: t("lineage.goesInto"), render: (_, node) => names(down.get(node.id)) },
        {
          title: "",
          align: "right",
          render: (_, node) => (
            <Button type="text" size="small" onClick={() => onChoose(node.id)}>
              {t("lineage.impact")}
            </Button>
          ),
        },
      ]}
    />
  );
}

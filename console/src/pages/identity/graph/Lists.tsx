import { FileSearchOutlined } from "@ant-design/icons";
import { Button, Table } from "antd";
import type { Graph, GraphNode, Link } from "@/api/identity";
import { percent } from "@/lib/format";
import { useText } from "@/lib/useText";
import { CustomerName } from "@/parts/CustomerName";
import { Dash, Exact, Time } from "@/parts/Figures";
import { Status, type StatusKind } from "@/parts/Status";
import { Identifier, useIdentifierText } from "../Identifier";
import { LINK_KINDS, useWords } from "../words";

const PAGE = 50;
const ROLES: Record<GraphNode["role"], StatusKind> = { member: "ok", neighbour: "idle", void: "warning", blocked: "warning" };

export function LinkState({ link }: { link: Pick<Link, "status" | "reason"> }) {
  const words = useWords();
  return (
    <span>
      <Status kind={LINK_KINDS[link.status]}>{words.status(link.status)}</Status>
      {link.reason !== null && link.reason !== "" && <span className="op-mute" style={{ display: "block", fontSize: 12.5 }}>{words.reason(link.reason)}</span>}
    </span>
  );
}

interface Props {
  graph: Graph;
  chosen: number[];
  onChoose: (ids: number[]) => void;
  onLink: (id: number) => void;
}

/** The same graph as two tables: identifiers to choose from, and the evidence between them. */
export function Lists({ graph, chosen, onChoose, onLink }: Props) {
  const { t, language } = useText();
  const words = useWords();
  const text = useIdentifierText();
  const nodes = new Map(graph.nodes.map((one) => [one.identifier_id, one]));
  const end = (id: number) => {
    const node = nodes.get(id);
    return node === undefined ? <span className="op-num">{id}</span> : <Identifier of={node} />;
  };
  return (
    <div data-testid="identity-lists">
      <Table
        size="small"
        rowKey="identifier_id"
        data-testid="identity-nodes"
        dataSource={graph.nodes}
        pagination={graph.nodes.length > PAGE ? { pageSize: PAGE, showSizeChanger: false, style: { padding: "0 16px" } } : false}
        rowSelection={{
          selectedRowKeys: chosen,
          preserveSelectedRowKeys: true,
          onChange: (keys) => onChoose(keys.map(Number)),
          getCheckboxProps: (row) => ({ "aria-label": t("oneid.select", { what: text(row) }) }) as object,
        }}
        columns={[
          { title: t("oneid.identifier"), render: (_, row) => <Identifier of={row} /> },
          { title: t("oneid.part"), render: (_, row) => <Status kind={ROLES[row.role]}>{t(`oneid.roles.${row.role}`)}</Status> },
          { title: t("oneid.class"), render: (_, row) => words.strength(row.class) },
          { title: t("customers.columns.customer"), render: (_, row) => (row.customer_id === graph.customer_id ? <span className="op-mute">{t("oneid.thisCustomer")}</span> : <CustomerName id={row.customer_id} name={null} />) },
          { title: t("customer.firstSeen"), align: "right", render: (_, row) => <Time at={row.first_seen} /> },
          { title: t("customer.lastSeen"), align: "right", render: (_, row) => <Time at={row.last_seen} /> },
        ]}
      />
      <h3 style={{ fontSize: 14, padding: "16px 16px 8px" }}>
        {t("oneid.links")} <span className="op-mute op-num">{graph.links.length}</span>
      </h3>
      <Table
        size="small"
        rowKey="link_id"
        data-testid="identity-links"
        dataSource={graph.links}
        scroll={{ x: "max-content" }}
        pagination={graph.links.length > PAGE ? { pageSize: PAGE, showSizeChanger: false, style: { padding: "0 16px" } } : false}
        columns={[
          {
            title: t("oneid.between"),
            render: (_, row) => (
              <>
                <div>{end(row.a)}</div>
                <div>{end(row.b)}</div>
              </>
            ),
          },
          { title: t("home.state"), render: (_, row) => <LinkState link={row} /> },
          {
            title: t("oneid.rule.title"),
            render: (_, row) => (
              <>
                {words.rule(row.rule)}
                {row.confidence !== null && <span className="op-mute op-num"> {percent(row.confidence, language)}</span>}
              </>
            ),
          },
          { title: t("home.touchpoint"), render: (_, row) => (row.touchpoint === "" ? <Dash /> : words.touchpoint(row.touchpoint)) },
          { title: t("oneid.count"), align: "right", render: (_, row) => <Exact value={row.count} /> },
          { title: t("oneid.lastTime"), align: "right", render: (_, row) => <Time at={row.last_time} /> },
          {
            title: "",
            render: (_, row) => (
              <Button type="text" size="small" icon={<FileSearchOutlined />} aria-label={t("oneid.evidenceOf", { id: row.link_id })} onClick={() => onLink(row.link_id)} data-testid={`link-${row.link_id}`}>
                {t("oneid.evidence")}
              </Button>
            ),
          },
        ]}
      />
    </div>
  );
}

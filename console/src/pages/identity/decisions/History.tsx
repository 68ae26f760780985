import { RollbackOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, Table } from "antd";
import { type Decision, identity } from "@/api/identity";
import { useMay } from "@/lib/session";
import { author } from "@/lib/title";
import { useText } from "@/lib/useText";
import { Dash, Time } from "@/parts/Figures";
import { Loaded, Nothing } from "@/parts/Loaded";
import { Status } from "@/parts/Status";
import { Identifier } from "../Identifier";
import { useWords } from "../words";
import { useUndoToast } from "./useUndoToast";

const SIZE = 20;

function About({ decision }: { decision: Decision }) {
  const { t } = useText();
  const all = [...[decision.a, decision.b].filter((one) => one !== null), ...decision.identifiers];
  if (decision.undoes !== null) return <>{t("oneid.undoes", { id: decision.undoes })}</>;
  if (all.length === 0) return <Dash />;
  return (
    <>
      {all.slice(0, 4).map((one) => (
        <div key={one.identifier_id}>
          <Identifier of={one} />
        </div>
      ))}
      {all.length > 4 && <div className="op-mute">{t("oneid.andMore", { count: all.length - 4 })}</div>}
    </>
  );
}

function State({ decision }: { decision: Decision }) {
  const { t } = useText();
  if (decision.undone_by !== null) return <Status kind="idle">{t("oneid.states.undone")}</Status>;
  return decision.applied ? <Status kind="ok">{t("oneid.states.applied")}</Status> : <Status kind="info">{t("oneid.states.waiting")}</Status>;
}

interface Props {
  customer?: number;
  page: number;
  onPage: (page: number) => void;
}

/** What people decided, newest first; each can be taken back. */
export function History({ customer, page, onPage }: Props) {
  const { t } = useText();
  const words = useWords();
  const may = useMay("identity.decide");
  const { undo } = useUndoToast();
  const decisions = useQuery({ ...identity.decisions({ customer_id: customer, page, size: SIZE }), refetchInterval: 15_000 });
  return (
    <Loaded query={decisions}>
      {(data) => (
        <Table
          size="middle"
          rowKey="id"
          data-testid="decisions"
          dataSource={data.items}
          scroll={{ x: "max-content" }}
          pagination={data.total > SIZE ? { current: page, pageSize: SIZE, total: data.total, showSizeChanger: false, onChange: onPage, style: { padding: "0 16px" } } : false}
          locale={{ emptyText: <Nothing title={t("oneid.noDecisions")} text={t("oneid.noDecisionsText")} /> }}
          columns={[
            { title: t("oneid.number"), render: (_, row) => <span className="op-num">{row.id}</span> },
            { title: t("oneid.what"), render: (_, row) => words.decision(row.kind) },
            { title: t("oneid.about"), render: (_, row) => <About decision={row} /> },
            { title: t("oneid.why"), render: (_, row) => (row.reason === "" ? <Dash /> : <span style={{ display: "block", maxWidth: 260, overflowWrap: "anywhere" }}>{row.reason}</span>) },
            { title: t("oneid.who"), render: (_, row) => author(row.author) },
            { title: t("oneid.at"), align: "right", render: (_, row) => <Time at={row.at} /> },
            { title: t("home.state"), render: (_, row) => <State decision={row} /> },
            {
              title: "",
              align: "right",
              render: (_, row) =>
                may &&
                row.undone_by === null &&
                row.undoes === null && (
                  <Button size="small" icon={<RollbackOutlined />} aria-label={t("oneid.undoOf", { id: row.id })} onClick={() => undo([row.id])} data-testid={`undo-${row.id}`}>
                    {t("oneid.undo")}
                  </Button>
                ),
            },
          ]}
        />
      )}
    </Loaded>
  );
}

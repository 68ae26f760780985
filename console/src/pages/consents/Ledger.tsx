import { Table } from "antd";
import type { ConsentEntry } from "@/api/consents";
import { usePlaces } from "@/lib/places";
import { useText } from "@/lib/useText";
import { Dash, Time } from "@/parts/Figures";
import { Nothing } from "@/parts/Loaded";
import { Status } from "@/parts/Status";

/** Words of the ledger: who said what, when, where, and the proof. */
export function LedgerTable({ rows }: { rows: ConsentEntry[] }) {
  const { t } = useText();
  const places = usePlaces();
  const purpose = (name: string): string => (name.startsWith("template:") ? t("reach.consents.templateOf", { id: name.slice("template:".length) }) : t(`reach.consents.purposes.${name as "all"}`, { defaultValue: name }));
  return (
    <Table<ConsentEntry>
      size="middle"
      rowKey="id"
      data-testid="ledger"
      dataSource={rows}
      pagination={false}
      locale={{ emptyText: <Nothing title={t("reach.consents.none")} text={t("reach.consents.noneText")} /> }}
      columns={[
        { title: t("reach.at"), className: "op-nowrap", render: (_, one) => <Time at={one.time} /> },
        { title: t("reach.consents.who"), render: (_, one) => <span className="op-code" style={{ overflowWrap: "anywhere" }}>{one.identifier}</span> },
        { title: t("reach.consents.said"), render: (_, one) => <Status kind={one.granted ? "ok" : "error"}>{t(one.granted ? "reach.consents.granted" : "reach.consents.withdrawn")}</Status> },
        { title: t("reach.consents.purpose"), render: (_, one) => purpose(one.purpose) },
        { title: t("reach.channel"), render: (_, one) => (one.channel === "" ? t("reach.policies.anyChannel") : places.channel(one.channel)) },
        {
          title: t("reach.consents.source"),
          render: (_, one) => (
            <>
              {t(`reach.consents.sources.${one.source as "event"}`, { defaultValue: one.source })} {one.touchpoint !== "" && <span className="op-mute">{places.touchpoint(one.touchpoint)}</span>}
            </>
          ),
        },
        {
          title: t("reach.consents.proof"),
          render: (_, one) =>
            one.notice === "" && one.evidence === "" ? (
              <Dash />
            ) : (
              <span style={{ overflowWrap: "anywhere" }}>
                {one.notice !== "" && (
                  <code className="op-code" title={one.notice_hash}>
                    {one.notice}
                  </code>
                )}{" "}
                {one.evidence}
              </span>
            ),
        },
      ]}
    />
  );
}

import { useQuery } from "@tanstack/react-query";
import { App, Button, Input, Modal, Table } from "antd";
import { useState } from "react";
import { identity, type Rules, type RulesVersion, useRestoreRules } from "@/api/identity";
import { useMay } from "@/lib/session";
import { author } from "@/lib/title";
import { useText } from "@/lib/useText";
import { Time } from "@/parts/Figures";
import { Loaded, Nothing } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";

const shown = (value: unknown): string => (value === null || value === undefined ? "–" : typeof value === "string" ? value : JSON.stringify(value));

function Changes({ rows }: { rows: RulesVersion["changes"] }) {
  const { t } = useText();
  if (rows.length === 0) return <p className="op-mute">{t("oneid.noChanges")}</p>;
  return (
    <ul className="op-list">
      {rows.map((one) => (
        <li key={one.path}>{t("oneid.changeOf", { what: one.path, from: shown(one.before), to: shown(one.after) })}</li>
      ))}
    </ul>
  );
}

/** Goes back to an earlier version: says what that changes now, and asks why. */
function Restore({ rules, to, onClose }: { rules: Rules; to: RulesVersion; onClose: () => void }) {
  const { t } = useText();
  const { message } = App.useApp();
  const [reason, setReason] = useState("");
  const restore = useRestoreRules();
  const back = (): void =>
    restore.mutate(
      { to: to.version, version: rules.version, reason: reason.trim() },
      {
        onSuccess: (made) => {
          void message.success(t("oneid.published", { version: made.version }));
          onClose();
        },
        onError: (error) => void message.error(error.message),
      },
    );
  return (
    <Modal
      open
      title={t("oneid.restoreOf", { version: to.version })}
      okText={t("oneid.restore")}
      cancelText={t("oneid.cancel")}
      okButtonProps={{ disabled: reason.trim().length < 3, loading: restore.isPending, ...{ "data-testid": "restore-rules" } }}
      onOk={back}
      onCancel={onClose}
    >
      <Changes rows={to.to_present} />
      <Input value={reason} maxLength={500} aria-label={t("oneid.publishReason")} placeholder={t("oneid.publishReason")} onChange={(event) => setReason(event.target.value)} data-testid="restore-reason" />
    </Modal>
  );
}

/** Every version of the rules: who made it, why, what it changed, and the way back to it. */
export function Versions({ rules }: { rules: Rules }) {
  const { t } = useText();
  const may = useMay("identity.rules");
  const list = useQuery(identity.rulesVersions());
  const [to, setTo] = useState<RulesVersion>();
  return (
    <Panel title={t("oneid.versions")} flush>
      <Loaded query={list} rows={3}>
        {(data) => (
          <Table
            size="small"
            rowKey="version"
            data-testid="rules-versions"
            dataSource={data.items}
            pagination={data.items.length > 10 ? { pageSize: 10, showSizeChanger: false, style: { padding: "0 16px" } } : false}
            locale={{ emptyText: <Nothing title={t("oneid.standardRules")} /> }}
            expandable={{ expandedRowRender: (row) => <Changes rows={row.changes} /> }}
            columns={[
              { title: t("oneid.version"), render: (_, row) => <span className="op-num">{row.version}</span> },
              { title: t("oneid.by"), render: (_, row) => author(row.author) },
              { title: t("oneid.at"), render: (_, row) => <Time at={row.at} /> },
              { title: t("oneid.reasonLabel"), dataIndex: "reason" },
              {
                title: "",
                align: "right",
                render: (_, row) =>
                  row.current ? (
                    <span className="op-mute">{t("oneid.inForce")}</span>
                  ) : (
                    <Button size="small" disabled={!may} onClick={() => setTo(row)} data-testid={`restore-${row.version}`}>
                      {t("oneid.restore")}
                    </Button>
                  ),
              },
            ]}
          />
        )}
      </Loaded>
      {to !== undefined && <Restore rules={rules} to={to} onClose={() => setTo(undefined)} />}
    </Panel>
  );
}

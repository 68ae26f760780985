import { App, Input, Modal, Select, Table } from "antd";
import { useState } from "react";
import { type Rules, useJoining } from "@/api/identity";
import { useMay } from "@/lib/session";
import { useText } from "@/lib/useText";
import { Nothing } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { Status, type StatusKind } from "@/parts/Status";
import { useWords } from "../words";

type Row = Rules["touchpoints"][number];
const JOINING: Record<Row["joining"], StatusKind> = { free: "ok", consent: "info", never: "idle" };
const CHOICES = ["free", "consent", "never"] as const;

/** On what basis evidence of each touchpoint may join: a version of the touchpoint's definition, with its reason. */
export function Touchpoints({ rows }: { rows: Row[] }) {
  const { t, title } = useText();
  const { message } = App.useApp();
  const words = useWords();
  const may = useMay("identity.rules");
  const joining = useJoining();
  const [wanted, setWanted] = useState<{ row: Row; joining: Row["joining"] }>();
  const [reason, setReason] = useState("");
  const close = (): void => {
    setWanted(undefined);
    setReason("");
  };
  const save = (): void => {
    if (wanted === undefined) return;
    joining.mutate(
      { name: wanted.row.name, body: { joining: wanted.joining, version: wanted.row.version, reason: reason.trim() } },
      { onSuccess: close, onError: (error) => void message.error(error.message) },
    );
  };
  return (
    <Panel title={t("oneid.joiningTitle")} flush>
      <p className="op-mute" style={{ padding: "0 16px 8px" }}>
        {t("oneid.joiningText")}
      </p>
      <Table
        size="small"
        rowKey="name"
        data-testid="rules-touchpoints"
        dataSource={rows}
        pagination={rows.length > 12 ? { pageSize: 12, showSizeChanger: false, style: { padding: "0 16px" } } : false}
        locale={{ emptyText: <Nothing title={t("home.noTouchpoints")} text={t("home.noTouchpointsText")} /> }}
        columns={[
          { title: t("home.touchpoint"), render: (_, row) => <span>{title(row.title, row.name)} <span className="op-mute op-code">{row.name}</span></span> },
          {
            title: t("oneid.joiningTitle"),
            render: (_, row) =>
              may ? (
                <Select
                  size="small"
                  style={{ width: 170 }}
                  aria-label={t("oneid.joiningOf", { touchpoint: title(row.title, row.name) })}
                  value={row.joining}
                  onChange={(next: Row["joining"]) => setWanted({ row, joining: next })}
                  options={CHOICES.map((one) => ({ value: one, label: words.joining(one) }))}
                  data-testid={`joining-${row.name}`}
                />
              ) : (
                <Status kind={JOINING[row.joining]}>{words.joining(row.joining)}</Status>
              ),
          },
        ]}
      />
      {wanted !== undefined && (
        <Modal
          open
          title={t("oneid.joiningChange", { touchpoint: title(wanted.row.title, wanted.row.name), joining: words.joining(wanted.joining) })}
          okText={t("oneid.publish")}
          cancelText={t("oneid.cancel")}
          okButtonProps={{ disabled: reason.trim().length < 3, loading: joining.isPending, ...{ "data-testid": "joining-save" } }}
          onOk={save}
          onCancel={close}
        >
          <p>{t("oneid.joiningEffect")}</p>
          <Input value={reason} maxLength={500} aria-label={t("oneid.publishReason")} placeholder={t("oneid.publishReason")} onChange={(event) => setReason(event.target.value)} data-testid="joining-reason" />
        </Modal>
      )}
    </Panel>
  );
}

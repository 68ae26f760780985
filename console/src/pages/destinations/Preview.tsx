import { Button, Checkbox, Modal, Table } from "antd";
import { useEffect, useState } from "react";
import { usePreview, useRun } from "@/api/destinations";
import { exact } from "@/lib/format";
import { useText } from "@/lib/useText";
import { Dash } from "@/parts/Figures";
import { Nothing, Problem, Waiting } from "@/parts/Loaded";
import { Status } from "@/parts/Status";

/** What a run would write and take out; from here it is run. */
export function Preview({ name, onClose }: { name: string; onClose: () => void }) {
  const { t, language } = useText();
  const preview = usePreview(name);
  const run = useRun(name);
  const [force, setForce] = useState(false);
  const { mutate } = preview;
  useEffect(() => mutate(), [mutate]);
  const found = preview.data;
  const ran = run.data;
  return (
    <Modal
      open
      width={880}
      title={t("outlets.preview")}
      onCancel={onClose}
      footer={
        <div className="op-row" style={{ justifyContent: "flex-end" }}>
          <Checkbox checked={force} onChange={(event) => setForce(event.target.checked)}>
            {t("outlets.force")}
          </Checkbox>
          <Button type="primary" loading={run.isPending} disabled={found === undefined} onClick={() => run.mutate(force)} data-testid="destination-run">
            {t("outlets.run")}
          </Button>
        </div>
      }
    >
      <p className="op-mute">{t("outlets.previewText")}</p>
      {preview.isError && <Problem error={preview.error} retry={() => mutate()} />}
      {run.isError && <Problem error={run.error} />}
      {preview.isPending && <Waiting rows={4} />}
      <div role="status" style={{ margin: "8px 0" }}>
        {ran !== undefined && ran.error === "" && (
          <span data-testid="destination-ran">
            <Status kind="ok">{t("outlets.ran", { rows: ran.rows, gone: ran.gone })}</Status>
          </span>
        )}
        {ran !== undefined && ran.error !== "" && (
          <>
            <Status kind="error">{t("outlets.ranFailed")}</Status>
            <div style={{ overflowWrap: "anywhere" }}>{ran.error}</div>
          </>
        )}
      </div>
      {found !== undefined && (
        <>
          <p data-testid="destination-would">
            <strong>{t("outlets.previewRows", { rows: found.rows, gone: found.gone, total: found.total })}</strong>
          </p>
          {found.left_out > 0 && <p className="op-mute">{t("outlets.leftOut", { figure: exact(found.left_out, language) })}</p>}
          {found.sample.length === 0 ? (
            <Nothing title={t("outlets.nothingToWrite")} />
          ) : (
            <Table
              size="small"
              aria-label={t("outlets.sample")}
              rowKey={(row) => row.join("\u0000")}
              dataSource={found.sample}
              pagination={false}
              scroll={{ x: true }}
              columns={found.columns.map((column, at) => ({ title: <span className="op-code">{column}</span>, render: (_: unknown, row: (string | null)[]) => row[at] ?? <Dash /> }))}
            />
          )}
        </>
      )}
    </Modal>
  );
}

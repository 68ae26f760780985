import { Table } from "antd";
import type { ListUpload } from "@/api/lists";
import { exact } from "@/lib/format";
import { said } from "@/lib/said";
import { useText } from "@/lib/useText";

/** What became of a file, or would: each row is counted once. */
export function Report({ of, done }: { of: ListUpload; done: boolean }) {
  const { t, language } = useText();
  const removing = of.mode === "remove";
  const figures = [
    ["read", of.read],
    ["entries", of.entries],
    ...(removing ? [] : ([["matched", of.matched], ["unmatched", of.unmatched]] as const)),
    ["duplicates", of.duplicates],
    ["refused", of.refused],
  ] as const;
  return (
    <section aria-label={t("lists.report")} data-testid="list-report" data-done={done}>
      <h3 style={{ fontSize: 14, marginBottom: 6 }}>{t(done ? "lists.done" : "lists.would")}</h3>
      <dl className="op-facts">
        <dt>{t("lists.type")}</dt>
        <dd className="op-code">{of.type}</dd>
        {of.column !== "" && (
          <>
            <dt>{t("lists.column")}</dt>
            <dd>{of.column}</dd>
          </>
        )}
        {figures.map(([name, value]) => (
          <div key={name} style={{ display: "contents" }}>
            <dt>{t(`lists.figures.${removing && name === "entries" ? "removed" : name}`)}</dt>
            <dd className="op-num" data-testid={`report-${name}`} data-value={value}>
              {exact(value, language)}
              {name !== "read" && <span className="op-mute"> {t(`lists.notes.${name}`)}</span>}
            </dd>
          </div>
        ))}
      </dl>
      {of.refusals.length > 0 && (
        <Table<ListUpload["refusals"][number]>
          size="small"
          style={{ marginTop: 12 }}
          rowKey="row"
          dataSource={of.refusals}
          pagination={of.refusals.length > 10 ? { pageSize: 10, showSizeChanger: false } : false}
          columns={[
            { title: t("lists.row"), width: 80, align: "right", render: (_, one) => exact(one.row, language) },
            { title: t("lists.value"), dataIndex: "value", width: 150 },
            { title: t("lists.why"), render: (_, one) => said(one.why, language) },
          ]}
        />
      )}
    </section>
  );
}

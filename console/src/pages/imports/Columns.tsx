import { Input, Select, Table } from "antd";
import type { ImportColumn, ImportSight } from "@/api/imports";
import { matches } from "@/conditions/names";
import { useText } from "@/lib/useText";
import { Panel } from "@/parts/PageHead";
import { Status } from "@/parts/Status";
import { columnIn, withColumn } from "./mapText";

/** In the list of meanings: as the name says, and left out. No target is called so. */
const [USUAL, LEFT] = ["\u0000usual", "\u0000left"];

interface Props {
  sight: ImportSight;
  text: string;
  wrong: string | null;
  onText: (text: string) => void;
}

/** How the file is read, what each column is taken for, and the same as the text of a mapping. */
export function Columns({ sight, text, wrong, onText }: Props) {
  const { t, title } = useText();
  const roles = ["control", "identifier", "item", "field", "attribute"] as const;
  const groups = roles.flatMap((role) => {
    const options = sight.targets
      .filter((one) => one.role === role)
      .map((one) => ({ value: one.target, label: title(one.title, one.target), search: `${one.target} ${one.title.zh} ${one.title.en}` }));
    return options.length > 0 ? [{ label: t(`imports.roles.${role}`), title: role, options }] : [];
  });
  const named = new Map(sight.targets.map((one) => [one.target, title(one.title, one.target)]));
  const meaning = (row: ImportColumn): string => {
    if (row.target === null) return t("imports.left");
    const [plain] = row.target.split("@");
    return named.get(row.target) ?? named.get(plain ?? "") ?? row.target;
  };
  const chosen = (row: ImportColumn): string => {
    const said = columnIn(text, row.name);
    return said === undefined ? USUAL : (said ?? LEFT);
  };
  const facts = [
    sight.format.toUpperCase(),
    sight.encoding.toUpperCase(),
    sight.compression === "none" ? "" : sight.compression,
    sight.delimiter === "" || sight.delimiter === "," ? "" : t("imports.delimiter", { sign: sight.delimiter === "\t" ? "Tab" : sight.delimiter }),
    sight.format === "csv" || sight.format === "excel" ? (sight.header_row > 0 ? t("imports.header", { row: sight.header_row }) : t("imports.noHeader")) : "",
  ].filter((one) => one !== "");
  return (
    <Panel title={t("imports.columns")} flush testId="import-columns">
      <p className="op-mute" style={{ padding: "0 16px 8px" }} data-testid="import-facts">
        {facts.join(" · ")}
      </p>
      <div className="op-import-map">
        <Table<ImportColumn>
          size="small"
          rowKey="name"
          dataSource={sight.columns}
          pagination={sight.columns.length > 40 ? { pageSize: 40, showSizeChanger: false } : false}
          scroll={{ x: "max-content" }}
          columns={[
            { title: t("imports.column"), render: (_, row) => <strong>{row.name}</strong> },
            {
              title: t("imports.takenFor"),
              width: 250,
              render: (_, row) => (
                <Select
                  style={{ width: 236 }}
                  showSearch={{ filterOption: matches }}
                  aria-label={t("imports.meaningOf", { name: row.name })}
                  value={chosen(row)}
                  disabled={wrong !== null}
                  onChange={(value: string) => onText(withColumn(text, row.name, value === USUAL ? undefined : value === LEFT ? null : value))}
                  options={[{ value: USUAL, label: t("imports.usual", { meaning: meaning(row) }) }, { value: LEFT, label: t("imports.leave") }, ...groups]}
                  data-testid={`column-${row.name}`}
                />
              ),
            },
            { title: t("imports.state"), render: (_, row) => (row.role === "ignore" ? <Status kind="idle">{t("imports.left")}</Status> : row.known ? <Status kind="ok">{t("imports.known")}</Status> : <Status kind="warning">{t("imports.unknown")}</Status>) },
            { title: t("imports.cells"), render: (_, row) => <span className="op-mute">{row.cells.filter((one) => one !== "").slice(0, 3).join(" · ") || t("imports.emptyCells")}</span> },
          ]}
        />
        <div>
          <label htmlFor="import-map" className="op-mute">
            {t("imports.asYaml")}
          </label>
          <Input.TextArea id="import-map" className="op-code" spellCheck={false} autoSize={{ minRows: 8, maxRows: 24 }} value={text} status={wrong === null ? undefined : "error"} onChange={(event) => onText(event.target.value)} placeholder={"columns:\n  no: order_id\n  note: null\ntime_zone: Asia/Shanghai"} data-testid="import-map" />
          {wrong !== null && (
            <pre className="op-pre" role="alert" style={{ marginTop: 8, color: "var(--op-bad)" }}>
              {wrong}
            </pre>
          )}
        </div>
      </div>
    </Panel>
  );
}

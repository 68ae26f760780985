import { useQuery } from "@tanstack/react-query";
import { Collapse, Input } from "antd";
import { useRef } from "react";
import type { TextAreaRef } from "antd/es/input/TextArea";
import { tags } from "@/api/tags";
import { useMay } from "@/lib/session";
import { useText } from "@/lib/useText";
import { Status } from "@/parts/Status";
import { useFactory } from "../context";
import { textAt } from "../definition";
import { ChoiceAt, Row } from "../Fields";
import { CutAt } from "./Cut";

/** The text with a word put where the cursor stands. */
function inserted(text: string, word: string, from: number, to: number): string {
  return text.slice(0, from) + word + text.slice(to);
}

export function SqlForm() {
  const { t } = useText();
  const may = useMay("query.run");
  const { definition, set } = useFactory();
  const box = useRef<TextAreaRef>(null);
  const views = useQuery({ ...tags.views(), enabled: may }).data?.items ?? [];
  const sql = textAt(definition, "sql");
  const put = (word: string): void => {
    const area = box.current?.resizableTextArea?.textArea;
    const [from, to] = [area?.selectionStart ?? sql.length, area?.selectionEnd ?? sql.length];
    set("sql", inserted(sql, word, from, to));
    requestAnimationFrame(() => {
      area?.focus();
      area?.setSelectionRange(from + word.length, from + word.length);
    });
  };
  return (
    <>
      {!may && <Status kind="warning">{t("factory.sqlMayNot")}</Status>}
      <Row label="SQL" hint={t("factory.sqlHint")} places={["sql"]} wide>
        <Input.TextArea ref={box} aria-label="SQL" className="op-code" spellCheck={false} autoSize={{ minRows: 10, maxRows: 26 }} value={sql} onChange={(event) => set("sql", event.target.value)} data-testid="tag-sql" />
      </Row>
      {views.length > 0 && (
        <Row label={t("factory.views")} wide>
          <Collapse
            size="small"
            items={views.map((view) => ({
              key: view.name,
              label: <span className="op-code">{view.name}</span>,
              children: (
                <div className="op-chips">
                  {[{ name: view.name, type: "" }, ...view.columns].map((column) => (
                    <button key={column.name} type="button" className="op-chip op-code" title={column.type} onClick={() => put(column.name)}>
                      {column.name} <small>{column.type}</small>
                    </button>
                  ))}
                </div>
              ),
            }))}
          />
        </Row>
      )}
      <ChoiceAt place="type" label={t("factory.valueType")} fallback="text" options={(["text", "number", "list"] as const).map((value) => ({ value, label: t(`factory.types.${value}`) }))} />
      {textAt(definition, "type") === "number" && <CutAt />}
    </>
  );
}

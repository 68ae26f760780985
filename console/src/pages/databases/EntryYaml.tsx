import { Input } from "antd";
import { stringify } from "yaml";
import { useText } from "@/lib/useText";
import { useYaml } from "@/lib/useYaml";
import type { JsonObject } from "@/conditions/model";
import type { Entry } from "./model";

const write = (definition: JsonObject): string => stringify(definition, { lineWidth: 0 });

/** The same table as in the touchpoint's file: conditions, units and other words are written here alone. */
export function EntryYaml({ definition, onChange, onBroken }: { definition: Entry; onChange: (entry: Entry) => void; onBroken: (broken: boolean) => void }) {
  const { t } = useText();
  const { text, wrong, typed } = useYaml({ definition, write, onChange: (found) => onChange(found as Entry), onBroken });
  return (
    <>
      <Input.TextArea aria-label={t("tables.asText")} className="op-code" spellCheck={false} autoSize={{ minRows: 14, maxRows: 30 }} value={text} status={wrong === null ? undefined : "error"} onChange={(event) => typed(event.target.value)} data-testid="table-yaml" />
      {wrong !== null && (
        <pre className="op-pre" role="alert" style={{ marginTop: 8, color: "var(--op-bad)" }}>
          {wrong}
        </pre>
      )}
    </>
  );
}

import { Input } from "antd";
import { useText } from "@/lib/useText";
import { useYaml } from "@/lib/useYaml";
import type { Definition } from "./definition";
import { write } from "./yaml";

/** The same object as in the definition's file, in sync with the form; a text that can't be read changes nothing. */
export function YamlPane({ definition, onChange, onBroken }: { definition: Definition; onChange: (definition: Definition) => void; onBroken: (broken: boolean) => void }) {
  const { t } = useText();
  const { text, wrong, typed } = useYaml({ definition, write, onChange, onBroken });
  return (
    <>
      <p className="op-hint" style={{ margin: "0 0 8px" }}>
        {t("factory.yamlHint")}
      </p>
      <Input.TextArea aria-label={t("factory.yaml")} className="op-code" spellCheck={false} autoSize={{ minRows: 18, maxRows: 34 }} value={text} status={wrong === null ? undefined : "error"} onChange={(event) => typed(event.target.value)} data-testid="tag-yaml" />
      {wrong !== null && (
        <pre className="op-pre" role="alert" style={{ marginTop: 8, color: "var(--op-bad)" }}>
          {wrong}
        </pre>
      )}
    </>
  );
}

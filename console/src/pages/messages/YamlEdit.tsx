import { Input } from "antd";
import { stringify } from "yaml";
import type { JsonObject } from "@/conditions/model";
import { useText } from "@/lib/useText";
import { useYaml } from "@/lib/useYaml";

interface Props {
  value: JsonObject;
  readOnly: boolean;
  onChange: (value: JsonObject) => void;
  onBroken: (broken: boolean) => void;
}

const write = (value: JsonObject): string => stringify(value, { lineWidth: 0 });

/** A definition as the text of its file; what is typed counts as soon as it can be read. */
export function YamlEdit({ value, readOnly, onChange, onBroken }: Props) {
  const { t } = useText();
  const { text, wrong, typed } = useYaml({ definition: value, write, onChange, onBroken });
  return (
    <>
      <Input.TextArea aria-label={t("reach.yaml.label")} className="op-code" spellCheck={false} autoSize={{ minRows: 16, maxRows: 40 }} readOnly={readOnly} value={text} status={wrong === null ? undefined : "error"} onChange={(event) => typed(event.target.value)} data-testid="yaml" />
      <div role="status">{wrong !== null && <pre className="op-pre op-place">{wrong}</pre>}</div>
    </>
  );
}

import { Input } from "antd";
import type { JourneyProblem } from "@/api/journeys";
import type { Definition } from "@/journeys/model";
import { write } from "@/journeys/yaml";
import { said } from "@/lib/said";
import { useText } from "@/lib/useText";
import { useYaml } from "@/lib/useYaml";

interface Props {
  definition: Definition;
  readOnly: boolean;
  problems: JourneyProblem[];
  onChange: (definition: Definition) => void;
  onBroken: (broken: boolean) => void;
}

/** The journey as its file; what is typed changes the drawing as soon as it can be read. */
export function YamlPane({ definition, readOnly, problems, onChange, onBroken }: Props) {
  const { t, language } = useText();
  const { text, wrong, typed } = useYaml({ definition, write, onChange, onBroken });
  return (
    <div className="op-yaml">
      <Input.TextArea aria-label={t("journey.yaml")} className="op-code" spellCheck={false} readOnly={readOnly} value={text} status={wrong === null ? undefined : "error"} onChange={(event) => typed(event.target.value)} data-testid="journey-yaml" />
      <div className="op-yaml-notes" role="status">
        {wrong !== null && <pre className="op-pre" style={{ color: "var(--op-bad)" }}>{wrong}</pre>}
        {wrong === null &&
          problems.slice(0, 8).map((one) => (
            <div key={one.place + one.message} className="op-place" data-severity={one.severity}>
              <code className="op-code">{one.place}</code> {said(one.message, language)}
            </div>
          ))}
      </div>
    </div>
  );
}

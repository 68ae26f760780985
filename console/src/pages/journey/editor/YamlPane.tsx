import { Input } from "antd";
import { useEffect, useRef, useState } from "react";
import type { JourneyProblem } from "@/api/journeys";
import type { Definition } from "@/journeys/model";
import { read, write } from "@/journeys/yaml";
import { said } from "@/lib/said";
import { useText } from "@/lib/useText";

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
  const [text, setText] = useState(() => write(definition));
  const [wrong, setWrong] = useState<string | null>(null);
  const mine = useRef(definition);

  useEffect(() => {
    if (mine.current === definition) return;
    mine.current = definition;
    setText(write(definition));
    setWrong(null);
    onBroken(false);
  }, [definition, onBroken]);
  useEffect(() => () => onBroken(false), [onBroken]);

  const typed = (next: string): void => {
    setText(next);
    const found = read(next);
    if ("error" in found) {
      setWrong(found.error === "object" ? t("factory.yamlObject") : `${found.line === null ? "" : `${t("factory.yamlLine", { line: found.line })} `}${found.error}`);
      onBroken(true);
      return;
    }
    setWrong(null);
    onBroken(false);
    mine.current = found.definition;
    onChange(found.definition);
  };
  return (
    <div className="op-yaml">
      <Input.TextArea aria-label={t("journey.yaml")} className="op-code" spellCheck={false} readOnly={readOnly} value={text} status={wrong === null ? undefined : "error"} onChange={(event) => typed(event.target.value)} data-testid="journey-yaml" />
      <div className="op-yaml-notes" role="status">
        {wrong !== null && <pre className="op-pre" style={{ color: "var(--op-bad)" }}>{wrong}</pre>}
        {wrong === null &&
          problems.slice(0, 8).map((one) => (
            <div key={one.place + one.message} className="op-place">
              <code className="op-code">{one.place}</code> {said(one.message, language)}
            </div>
          ))}
      </div>
    </div>
  );
}

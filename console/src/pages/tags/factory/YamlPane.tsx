import { Input } from "antd";
import { useEffect, useRef, useState } from "react";
import { useText } from "@/lib/useText";
import type { Definition } from "./definition";
import { read, write } from "./yaml";

/** The same object as in the definition's file, in sync with the form; a text that can't be read changes nothing. */
export function YamlPane({ definition, onChange, onBroken }: { definition: Definition; onChange: (definition: Definition) => void; onBroken: (broken: boolean) => void }) {
  const { t } = useText();
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

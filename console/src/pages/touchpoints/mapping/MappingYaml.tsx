import { Input } from "antd";
import { useEffect, useRef, useState } from "react";
import { parseDocument, stringify } from "yaml";
import { useText } from "@/lib/useText";
import { type Draft, draftOf, savedOf } from "./model";

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

function textOf(draft: Draft, webhook: boolean): string {
  const { settings, mapping } = savedOf(draft, {}, webhook);
  const whole = { ...settings, ...(Object.keys(mapping).length > 0 ? { mapping } : {}) };
  return Object.keys(whole).length === 0 ? "" : stringify(whole, { lineWidth: 0 });
}

/** The same mapping as in the definition's file; a text that can't be read changes nothing. */
export function MappingYaml({ draft, webhook, onChange, onBroken }: { draft: Draft; webhook: boolean; onChange: (draft: Draft) => void; onBroken: (broken: boolean) => void }) {
  const { t } = useText();
  const [text, setText] = useState(() => textOf(draft, webhook));
  const [wrong, setWrong] = useState<string | null>(null);
  const mine = useRef(draft);

  // A pick in the sample changes the draft from outside: the text follows.
  useEffect(() => {
    if (mine.current === draft) return;
    mine.current = draft;
    setText(textOf(draft, webhook));
    setWrong(null);
  }, [draft, webhook]);
  useEffect(() => () => onBroken(false), [onBroken]);

  const refuse = (message: string): void => {
    setWrong(message);
    onBroken(true);
  };
  const read = (next: string): void => {
    setText(next);
    const document = parseDocument(next);
    const [error] = document.errors;
    if (error !== undefined) return refuse(error.message);
    const value = (document.toJS() as unknown) ?? {};
    if (!isObject(value)) return refuse(t("mapping.yamlObject"));
    const { mapping = {}, ...settings } = value;
    const unknown = Object.keys(settings).filter((key) => !webhook || (key !== "each" && key !== "rules"));
    if (unknown.length > 0 || !isObject(mapping)) return refuse(t("mapping.yamlKeys", { keys: webhook ? "each, rules, mapping" : "mapping" }));
    if (settings.rules !== undefined && !Array.isArray(settings.rules)) return refuse(t("mapping.yamlRules"));
    setWrong(null);
    onBroken(false);
    const made = draftOf(settings, mapping);
    mine.current = made;
    onChange(made);
  };
  return (
    <div>
      <Input.TextArea aria-label={t("editor.yaml")} className="op-code" spellCheck={false} autoSize={{ minRows: 16, maxRows: 32 }} value={text} status={wrong === null ? undefined : "error"} onChange={(event) => read(event.target.value)} data-testid="mapping-yaml" />
      {wrong !== null && (
        <pre className="op-pre" role="alert" style={{ marginTop: 8, color: "var(--op-bad)" }}>
          {wrong}
        </pre>
      )}
    </div>
  );
}

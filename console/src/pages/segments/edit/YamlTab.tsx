import { Input } from "antd";
import { useEffect, useRef, useState } from "react";
import { parseDocument, stringify } from "yaml";
import type { Group } from "@/conditions/model";
import { fromJsonRoot } from "@/conditions/read";
import { toJsonRoot } from "@/conditions/write";
import { useText } from "@/lib/useText";

/** The condition as YAML, the same object as in the definition files; a text that can't be read changes nothing. */
export function YamlTab({ root, onChange, onBroken }: { root: Group; onChange: (root: Group) => void; onBroken: (broken: boolean) => void }) {
  const { t } = useText();
  const [text, setText] = useState(() => (root.children.length === 0 ? "" : stringify(toJsonRoot(root), { lineWidth: 0 })));
  const [wrong, setWrong] = useState<string | null>(null);
  const mine = useRef(root);

  // Undo and redo change the tree from outside: the text follows.
  useEffect(() => {
    if (mine.current === root) return;
    mine.current = root;
    setText(stringify(toJsonRoot(root), { lineWidth: 0 }));
    setWrong(null);
  }, [root]);

  useEffect(() => () => onBroken(false), [onBroken]);

  const read = (next: string): void => {
    setText(next);
    const document = parseDocument(next);
    const [error] = document.errors;
    if (error !== undefined) {
      setWrong(error.message);
      onBroken(true);
      return;
    }
    setWrong(null);
    onBroken(false);
    const value: unknown = document.toJS();
    const made = value === null ? { ...root, children: [] } : fromJsonRoot(value);
    mine.current = made;
    onChange(made);
  };
  return (
    <div>
      <Input.TextArea
        aria-label={t("editor.yaml")}
        className="op-code"
        spellCheck={false}
        autoSize={{ minRows: 14, maxRows: 30 }}
        value={text}
        status={wrong === null ? undefined : "error"}
        onChange={(event) => read(event.target.value)}
        data-testid="segment-yaml"
      />
      {wrong !== null && (
        <pre className="op-pre" role="alert" style={{ marginTop: 8, color: "var(--op-bad)" }}>
          {wrong}
        </pre>
      )}
    </div>
  );
}

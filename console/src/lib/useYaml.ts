import { useEffect, useRef, useState } from "react";
import type { JsonObject } from "@/conditions/model";
import { useText } from "./useText";
import { readYaml } from "./yaml";

interface Options {
  definition: JsonObject;
  write: (definition: JsonObject) => string;
  onChange: (definition: JsonObject) => void;
  /** Whether the text can't be read: nothing of it counts until it can. */
  onBroken: (broken: boolean) => void;
}

/** A definition as a text that can be typed in: it counts as soon as it can be read, and follows changes made elsewhere. */
export function useYaml({ definition, write, onChange, onBroken }: Options): { text: string; wrong: string | null; typed: (next: string) => void } {
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
  }, [definition, write, onBroken]);
  useEffect(() => () => onBroken(false), [onBroken]);

  const typed = (next: string): void => {
    setText(next);
    const found = readYaml(next);
    if ("error" in found) {
      setWrong(found.error === "object" ? t("common.yamlObject") : `${found.line === null ? "" : `${t("common.yamlLine", { line: found.line })} `}${found.error}`);
      onBroken(true);
      return;
    }
    setWrong(null);
    onBroken(false);
    mine.current = found.definition;
    onChange(found.definition);
  };
  return { text, wrong, typed };
}

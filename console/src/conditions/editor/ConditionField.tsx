import { useCallback, useEffect, useRef, useState } from "react";
import type { Names, Problem } from "@/api/queries";
import { type Group, isObject, type Json } from "../model";
import { fromJsonRoot } from "../read";
import { newGroup } from "../tree";
import { toJsonRoot } from "../write";
import { ConditionEditor } from "./ConditionEditor";

const PARTS: never[] = [];

const treeOf = (value: Json | undefined): Group => (isObject(value) && Object.keys(value).length > 0 ? fromJsonRoot(value) : newGroup("all"));
const jsonOf = (root: Group): Json => (root.children.length === 0 ? {} : toJsonRoot(root));

interface Props {
  value: Json | undefined;
  names: Names;
  /** Their places begin at the condition. */
  problems: Problem[];
  warnings?: Problem[];
  onChange: (value: Json) => void;
}

/** A condition as a value of a form, in the editor that segments have. */
export function ConditionField({ value, names, problems, warnings, onChange }: Props) {
  const [root, setRoot] = useState(() => treeOf(value));
  const mine = useRef(value);
  // Undo and the text change the value from outside: the tree follows.
  useEffect(() => {
    if (JSON.stringify(mine.current) === JSON.stringify(value)) return;
    mine.current = value;
    setRoot(treeOf(value));
  }, [value]);
  const change = useCallback(
    (next: Group) => {
      const json = jsonOf(next);
      mine.current = json;
      setRoot(next);
      onChange(json);
    },
    [onChange],
  );
  return <ConditionEditor root={root} names={names} problems={problems} warnings={warnings} parts={PARTS} onChange={change} />;
}

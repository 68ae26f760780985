import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { ConditionEditor } from "@/conditions/editor/ConditionEditor";
import { type Group, isObject, type Json } from "@/conditions/model";
import { fromJsonRoot } from "@/conditions/read";
import { newGroup } from "@/conditions/tree";
import { toJsonRoot } from "@/conditions/write";
import { problemsAt, useFactory } from "./context";
import { valueAt } from "./definition";

const PARTS: never[] = [];

const treeOf = (value: Json | undefined): Group => (isObject(value) && Object.keys(value).length > 0 ? fromJsonRoot(value) : newGroup("all"));
const jsonOf = (root: Group): Json => (root.children.length === 0 ? {} : toJsonRoot(root));

/** A condition at a place of the definition, in the editor that segments have. */
export function ConditionAt({ place }: { place: string }) {
  const { definition, raw, problems, set } = useFactory();
  const value = valueAt(definition, place);
  const [root, setRoot] = useState(() => treeOf(value));
  const mine = useRef(value);
  // Undo and the text change the definition from outside: the tree follows.
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
      set(place, json);
    },
    [place, set],
  );
  const here = useMemo(() => problemsAt(problems, place).map((one) => ({ ...one, place: one.place.slice(place.length).replace(/^\./, "") })), [problems, place]);
  return <ConditionEditor root={root} names={raw} problems={here} parts={PARTS} onChange={change} />;
}

import { type ReactNode, useMemo } from "react";
import type { Names, Problem } from "@/api/queries";
import { useSession } from "@/lib/session";
import { useText } from "@/lib/useText";
import { applied } from "../fix";
import { missing } from "../missing";
import type { Group, SequenceLeaf } from "../model";
import { NameBook } from "../names";
import { fromJsonRoot } from "../read";
import { add, duplicate, newGroup, newLeaf, nodeAt, places, remove, update } from "../tree";
import { toJsonRoot } from "../write";
import { type Editing, EditingContext } from "./context";
import { GroupView } from "./GroupView";
import { Sequence } from "./Sequence";
import "./editor.css";

interface Props {
  root: Group;
  names: Names;
  problems: Problem[];
  warnings?: Problem[];
  parts: { place: string; size: number }[];
  approximate?: boolean;
  onChange: (root: Group) => void;
}

const NO_PARTS: Props["parts"] = [];
const NO_WARNINGS: Problem[] = [];

/** What the parts of the editor share. What the server says of places is shown at the part that stands there. */
function Editor({ root, names, problems, warnings = NO_WARNINGS, parts, approximate = false, onChange, children }: Props & { children: ReactNode }) {
  const { language } = useText();
  const currency = useSession()?.workspace.currency ?? "CNY";
  const book = useMemo(() => new NameBook(names, language), [names, language]);
  const editing = useMemo((): Editing => {
    const at = places(root);
    const placed = (found: Problem[]): Map<string, Problem[]> => {
      const by = new Map<string, Problem[]>();
      for (const problem of found) {
        const id = nodeAt(at, problem.place) ?? root.id;
        by.set(id, [...(by.get(id) ?? []), problem]);
      }
      return by;
    };
    const sizeAt = new Map(parts.map((part) => [part.place, part.size]));
    const sizes: Editing["sizes"] = new Map();
    for (const [id, place] of at) {
      const size = sizeAt.get(place);
      if (size !== undefined) sizes.set(id, size);
    }
    const condition = toJsonRoot(root);
    return {
      names: book,
      currency,
      missing: missing(root),
      problems: placed(problems),
      warnings: placed(warnings),
      sizes,
      approximate,
      change: (id, by) => onChange(update(root, id, by)),
      remove: (id) => onChange(remove(root, id)),
      duplicate: (id) => onChange(duplicate(root, id)),
      addLeaf: (group, kind) => onChange(add(root, group, newLeaf(kind))),
      addGroup: (group, mode) => onChange(add(root, group, newGroup(mode))),
      fix: (problem) => {
        const mended = applied(condition, problem);
        return mended === null ? null : () => onChange(fromJsonRoot(mended));
      },
    };
  }, [root, problems, warnings, parts, approximate, book, currency, onChange]);
  return <EditingContext value={editing}>{children}</EditingContext>;
}

/** Nested groups of questions. */
export function ConditionEditor(props: Props) {
  return (
    <Editor {...props}>
      <GroupView group={props.root} depth={1} root />
    </Editor>
  );
}

interface SequenceProps {
  leaf: SequenceLeaf;
  names: Names;
  /** Their places are those of the leaf's own JSON: `sequence[1].where.amount`. */
  problems: Problem[];
  warnings?: Problem[];
  onChange: (leaf: SequenceLeaf) => void;
}

/** A sequence alone, where no other condition may stand. */
export function SequenceEditor({ leaf, names, problems, warnings, onChange }: SequenceProps) {
  const root = useMemo((): Group => ({ id: `root-${leaf.id}`, kind: "group", not: 0, mode: "all", children: [leaf] }), [leaf]);
  const change = (next: Group): void => {
    const [only] = next.children;
    if (only?.kind === "sequence") onChange(only);
  };
  return (
    <Editor root={root} names={names} problems={problems} warnings={warnings} parts={NO_PARTS} onChange={change}>
      <div className="op-leaf">
        <Sequence leaf={leaf} set={onChange} />
      </div>
    </Editor>
  );
}

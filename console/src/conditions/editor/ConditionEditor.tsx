import { useMemo } from "react";
import type { Names } from "@/api/queries";
import { useSession } from "@/lib/session";
import { useText } from "@/lib/useText";
import type { Group } from "../model";
import { NameBook } from "../names";
import { add, duplicate, missing, newGroup, newLeaf, nodeAt, places, remove, update } from "../tree";
import { type Editing, EditingContext } from "./context";
import { GroupView } from "./GroupView";

interface Props {
  root: Group;
  names: Names;
  problems: { place: string; message: string; suggestion: string | null }[];
  parts: { place: string; size: number }[];
  onChange: (root: Group) => void;
}

/** Nested groups of questions. What the server says of places is shown at the part that stands there. */
export function ConditionEditor({ root, names, problems, parts, onChange }: Props) {
  const { language } = useText();
  const currency = useSession()?.workspace.currency ?? "CNY";
  const book = useMemo(() => new NameBook(names, language), [names, language]);
  const editing = useMemo((): Editing => {
    const at = places(root);
    const wrong: Editing["problems"] = new Map();
    for (const problem of problems) {
      const id = nodeAt(at, problem.place) ?? root.id;
      wrong.set(id, [...(wrong.get(id) ?? []), problem]);
    }
    const sizeAt = new Map(parts.map((part) => [part.place, part.size]));
    const sizes: Editing["sizes"] = new Map();
    for (const [id, place] of at) {
      const size = sizeAt.get(place);
      if (size !== undefined) sizes.set(id, size);
    }
    return {
      names: book,
      currency,
      missing: missing(root),
      problems: wrong,
      sizes,
      change: (id, by) => onChange(update(root, id, by)),
      remove: (id) => onChange(remove(root, id)),
      duplicate: (id) => onChange(duplicate(root, id)),
      addLeaf: (group, kind) => onChange(add(root, group, newLeaf(kind))),
      addGroup: (group, mode) => onChange(add(root, group, newGroup(mode))),
    };
  }, [root, problems, parts, book, currency, onChange]);
  return (
    <EditingContext value={editing}>
      <GroupView group={root} depth={1} root />
    </EditingContext>
  );
}

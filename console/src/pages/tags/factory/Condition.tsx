import { useCallback, useMemo } from "react";
import { ConditionField } from "@/conditions/editor/ConditionField";
import type { Json } from "@/conditions/model";
import { problemsAt, type TagProblem, useFactory } from "./context";
import { valueAt } from "./definition";

/** Those of a place, with places that begin there. */
const within = (list: TagProblem[] | undefined, place: string): TagProblem[] => problemsAt(list, place).map((one) => ({ ...one, place: one.place.slice(place.length).replace(/^\./, "") }));

/** A condition at a place of the definition, in the editor that segments have. */
export function ConditionAt({ place }: { place: string }) {
  const { definition, raw, problems, warnings, set } = useFactory();
  const change = useCallback((json: Json) => set(place, json), [place, set]);
  const here = useMemo(() => within(problems, place), [problems, place]);
  const doubtful = useMemo(() => within(warnings, place), [warnings, place]);
  return <ConditionField value={valueAt(definition, place)} names={raw} problems={here} warnings={doubtful} onChange={change} />;
}

import { useCallback, useMemo } from "react";
import { ConditionField } from "@/conditions/editor/ConditionField";
import type { Json } from "@/conditions/model";
import { problemsAt, useFactory } from "./context";
import { valueAt } from "./definition";

/** A condition at a place of the definition, in the editor that segments have. */
export function ConditionAt({ place }: { place: string }) {
  const { definition, raw, problems, set } = useFactory();
  const change = useCallback((json: Json) => set(place, json), [place, set]);
  const here = useMemo(() => problemsAt(problems, place).map((one) => ({ ...one, place: one.place.slice(place.length).replace(/^\./, "") })), [problems, place]);
  return <ConditionField value={valueAt(definition, place)} names={raw} problems={here} onChange={change} />;
}

import { type Definition, titleOf } from "./model";
import { freeName } from "./operations";

/** A copy under a name of its own: what makes runs and groups of customers apart is not copied. */
export function cloned(definition: Definition, taken: ReadonlySet<string>, mark: string): Definition {
  const was = typeof definition.journey === "string" ? definition.journey : "journey";
  const title = titleOf(definition);
  const { experiment } = definition;
  const own = typeof experiment === "object" && experiment !== null && !Array.isArray(experiment) ? Object.fromEntries(Object.entries(experiment).filter(([key]) => key !== "salt")) : undefined;
  return { ...definition, journey: freeName(taken, was), name: { zh: `${title.zh || was} ${mark}`, en: `${title.en || was} ${mark}` }, ...(own !== undefined && { experiment: own }) };
}

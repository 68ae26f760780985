/** The kinds of tags that can be begun: a model by what it learns. */
import type { Kind, ModelKind } from "./definition";

export type Start = Exclude<Kind, "model"> | ModelKind;
export const STARTS: Start[] = ["metric", "preference", "state", "first_last", "attribute", "sequence", "rfm", "expression", "import", "sql", "clv", "classifier", "lookalike", "cluster"];

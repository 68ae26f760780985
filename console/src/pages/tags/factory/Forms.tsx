import { type ComponentType, lazy, Suspense } from "react";
import { useText } from "@/lib/useText";
import { Waiting } from "@/parts/Loaded";
import type { Kind } from "./definition";

// Each form comes with its kind; the condition editor and its calendars are large.
const FORMS: Record<Kind, ComponentType> = {
  attribute: lazy(() => import("./kinds/Simple").then((module) => ({ default: module.AttributeForm }))),
  import: lazy(() => import("./kinds/Simple").then((module) => ({ default: module.ImportForm }))),
  first_last: lazy(() => import("./kinds/Simple").then((module) => ({ default: module.FirstLastForm }))),
  metric: lazy(() => import("./kinds/Simple").then((module) => ({ default: module.MetricForm }))),
  preference: lazy(() => import("./kinds/Preference").then((module) => ({ default: module.PreferenceForm }))),
  state: lazy(() => import("./kinds/States").then((module) => ({ default: module.StatesForm }))),
  sequence: lazy(() => import("./kinds/Sequence").then((module) => ({ default: module.SequenceForm }))),
  rfm: lazy(() => import("./kinds/Rfm").then((module) => ({ default: module.RfmForm }))),
  expression: lazy(() => import("./kinds/Expression").then((module) => ({ default: module.ExpressionForm }))),
  sql: lazy(() => import("./kinds/Sql").then((module) => ({ default: module.SqlForm }))),
  model: lazy(() => import("./kinds/Learned").then((module) => ({ default: module.LearnedForm }))),
};

/** The form of a kind; a kind that the console does not know is edited as text. */
export function Forms({ kind }: { kind: Kind | null }) {
  const { t } = useText();
  if (kind === null) return <p className="op-mute">{t("factory.kindUnknown")}</p>;
  const Form = FORMS[kind];
  return (
    <Suspense fallback={<Waiting rows={6} />}>
      <Form />
    </Suspense>
  );
}

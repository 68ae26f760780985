import { useText } from "@/lib/useText";
import type { Kind } from "./definition";
import { ExpressionForm } from "./kinds/Expression";
import { LearnedForm } from "./kinds/Learned";
import { PreferenceForm } from "./kinds/Preference";
import { RfmForm } from "./kinds/Rfm";
import { SequenceForm } from "./kinds/Sequence";
import { AttributeForm, FirstLastForm, ImportForm, MetricForm } from "./kinds/Simple";
import { SqlForm } from "./kinds/Sql";
import { StatesForm } from "./kinds/States";

const FORMS = {
  attribute: AttributeForm,
  import: ImportForm,
  first_last: FirstLastForm,
  metric: MetricForm,
  preference: PreferenceForm,
  state: StatesForm,
  sequence: SequenceForm,
  rfm: RfmForm,
  expression: ExpressionForm,
  sql: SqlForm,
  model: LearnedForm,
} satisfies Record<Kind, () => React.ReactNode>;

/** The form of a kind; a kind that the console does not know is edited as text. */
export function Forms({ kind }: { kind: Kind | null }) {
  const { t } = useText();
  if (kind === null) return <p className="op-mute">{t("factory.kindUnknown")}</p>;
  const Form = FORMS[kind];
  return <Form />;
}

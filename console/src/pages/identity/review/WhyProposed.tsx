import { percent } from "@/lib/format";
import type { ReviewItem } from "@/api/identity";
import { useText } from "@/lib/useText";
import { Status } from "@/parts/Status";
import { useWords } from "../words";
import { Weights } from "./Weights";

/** Why the pair waits: the model's evidence, or the rule that stood in the way. */
export function WhyProposed({ item }: { item: Pick<ReviewItem, "kind" | "probability" | "reason" | "text" | "why"> }) {
  const { t, title, language } = useText();
  const words = useWords();
  return (
    <section aria-label={t("oneid.whyProposed")} data-testid="why-proposed">
      <h3 style={{ fontSize: 14, marginBottom: 4 }}>{t("oneid.whyProposed")}</h3>
      {item.kind === "candidate" ? (
        <p>{t("oneid.candidateText", { share: item.probability === null ? "" : percent(item.probability, language) })}</p>
      ) : (
        <Status kind="error">
          <span style={{ whiteSpace: "normal" }}>{item.text === null ? words.reason(item.reason) : title(item.text, words.reason(item.reason))}</span>
        </Status>
      )}
      {item.why.length > 0 && <Weights why={item.why} />}
    </section>
  );
}

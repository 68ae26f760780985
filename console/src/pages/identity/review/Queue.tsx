import { Checkbox } from "antd";
import type { ReviewItem } from "@/api/identity";
import { percent } from "@/lib/format";
import { useText } from "@/lib/useText";
import { Money } from "@/parts/Figures";
import { useWords } from "../words";

interface Props {
  items: ReviewItem[];
  active: string | undefined;
  chosen: string[];
  onActive: (id: string) => void;
  onChosen: (ids: string[]) => void;
}

export function useNames(): (one: ReviewItem["a"]) => string {
  const { t } = useText();
  return (one) => one.name ?? t("customers.numbered", { id: one.customer_id });
}

/** The pairs that wait, the most valuable first. */
export function Queue({ items, active, chosen, onActive, onChosen }: Props) {
  const { t, language } = useText();
  const words = useWords();
  const name = useNames();
  return (
    <ul className="op-queue" aria-label={t("oneid.queue")} data-testid="review-queue">
      {items.map((one) => {
        const pair = t("oneid.pair", { a: name(one.a), b: name(one.b) });
        return (
          <li key={one.id} data-active={one.id === active} data-testid={`review-${one.id}`}>
            <Checkbox
              checked={chosen.includes(one.id)}
              aria-label={t("oneid.select", { what: pair })}
              onChange={(event) => onChosen(event.target.checked ? [...chosen, one.id] : chosen.filter((id) => id !== one.id))}
            />
            <button type="button" aria-current={one.id === active} onClick={() => onActive(one.id)} data-item={one.id}>
              {pair}
              <span className="op-mute" style={{ display: "block", fontSize: 12.5 }}>
                {one.kind === "candidate" ? t("oneid.candidateOf", { share: one.probability === null ? "" : percent(one.probability, language) }) : t("oneid.conflictOf", { reason: words.reason(one.reason?.split(":")[0] ?? null) })}
              </span>
            </button>
            <span style={{ textAlign: "right" }}>
              <Money value={one.value} currency={one.a.currency} />
            </span>
          </li>
        );
      })}
    </ul>
  );
}

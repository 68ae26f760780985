import { useChannelName } from "@/lib/useChannelName";
import { useText } from "@/lib/useText";
import { useEnding } from "../ends";

const REASONS = new Set(["suppressed", "failed", "turned_away"]);

/** `sent:sms`, `ended:goal`, `path:1024` and the like in words. */
export function useFigureName(): (figure: string) => string {
  const { t } = useText();
  const channel = useChannelName();
  const ending = useEnding();
  return (figure) => {
    const [kind = "", ...rest] = figure.split(":");
    const of = rest.join(":");
    const head = t(`journey.figures.${kind as "entered"}`, { defaultValue: kind });
    if (of === "") return head;
    if (kind === "path") return `${head} · ${t("customers.numbered", { id: of })}`;
    if (kind === "ended") return `${head} · ${ending(of)}`;
    return `${head} · ${REASONS.has(kind) ? t(`journey.reasons.${of as "capped"}`, { defaultValue: of }) : kind === "sent" ? channel(of) : of}`;
  };
}

import type { TouchpointState } from "@/api/touchpoints";
import { useText } from "@/lib/useText";
import { Status } from "@/parts/Status";
import { STATE_KIND } from "./words";

/** A touchpoint's state; why it fails stands below, as far as there is room. */
export function TouchpointStatus({ state, error }: { state: TouchpointState; error?: string | null }) {
  const { t } = useText();
  // Which settings are wrong is said in words at their fields.
  const names = state === "incomplete" ? (error ?? "").split("; ").map((one) => one.split(":")[0] ?? "") : [];
  const text = names.length > 0 ? t("touchpoints.incompleteNames", { names: names.join(", ") }) : error;
  return (
    <div>
      <Status kind={STATE_KIND[state]}>{t(`touchpoints.states.${state}`)}</Status>
      {text !== null && text !== undefined && text !== "" && (
        <div className="op-mute op-twolines" title={error ?? ""}>
          {text}
        </div>
      )}
    </div>
  );
}

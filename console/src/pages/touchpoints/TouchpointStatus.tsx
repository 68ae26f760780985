import type { TouchpointState } from "@/api/touchpoints";
import { useText } from "@/lib/useText";
import { Status } from "@/parts/Status";
import { STATE_KIND, useFailure } from "./words";

/** A touchpoint's state and, in short, why it is in trouble; `full` adds what the platform or the server said. */
export function TouchpointStatus({ state, error, full = false }: { state: TouchpointState; error?: string | null; full?: boolean }) {
  const { t } = useText();
  const failure = useFailure();
  const said = error ?? "";
  // Which settings are wrong is said in words at their fields.
  const names = said.split("; ").map((one) => one.split(":")[0] ?? "");
  const text = said === "" ? "" : state === "incomplete" ? t("touchpoints.incompleteNames", { names: names.join(", ") }) : failure(said);
  return (
    <div>
      <Status kind={STATE_KIND[state]}>{t(`touchpoints.states.${state}`)}</Status>
      {text !== "" && (
        <div className={full ? undefined : "op-mute op-twolines"} title={full ? undefined : said}>
          {text}
        </div>
      )}
      {full && said !== "" && <div className="op-mute" style={{ overflowWrap: "anywhere" }}>{said}</div>}
    </div>
  );
}

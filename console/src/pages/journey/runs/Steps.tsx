import { Link } from "@tanstack/react-router";
import type { ToldStep } from "@/api/journeys";
import { useText } from "@/lib/useText";
import { useTitles } from "@/lib/titles";
import { Time } from "@/parts/Figures";
import { Reason } from "../Reason";
import "../journey.css";

/** What was decided about one run, in order: in words, with its reason, with the messages that counted against a cap. */
export function Steps({ steps }: { steps: readonly ToldStep[] }) {
  const { t, title } = useText();
  const titles = useTitles();
  return (
    <ol className="op-path">
      {steps.map((step, i) => (
        // A step is known by its place in the path.
        <li key={i}>
          <Time at={step.at} />
          <div>
            {step.reason === null ? title(step.what, step.node ?? "") : <Reason name={step.reason}>{title(step.what, step.node ?? "")}</Reason>}
            {step.counted.map((one) => (
              <div key={one.send_id} className="op-mute">
                {t("journey.runs.counted", { journey: titles.journey(one.journey) })} <Time at={one.at} />
              </div>
            ))}
            {step.kind === "claim" && step.send_id !== null && (
              <Link to="/deliveries" search={{ send: step.send_id }}>
                {t("journey.runs.delivery")}
              </Link>
            )}
          </div>
        </li>
      ))}
    </ol>
  );
}

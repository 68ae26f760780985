import { BulbOutlined, CheckCircleOutlined, CloseCircleOutlined } from "@ant-design/icons";
import { Button } from "antd";
import type { JourneyProblem } from "@/api/journeys";
import { whereOf } from "@/journeys/faults";
import { said } from "@/lib/said";
import { useText } from "@/lib/useText";
import { useFactory } from "@/pages/tags/factory/context";
import { valueAt } from "@/pages/tags/factory/definition";
import type { Words } from "../words";
import { useEditing } from "./context";

/** All that is wrong and all advice; each leads to the form where it can be mended. */
export function ProblemList({ problems, words }: { problems: JourneyProblem[]; words: Words }) {
  const { t, language } = useText();
  const { definition, setOpen } = useEditing();
  const { set } = useFactory();
  if (problems.length === 0) {
    return (
      <p style={{ color: "var(--op-ok)" }}>
        <CheckCircleOutlined aria-hidden /> {t("journey.sound")}
      </p>
    );
  }
  const jump = (place: string): void => {
    const where = whereOf(place);
    setOpen("node" in where ? { kind: "node", name: where.node } : { kind: "panel", name: where.part });
  };
  return (
    <ul className="op-problems" data-testid="journey-problems">
      {problems.map((one) => {
        const where = whereOf(one.place);
        const { suggestion } = one;
        return (
          <li key={one.place + one.message} data-severity={one.severity}>
            <button type="button" onClick={() => jump(one.place)} data-testid="problem-jump">
              {one.severity === "error" ? <CloseCircleOutlined aria-label={t("journey.error")} role="img" style={{ color: "var(--op-bad)" }} /> : <BulbOutlined aria-label={t("journey.adviceOne")} role="img" style={{ color: "var(--op-warn)" }} />}
              <span>
                <strong>{"node" in where ? words.step(definition, where.node) : t(`journey.panels.${where.part}`)}</strong>
                <span>{said(one.message, language)}</span>
                <code className="op-code op-mute">{one.place}</code>
              </span>
            </button>
            {suggestion !== null && typeof valueAt(definition, one.place) === "string" && (
              <Button size="small" onClick={() => set(one.place, suggestion)}>
                {t("factory.useSuggestion", { name: suggestion })}
              </Button>
            )}
          </li>
        );
      })}
    </ul>
  );
}

import { PlayCircleOutlined, StopOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { type Simulation, simulate } from "@/api/backtests";
import { useText } from "@/lib/useText";
import { Problem, Waiting } from "@/parts/Loaded";
import { Status } from "@/parts/Status";
import { useEditing } from "../editor/context";
import type { Words } from "../words";
import { asked, type Choosing, ready, useAnswer } from "./asked";
import { KeepCase } from "./KeepCase";
import { Outcome } from "./Outcome";
import { Whom } from "./Whom";

const SAMPLE = 50;

/** Goes through the journey with a customer, or some of a segment: nothing is sent, nothing is kept. */
export function Trial({ choosing, words }: { choosing: Choosing; words: Words }) {
  const { t } = useText();
  const { definition, setOpen, readOnly } = useEditing();
  const { busy, found, ask, stop } = useAnswer<Simulation>(definition);
  const [choice] = choosing;
  return (
    <>
      <Whom choosing={choosing} kinds={["customer", "segment"]} sample={SAMPLE} />
      <div className="op-row">
        {busy ? (
          <Button icon={<StopOutlined />} onClick={stop}>
            {t("journey.simulate.stop")}
          </Button>
        ) : (
          <Button type="primary" icon={<PlayCircleOutlined />} disabled={!ready(choice)} onClick={() => ask((signal) => simulate(asked(definition, choice, SAMPLE), signal))} data-testid="simulate-run">
            {t("journey.simulate.run")}
          </Button>
        )}
        {found !== null && found.of !== definition && <Status kind="warning">{t("journey.simulate.old")}</Status>}
      </div>
      {busy && <Waiting rows={4} />}
      {found?.error != null && <Problem error={found.error} />}
      {!busy && found?.value != null && (
        <>
          {!readOnly && <KeepCase choice={choice} sample={SAMPLE} />}
          <Outcome of={found.value} named={(node) => words.step(definition, node)} onStep={(node) => setOpen({ kind: "node", name: node })} />
        </>
      )}
    </>
  );
}

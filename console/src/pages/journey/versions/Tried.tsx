import { DiffOutlined, StopOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, Select } from "antd";
import { useState } from "react";
import { compare, type Difference } from "@/api/backtests";
import { journeys } from "@/api/journeys";
import type { JsonObject } from "@/conditions/model";
import { SPANS } from "@/journeys/state";
import { useText } from "@/lib/useText";
import { Loaded, Problem, Waiting } from "@/parts/Loaded";
import { useAnswer } from "../simulate/asked";
import { Differences } from "../simulate/Compare";

const SAMPLE = 10_000;
const DAY_MS = 86_400_000;

function Trying({ before, after }: { before: JsonObject; after: JsonObject }) {
  const { t } = useText();
  const { busy, found, ask, stop } = useAnswer<Difference>(after);
  const [days, setDays] = useState<number>(30);
  const start = (): void => ask((signal) => compare({ before, definition: after, start: new Date(Date.now() - days * DAY_MS).toISOString(), days, sample: SAMPLE }, signal));
  return (
    <div className="op-stack">
      <p className="op-hint">{t("journey.beside.backtestHint")}</p>
      <div className="op-row">
        <Select style={{ width: 130 }} aria-label={t("journey.simulate.days")} value={days} options={SPANS.map((one) => ({ value: one as number, label: t("journey.lastDays", { days: one }) }))} onChange={setDays} />
        {busy ? (
          <Button icon={<StopOutlined />} onClick={stop}>
            {t("journey.simulate.stop")}
          </Button>
        ) : (
          <Button icon={<DiffOutlined />} onClick={start} data-testid="versions-backtest">
            {t("journey.simulate.compareRun")}
          </Button>
        )}
      </div>
      {busy && <Waiting rows={4} />}
      {found?.error != null && <Problem error={found.error} />}
      {!busy && found?.value != null && <Differences of={found.value} />}
    </div>
  );
}

/** Two versions over the same customers and the same past: what the other one would have sent. `b` 0: the draft. */
export function Tried({ name, a, b }: { name: string; a: number; b: number }) {
  const before = useQuery(journeys.version(name, a));
  const kept = useQuery({ ...journeys.version(name, b), enabled: b !== 0 });
  const draft = useQuery({ ...journeys.one(name), enabled: b === 0 });
  return (
    <Loaded query={before} rows={3}>
      {(first) => (b === 0 ? <Loaded query={draft} rows={3}>{(second) => <Trying before={first.definition} after={second.definition} />}</Loaded> : <Loaded query={kept} rows={3}>{(second) => <Trying before={first.definition} after={second.definition} />}</Loaded>)}
    </Loaded>
  );
}

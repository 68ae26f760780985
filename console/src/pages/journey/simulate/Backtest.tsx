import { PlayCircleOutlined, StopOutlined } from "@ant-design/icons";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Button, Progress } from "antd";
import { useState } from "react";
import { backtests, startBacktest, stopBacktest } from "@/api/backtests";
import { dateTime } from "@/lib/format";
import { useZone } from "@/lib/session";
import { useText } from "@/lib/useText";
import { Problem } from "@/parts/Loaded";
import { Status } from "@/parts/Status";
import { useEditing } from "../editor/context";
import type { Words } from "../words";
import { asked, type Choosing, ready } from "./asked";
import { Outcome } from "./Outcome";
import { Whom } from "./Whom";

const WHOLE = 100;

/** The journey over a long stretch and everybody, or all of a segment; it goes on while the panel is shut. */
export function Backtest({ choosing, words }: { choosing: Choosing; words: Words }) {
  const { t } = useText();
  const zone = useZone();
  const { definition, setOpen } = useEditing();
  const [choice] = choosing;
  const [of, setOf] = useState<unknown>(null);
  const start = useMutation({ mutationFn: startBacktest });
  const job = useQuery(backtests.job(start.data?.id ?? null));
  const stop = useMutation({ mutationFn: stopBacktest, onSuccess: () => job.refetch() });
  const said = job.data ?? start.data;
  const running = start.isPending || said?.status === "running";
  const result = said?.result ?? null;
  return (
    <>
      <p className="op-hint">{t("journey.simulate.backtestHint")}</p>
      <Whom choosing={choosing} kinds={["everybody", "segment"]} sample={0} />
      <div className="op-row">
        {running && said !== undefined ? (
          <Button icon={<StopOutlined />} loading={stop.isPending} onClick={() => stop.mutate(said.id)}>
            {t("journey.simulate.stop")}
          </Button>
        ) : (
          <Button
            type="primary"
            icon={<PlayCircleOutlined />}
            loading={start.isPending}
            disabled={!ready(choice)}
            onClick={() => {
              setOf(definition);
              start.mutate(asked(definition, choice));
            }}
            data-testid="backtest-run"
          >
            {t("journey.simulate.backtestRun")}
          </Button>
        )}
        {result !== null && of !== definition && <Status kind="warning">{t("journey.simulate.old")}</Status>}
      </div>
      {running && said !== undefined && (
        <div>
          <Progress percent={Math.floor(said.progress * WHOLE)} status="active" aria-label={t("journey.simulate.backtest")} />
          {said.at !== null && <p className="op-mute">{t("journey.simulate.upTo", { at: dateTime(said.at, zone) })}</p>}
        </div>
      )}
      {start.isError && <Problem error={start.error} />}
      {job.isError && <Problem error={job.error} />}
      {said?.status === "failed" && <Status kind="error">{said.problem ?? ""}</Status>}
      {said?.status === "cancelled" && <Status kind="idle">{t("journey.simulate.stopped")}</Status>}
      {!running && result !== null && <Outcome of={result} named={(node) => words.step(definition, node)} onStep={(node) => setOpen({ kind: "node", name: node })} />}
    </>
  );
}

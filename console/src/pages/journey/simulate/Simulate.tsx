import { Tabs } from "antd";
import { useState } from "react";
import { useText } from "@/lib/useText";
import type { Words } from "../words";
import { useChoice } from "./asked";
import { Backtest } from "./Backtest";
import { Cases } from "./Cases";
import { Compare } from "./Compare";
import { Trial } from "./Trial";
import "./simulate.css";

const TRIAL_DAYS = 30;
const LONG_DAYS = 90;

/** The journey over real history in virtual time: a customer, everybody, two versions, and what was kept as cases. */
export function Simulate({ words }: { words: Words }) {
  const { t } = useText();
  const [tab, setTab] = useState("trial");
  const trial = useChoice(TRIAL_DAYS);
  const [long, setLong] = useChoice(LONG_DAYS);
  const over = { ...long, who: long.who === "customer" ? ("everybody" as const) : long.who };
  return (
    <div className="op-form op-simulate">
      <p className="op-hint">{t("journey.simulate.hint")}</p>
      <Tabs
        size="small"
        activeKey={tab}
        onChange={setTab}
        items={[
          { key: "trial", label: t("journey.simulate.label"), children: <div className="op-simulate-part"><Trial choosing={trial} words={words} /></div> },
          { key: "backtest", label: t("journey.simulate.backtest"), children: <div className="op-simulate-part"><Backtest choosing={[over, setLong]} words={words} /></div> },
          { key: "compare", label: t("journey.simulate.compare"), children: <div className="op-simulate-part"><Compare choosing={[over, setLong]} /></div> },
          { key: "cases", label: t("journey.cases.label"), children: <div className="op-simulate-part"><Cases /></div> },
        ]}
      />
    </div>
  );
}

import { Link } from "@tanstack/react-router";
import type { Channel, Detail } from "@/api/touchpoints";
import { useMay } from "@/lib/session";
import { useText } from "@/lib/useText";
import { Dash, Exact, Figure, Figures, Time } from "@/parts/Figures";
import { Panel } from "@/parts/PageHead";
import { TestSteps } from "../connect/TestSteps";
import { TouchpointStatus } from "../TouchpointStatus";
import { Limits } from "./Limits";
import { Streams } from "./Streams";
import { Yields } from "./Yields";

export interface TabProps {
  touchpoint: Detail;
  channel: Channel;
}

export function Overview({ touchpoint, channel }: TabProps) {
  const { t } = useText();
  const may = useMay("touchpoints.write");
  return (
    <div className="op-stack">
      <Figures label={t("touchpoints.figures")}>
        <Figure small label={t("home.state")}>
          <TouchpointStatus state={touchpoint.state} />
        </Figure>
        <Figure label={t("home.events24h")}>
          <Exact value={touchpoint.events_24h} testId="touchpoint-events" />
        </Figure>
        <Figure
          label={t("home.quarantined24h")}
          note={
            touchpoint.quarantined_24h > 0 && (
              <Link to="/quarantine" search={{ touchpoint: touchpoint.name }}>
                {t("home.toQuarantine")}
              </Link>
            )
          }
        >
          <Exact value={touchpoint.quarantined_24h} testId="touchpoint-quarantined" />
        </Figure>
        <Figure small label={t("home.lastAt")}>
          {touchpoint.last_at === null ? <Dash /> : <Time at={touchpoint.last_at} show="relative" />}
        </Figure>
      </Figures>
      {touchpoint.error !== null && (
        <Panel title={t("touchpoints.wrong")} testId="touchpoint-wrong">
          <TouchpointStatus state={touchpoint.state} error={touchpoint.error} full />
          {may && (
            <div style={{ marginTop: 8 }}>
              <Link to="/touchpoints/$name" params={{ name: touchpoint.name }} search={{ tab: "settings" }}>
                {t("touchpoints.toSettings")}
              </Link>
            </div>
          )}
        </Panel>
      )}
      {may && channel.installed && (
        <Panel title={t("touchpoints.tryIt")}>
          <TestSteps name={touchpoint.name} />
        </Panel>
      )}
      {touchpoint.streams.length > 0 && <Streams touchpoint={touchpoint} />}
      <Yields touchpoint={touchpoint} channel={channel} />
      <Limits channel={channel} settings={touchpoint.settings} />
    </div>
  );
}

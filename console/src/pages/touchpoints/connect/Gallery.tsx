import { Input } from "antd";
import { useState } from "react";
import type { Channel } from "@/api/touchpoints";
import { useText } from "@/lib/useText";
import { Nothing } from "@/parts/Loaded";
import { ChannelMark } from "../ChannelMark";
import { GROUPS, groupOf, takesSdk } from "../words";

/** What a channel gives, in a few words: how data comes in, and whether it carries messages. */
export function useWays(): (channel: Channel) => string {
  const { t } = useText();
  return (channel) => {
    const ways: string[] = [];
    if (channel.hook) ways.push(t("touchpoints.ways.push"));
    if (channel.streams.length > 0) ways.push(t("touchpoints.ways.pull"));
    if (takesSdk(channel)) ways.push(t("touchpoints.ways.sdk"));
    if (channel.messages.length > 0) ways.push(t("touchpoints.ways.messages"));
    return ways.join(" · ");
  };
}

/** All channels by group; one is chosen. */
export function Gallery({ channels, onChoose }: { channels: Channel[]; onChoose: (channel: Channel) => void }) {
  const { t, title } = useText();
  const ways = useWays();
  const [typed, setTyped] = useState("");
  const wanted = channels.filter((one) => `${one.name} ${one.title.zh} ${one.title.en}`.toLowerCase().includes(typed.trim().toLowerCase()));
  const groups = GROUPS.map((group) => ({ group, items: wanted.filter((one) => groupOf(one.name) === group) })).filter(({ items }) => items.length > 0);
  return (
    <div className="op-stack" data-testid="gallery">
      <Input allowClear aria-label={t("touchpoints.searchChannel")} placeholder={t("touchpoints.searchChannel")} value={typed} onChange={(event) => setTyped(event.target.value)} />
      {groups.length === 0 && <Nothing title={t("touchpoints.noChannel")} text={t("touchpoints.noChannelText")} />}
      {groups.map(({ group, items }) => (
        <section key={group} aria-label={t(`touchpoints.groups.${group}`)}>
          <h3 className="op-group-title">{t(`touchpoints.groups.${group}`)}</h3>
          <div className="op-gallery">
            {items.map((one) => (
              <button key={one.name} type="button" className="op-card" onClick={() => onChoose(one)} data-testid={`channel-${one.name}`}>
                <ChannelMark channel={one.name} />
                <span>
                  <strong>{title(one.title, one.name)}</strong>
                  <small>{ways(one)}</small>
                </span>
              </button>
            ))}
          </div>
        </section>
      ))}
    </div>
  );
}

import type { Channel } from "@/api/touchpoints";
import { exact, span } from "@/lib/format";
import { useText } from "@/lib/useText";
import { Panel } from "@/parts/PageHead";

/** The channel as it holds for a touchpoint: limits that are believed only are settings of the touchpoint. */
export function limited(channel: Channel, settings: Record<string, unknown>): Channel {
  const said = (name: string): number | undefined => (typeof settings[name] === "number" ? settings[name] : undefined);
  return {
    ...channel,
    quotas: channel.quotas.map((one) => {
      const count = one.unverified ? said(`limit_${one.name}`) : undefined;
      return count === undefined ? one : { ...one, count, unverified: false };
    }),
    windows: channel.windows.map((one) => {
      const messages = one.unverified ? said(`window_${one.allowance}_messages`) : undefined;
      const hours = one.unverified ? said(`window_${one.allowance}_hours`) : undefined;
      return messages === undefined && hours === undefined ? one : { ...one, messages: messages ?? one.messages, seconds: hours === undefined ? one.seconds : hours * 3600, unverified: false };
    }),
  };
}

/** What may be sent and when, read out as sentences. */
function useLimitWords(): { windows: (channel: Channel) => string[]; quotas: (channel: Channel) => string[] } {
  const { t, title, language } = useText();
  const unsure = (text: string, unverified: boolean): string => (unverified ? `${text} (${t("touchpoints.unverified")})` : text);
  return {
    windows: (channel) =>
      channel.windows.map((one) => {
        const event = title(one.event_title, one.event);
        const allowance = t(`touchpoints.allowances.${one.allowance}`, { defaultValue: one.allowance });
        const count = { count: one.messages, figure: exact(one.messages, language), event, allowance };
        const text = one.adds ? t("touchpoints.windowAdds", count) : one.seconds === null ? t("touchpoints.windowOpen", count) : t("touchpoints.window", { ...count, time: span(one.seconds, language) });
        return unsure(text, one.unverified);
      }),
    quotas: (channel) =>
      channel.quotas.map((one) => {
        const per = one.period !== null ? t(`touchpoints.periods.${one.period}`) : one.seconds === null ? "" : t("touchpoints.perSpan", { time: span(one.seconds, language) });
        const text = t("touchpoints.quota", { what: title(one.title, one.name), figure: exact(one.count, language), per, scope: t(`touchpoints.scopes.${one.scope}`, { defaultValue: one.scope }) });
        return unsure(text, one.unverified);
      }),
  };
}

export function Limits({ channel: declared, settings }: { channel: Channel; settings: Record<string, unknown> }) {
  const channel = limited(declared, settings);
  const { t, title } = useText();
  const words = useLimitWords();
  const sentences = [...words.windows(channel), ...words.quotas(channel)];
  if (sentences.length === 0 && channel.messages.length === 0) return null;
  return (
    <Panel title={t("touchpoints.limits")} testId="limits">
      {channel.messages.length > 0 && (
        <p style={{ marginBottom: 8 }}>
          <span className="op-mute">{t("touchpoints.carries")}</span> {channel.messages.map((one) => title(one.title, one.name)).join(" \u00b7 ")}
        </p>
      )}
      <ul className="op-sentences">
        {[...new Set(sentences)].map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
    </Panel>
  );
}

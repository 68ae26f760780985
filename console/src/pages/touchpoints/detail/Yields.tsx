import { useQuery } from "@tanstack/react-query";
import { Table } from "antd";
import { queries } from "@/api/queries";
import type { Channel, Detail, Standard } from "@/api/touchpoints";
import { useText } from "@/lib/useText";
import { Dash } from "@/parts/Figures";
import { Panel } from "@/parts/PageHead";

type Signal = Channel["signals"][number];

/** Titles of fields and attributes by name, from the standard. */
function titlesOf(standard: Standard | undefined): Map<string, { zh: string; en: string }> {
  const found = new Map<string, { zh: string; en: string }>();
  for (const one of standard?.attributes ?? []) found.set(one.name, one.title);
  for (const event of [...(standard?.objects ?? []), ...(standard?.events ?? [])]) for (const field of event.fields) found.set(field.name, field.title);
  return found;
}

/** What the channel can give, as its manifest says: identifiers with their scopes, and signals. */
export function Yields({ touchpoint, channel }: { touchpoint: Detail; channel: Channel }) {
  const { t, title } = useText();
  const titles = titlesOf(useQuery(queries.standard()).data);
  const scopeOf = (type: string, scope: string): string => {
    const own = touchpoint.scopes[type];
    if (own !== undefined) return own;
    if (scope === "touchpoint") return touchpoint.name;
    const value = touchpoint.settings[scope] ?? channel.settings.find((one) => one.name === scope)?.default;
    return typeof value === "string" ? value : scope;
  };
  // One line for what is pushed and pulled alike.
  const signals = new Map<string, Signal & { sources: string[] }>();
  for (const one of channel.signals) {
    const key = `${one.kind} ${one.event}`;
    const known = signals.get(key);
    if (known === undefined) signals.set(key, { ...one, sources: [one.source] });
    else signals.set(key, { ...known, fields: [...new Set([...known.fields, ...one.fields])], traits: [...new Set([...known.traits, ...one.traits])], sources: [...known.sources, one.source] });
  }
  return (
    <div className="op-two">
      <Panel title={t("touchpoints.signals")} flush>
        {signals.size === 0 ? (
          <p className="op-mute" style={{ padding: "0 16px 16px" }}>
            {t("touchpoints.anySignals")}
          </p>
        ) : (
          <Table<Signal & { sources: string[] }>
            size="small"
            rowKey={(one) => `${one.kind} ${one.event}`}
            dataSource={[...signals.values()]}
            pagination={signals.size > 12 ? { pageSize: 10, showSizeChanger: false, style: { padding: "0 16px" } } : false}
            columns={[
              {
                title: t("touchpoints.signal"),
                render: (_, one) => (
                  <div>
                    {title(one.title, one.event)} <code className="op-code op-mute">{one.event}</code>
                  </div>
                ),
              },
              { title: t("touchpoints.kind"), width: 90, render: (_, one) => t(`touchpoints.kinds.${one.kind}`) },
              { title: t("touchpoints.fields"), render: (_, one) => ([...one.fields, ...one.traits].length === 0 ? <Dash /> : <span style={{ fontSize: 13 }}>{[...one.fields, ...one.traits].map((name) => title(titles.get(name), name)).join(" \u00b7 ")}</span>) },
              { title: t("touchpoints.source"), width: 90, render: (_, one) => [...new Set(one.sources)].map((source) => t(`touchpoints.sources.${source}`, { defaultValue: source })).join(" / ") },
            ]}
          />
        )}
      </Panel>
      <Panel title={t("touchpoints.identifiers")}>
        {channel.identifiers.length === 0 ? (
          <p className="op-mute">{t("touchpoints.anyIdentifiers")}</p>
        ) : (
          <ul className="op-list">
            {channel.identifiers.map((one) => (
              <li key={`${one.type} ${one.scope}`} style={{ display: "block" }}>
                <strong style={{ fontWeight: 550 }}>{title(one.title, one.type)}</strong>{" "}
                <code className="op-code op-mute">
                  {one.type}
                  {one.scope !== "" && `@${scopeOf(one.type, one.scope)}`}
                </code>
                {one.of !== null && <div className="op-mute">{title(one.of, "")}</div>}
              </li>
            ))}
          </ul>
        )}
      </Panel>
    </div>
  );
}

import { Button, Input, Select } from "antd";
import { useState } from "react";
import type { Arrival } from "@/api/touchpoints";
import { dateTime } from "@/lib/format";
import { useZone } from "@/lib/session";
import { useText } from "@/lib/useText";
import { Nothing } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { JsonTree, type Use } from "./JsonTree";
import { useTarget } from "./target";
import type { Source } from "./useSample";

interface Props {
  arrivals: Arrival[];
  shown: Arrival | undefined;
  things: unknown[];
  source: Source;
  onSource: (source: Source) => void;
  onShow: (offset: number) => void;
  onUse?: (use: Use, path: string, key: string, value: unknown) => void;
}

const stateOf = (arrival: Arrival): string => (arrival.refused.length > 0 ? "\u2717" : "\u2713");

/** The payload that the mapping is made on: one of the latest, one that waits, or a pasted one. */
export function SamplePane({ arrivals, shown, things, source, onSource, onShow, onUse }: Props) {
  const { t } = useText();
  const zone = useZone();
  const { target, setTarget } = useTarget();
  const [number, setNumber] = useState(0);
  const [pasted, setPasted] = useState(source.kind === "pasted" ? source.text : "");
  const thing = things[Math.min(number, things.length - 1)];
  return (
    <Panel title={t("mapping.sample")} testId="sample-pane">
      <div className="op-stack" style={{ gap: 10 }}>
        <div className="op-row">
          <Select
            style={{ flex: 1, minWidth: 150 }}
            aria-label={t("mapping.source")}
            value={source.kind}
            onChange={(kind: Source["kind"]) => onSource(kind === "pasted" ? { kind, text: pasted } : kind === "latest" ? { kind } : source)}
            options={[
              { value: "latest", label: t("mapping.sources.latest") },
              ...(source.kind === "quarantined" ? [{ value: "quarantined", label: t("mapping.sources.quarantined", { id: source.id }) }] : []),
              { value: "pasted", label: t("mapping.sources.pasted") },
            ]}
            data-testid="sample-source"
          />
          {source.kind === "latest" && arrivals.length > 0 && (
            <Select style={{ flex: 1, minWidth: 170 }} aria-label={t("mapping.which")} value={shown?.offset} onChange={onShow} options={arrivals.map((one) => ({ value: one.offset, label: `${stateOf(one)} ${dateTime(one.received_at, zone, true)}` }))} data-testid="sample-which" />
          )}
        </div>
        {source.kind === "pasted" && (
          <Input.TextArea
            aria-label={t("mapping.paste")}
            placeholder={t("mapping.paste")}
            className="op-code"
            autoSize={{ minRows: 4, maxRows: 10 }}
            spellCheck={false}
            value={pasted}
            onChange={(event) => {
              setPasted(event.target.value);
              onSource({ kind: "pasted", text: event.target.value });
            }}
            data-testid="sample-paste"
          />
        )}
        {target !== undefined && (
          <div className="op-picking" role="status">
            <span>{t("mapping.picking", { what: target.label })}</span>
            <Button size="small" onClick={() => setTarget(undefined)}>
              {t("touchpoints.cancel")}
            </Button>
          </div>
        )}
        {things.length > 1 && (
          <div className="op-row op-mute">
            {t("mapping.thingOf", { number: Math.min(number, things.length - 1) + 1, count: things.length })}
            <Button size="small" disabled={number === 0} onClick={() => setNumber(number - 1)}>
              {t("mapping.before")}
            </Button>
            <Button size="small" disabled={number >= things.length - 1} onClick={() => setNumber(number + 1)}>
              {t("mapping.next")}
            </Button>
          </div>
        )}
        {shown === undefined ? (
          <Nothing title={t("mapping.noSample")} text={t("mapping.noSampleText")} />
        ) : thing === undefined ? (
          <>
            {onUse !== undefined && <p className="op-mute">{t("mapping.noThings")}</p>}
            {/* What scrolls must be reachable by keyboard. */}
            {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
            <pre className="op-pre op-raw" tabIndex={0}>
              {shown.raw}
            </pre>
          </>
        ) : (
          // What scrolls must be reachable by keyboard.
          // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
          <div className="op-tree-box" tabIndex={0} role="region" aria-label={t("mapping.sample")}>
            <JsonTree root={thing} onUse={onUse} />
          </div>
        )}
        {onUse !== undefined && thing !== undefined && target === undefined && <p className="op-mute">{t("mapping.clickHelp")}</p>}
      </div>
    </Panel>
  );
}

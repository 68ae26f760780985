import { DownOutlined, RightOutlined } from "@ant-design/icons";
import { Link } from "@tanstack/react-router";
import { type Arrival, type Fault } from "@/api/touchpoints";
import { said } from "@/lib/said";
import { useText } from "@/lib/useText";
import { Time } from "@/parts/Figures";
import { Copy } from "@/parts/Loaded";
import { Status } from "@/parts/Status";
import { Value } from "@/parts/Value";
import { useRuleWords } from "../../quarantine/rules";

type Row = Arrival["rows"][number];

function Pairs({ heading, values }: { heading: string; values: Record<string, unknown> }) {
  const entries = Object.entries(values);
  if (entries.length === 0) return null;
  return (
    <>
      <div className="op-mute op-minor">{heading}</div>
      <dl className="op-facts op-tight">
        {entries.map(([name, value]) => (
          <div key={name} style={{ display: "contents" }}>
            <dt className="op-code">{name}</dt>
            <dd>
              <Value value={value} />
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}

/** One thing as it went (or would go) into the pool. */
export function StandardRow({ row }: { row: Row }) {
  const { t, title } = useText();
  return (
    <div className="op-standard-row" data-testid="standard-row" data-name={row.name}>
      <div className="op-row">
        <Status kind={row.known ? "ok" : "warning"}>{row.kind === "event" ? title(row.title, row.name) : t(`touchpoints.kinds.${row.kind}`, { defaultValue: row.kind })}</Status>
        <code className="op-code op-mute">{row.name}</code>
        {row.time !== null && <Time at={row.time} />}
        {!row.known && <span className="op-mute">{t("touchpoints.unknownEvent")}</span>}
      </div>
      {row.ids.length > 0 && (
        <div className="op-chips" style={{ marginTop: 4 }}>
          {row.ids.map((one) => (
            <span key={one} className="op-chip op-code">
              {one}
            </span>
          ))}
        </div>
      )}
      <Pairs heading={t("touchpoints.fields")} values={row.fields} />
      <Pairs heading={t("touchpoints.traits")} values={row.attributes} />
    </div>
  );
}

/** What did not go in, and why. */
export function FaultRow({ fault }: { fault: Fault }) {
  const { language } = useText();
  const words = useRuleWords();
  return (
    <div className="op-standard-row" data-testid="fault-row" data-rule={fault.rule}>
      <Status kind="error">{words(fault.rule)}</Status> <code className="op-code op-mute">{[fault.rule, fault.field].filter(Boolean).join(" · ")}</code>
      <div className="op-mute">{said(fault.message, language)}</div>
    </div>
  );
}

/** One request or page: in short when closed, raw beside standard when open. */
export function ArrivalCard({ arrival, touchpoint, open, onToggle }: { arrival: Arrival; touchpoint: string; open: boolean; onToggle: () => void }) {
  const { t, title } = useText();
  const words = useRuleWords();
  const names = [...new Set(arrival.rows.map((row) => (row.kind === "event" ? title(row.title, row.name) : t(`touchpoints.kinds.${row.kind}`, { defaultValue: row.kind }))))];
  return (
    <li className="op-arrival" data-testid="arrival" data-offset={arrival.offset}>
      <button type="button" className="op-arrival-head" aria-expanded={open} onClick={onToggle}>
        {open ? <DownOutlined aria-hidden /> : <RightOutlined aria-hidden />}
        <Time at={arrival.received_at} />
        {names.length > 0 && <Status kind="ok">{names.slice(0, 4).join(" \u00b7 ")}</Status>}
        {arrival.refused.length > 0 && <Status kind="error">{[...new Set(arrival.refused.map((one) => words(one.rule)))].slice(0, 3).join(" \u00b7 ")}</Status>}
        {names.length === 0 && arrival.refused.length === 0 && <span className="op-mute">{t("touchpoints.nothingIn")}</span>}
        {arrival.repeated && <Status kind="idle">{t("touchpoints.again")}</Status>}
        <span className="op-mute op-code op-end">
          {arrival.protocol} {arrival.offset}
        </span>
      </button>
      {open && (
        <div className="op-sides">
          <div>
            <div className="op-row op-mute">
              {t("touchpoints.raw")}
              <Copy text={arrival.raw} label={t("touchpoints.copyOf", { what: t("touchpoints.raw") })} />
              {arrival.refused.length > 0 && (
                <Link to="/touchpoints/$name" params={{ name: touchpoint }} search={{ tab: "mapping", at: arrival.offset }}>
                  {t("touchpoints.mendMapping")}
                </Link>
              )}
            </div>
            {/* What scrolls must be reachable by keyboard. */}
            {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
            <pre className="op-pre op-raw" tabIndex={0}>
              {arrival.raw === "" ? t("touchpoints.noBody") : arrival.raw}
            </pre>
          </div>
          <div>
            <div className="op-row op-mute">{t("touchpoints.standard")}</div>
            {arrival.rows.map((row, i) => (
              <StandardRow key={`${i} ${row.name}`} row={row} />
            ))}
            {arrival.refused.map((fault, i) => (
              <FaultRow key={`${i} ${fault.rule}`} fault={fault} />
            ))}
            {arrival.left_out > 0 && <p className="op-mute">{t("touchpoints.leftOut", { count: arrival.left_out })}</p>}
          </div>
        </div>
      )}
    </li>
  );
}

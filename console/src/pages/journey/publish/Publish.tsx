import { AuditOutlined, WarningOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { App, Button, Drawer, Input, Segmented } from "antd";
import { useState } from "react";
import { type Deed, type Fate, type JourneyDetail, journeys, type Plan, useDeed } from "@/api/journeys";
import type { JsonObject } from "@/conditions/model";
import { exact, money, span } from "@/lib/format";
import { said } from "@/lib/said";
import { useMay } from "@/lib/session";
import { author } from "@/lib/title";
import { useText } from "@/lib/useText";
import { Figure, Figures, Time } from "@/parts/Figures";
import { Loaded, Problem } from "@/parts/Loaded";
import { Status } from "@/parts/Status";
import { StopButtons } from "../State";
import type { Words } from "../words";
import { Carried } from "./Carried";

const SHORTEST_REASON = 3;

function Sends({ plan, words, definition }: { plan: Plan; words: Words; definition: JsonObject }) {
  const { t, language } = useText();
  const days = [...new Set(plan.sends.flatMap((one) => one.per_day.map((each) => each.day)))].sort();
  if (plan.sends.length === 0) return <p className="op-mute">{t("journey.publish.noSends")}</p>;
  return (
    <div className="op-scroll">
      <table className="op-grid" data-testid="plan-sends">
        <thead>
          <tr>
            <th scope="col">{t("journey.publish.step")}</th>
            <th scope="col">{t("journey.hop.channel")}</th>
            <th scope="col" className="op-num">
              {t("journey.publish.total")}
            </th>
            <th scope="col" className="op-num">
              {t("journey.publish.cost")}
            </th>
            {days.map((day) => (
              <th key={day} scope="col" className="op-num">
                {day.slice(5)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {plan.sends.map((one) => (
            <tr key={`${one.node} ${one.channel}`}>
              <th scope="row" title={one.node}>
                {words.step(definition, one.node)}
              </th>
              <td>{words.channel(one.channel)}</td>
              <td className="op-num">
                <strong>{exact(one.total, language)}</strong>
              </td>
              <td className="op-num">{one.cost === null ? t("journey.publish.noPrice") : money(one.cost, plan.cost?.currency, language)}</td>
              {days.map((day) => (
                <td key={day} className="op-num">
                  {exact(one.per_day.find((each) => each.day === day)?.count ?? 0, language)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Effect({ plan, words, definition, fate, onFate }: { plan: Plan; words: Words; definition: JsonObject; fate: Fate; onFate: (fate: Fate) => void }) {
  const { t, title, language } = useText();
  const figures = [
    ["entrants", plan.entrants_now],
    ["perDay", plan.entrants_per_day],
    ["holdout", plan.holdout],
    ["control", plan.control],
  ] as const;
  const hits = [
    ["caps", plan.caps_hit],
    ["quiet", plan.quiet_hit],
    ["unreachable", plan.unreachable],
    ["noConsent", plan.no_consent],
  ] as const;
  return (
    <div className="op-stack">
      <Figures label={t("journey.publish.who")}>
        {figures.map(([key, value]) => (
          <Figure key={key} small label={t(`journey.publish.${key}`)}>
            <span data-testid={`plan-${key}`} data-value={value ?? ""}>
              {value === null ? "–" : exact(value, language)}
            </span>
          </Figure>
        ))}
      </Figures>
      <section aria-label={t("journey.publish.sends")}>
        <h3>{t("journey.publish.sends")}</h3>
        {plan.basis === "past" && plan.sends.length > 0 && <p className="op-hint">{t("journey.publish.asInThePast")}</p>}
        <Sends plan={plan} words={words} definition={definition} />
        {plan.cost !== null && (
          <p>
            {t("journey.publish.costTotal")} <strong className="op-num">{money(plan.cost.total, plan.cost.currency, language)}</strong>
          </p>
        )}
      </section>
      <section aria-label={t("journey.publish.hits")}>
        <h3>{t("journey.publish.hits")}</h3>
        <dl className="op-facts">
          {hits.map(([key, value]) => (
            <div key={key} style={{ display: "contents" }}>
              <dt>{t(`journey.publish.${key}`)}</dt>
              <dd className="op-num" data-testid={`plan-${key}`} data-value={value}>
                {exact(value, language)}
              </dd>
            </div>
          ))}
        </dl>
        {plan.unreachable > 0 && <p className="op-hint">{t("journey.publish.unreachableHint")}</p>}
      </section>
      <section aria-label={t("journey.publish.overlap")}>
        <h3>{t("journey.publish.overlap")}</h3>
        {plan.overlap.length === 0 ? (
          <p className="op-mute">{t("journey.publish.noOverlap")}</p>
        ) : (
          <ul className="op-list">
            {plan.overlap.map((one) => (
              <li key={one.journey}>
                <Link to="/journeys/$name" params={{ name: one.journey }} target="_blank">
                  {title(one.title, one.journey)}
                </Link>
                <span className="op-num">
                  {t("journey.publish.people", { figure: exact(one.customers, language), count: one.customers })}
                  {one.inside > 0 && <span className="op-mute"> {t("journey.publish.inside", { figure: exact(one.inside, language), count: one.inside })}</span>}
                </span>
              </li>
            ))}
          </ul>
        )}
      </section>
      {plan.in_flight.length > 0 && (
        <section aria-label={t("journey.publish.inFlight")}>
          <h3>{t("journey.publish.inFlight")}</h3>
          <Segmented<Fate> aria-label={t("journey.publish.inFlight")} value={fate} onChange={onFate} options={(["finish", "move", "stop"] as const).map((one) => ({ value: one, label: t(`journey.fates.${one}`) }))} data-testid="plan-fate" />
          <p className="op-hint">{t(`journey.fateHints.${fate}`)}</p>
          <ul className="op-list">
            {plan.in_flight.map((one) => (
              <li key={`${one.version} ${one.node}`}>
                <span title={one.node}>
                  {t("journey.version", { version: one.version })} · {one.node === "" ? t("journey.states.held") : words.step(definition, one.node)}
                </span>
                <span className="op-num">{t("journey.publish.people", { figure: exact(one.runs, language), count: one.runs })}</span>
                <span>
                  {t(`journey.fates.${one.fate}`)}
                  {one.why !== null && <span className="op-mute"> · {title(one.why, "")}</span>}
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
      {plan.notes.map((one) => (
        <p key={one.en} className="op-hint">
          {title(one, "")}
        </p>
      ))}
      <p className="op-mute">{t("journey.publish.took", { time: span(plan.seconds, language) })}</p>
    </div>
  );
}

interface Props {
  journey: JourneyDetail;
  definition: JsonObject;
  version: number | null;
  words: Words;
  onClose: () => void;
}

/** What publishing would do, first; then the word of a second person where one is needed; then publishing. */
export function Publish({ journey, definition, version, words, onClose }: Props) {
  const { t, language } = useText();
  const { message } = App.useApp();
  const [fate, setFate] = useState<Fate>("finish");
  const [reason, setReason] = useState("");
  const [passed, setPassed] = useState(false);
  const [anyway, setAnyway] = useState(false);
  const plan = useQuery(journeys.plan(definition, fate));
  const now = useQuery(journeys.one(journey.name)).data ?? journey;
  const deed = useDeed(journey.name);
  const mayApprove = useMay("journeys.approve");
  const asked = now.approval?.status === "asked";
  const needs = now.needs_approval && now.approval?.status !== "approved";
  // Who asked and may not approve waits for a colleague.
  const idle = needs && asked && !mayApprove;
  const reasoned = journey.version === null || reason.trim().length >= SHORTEST_REASON;
  const sound = plan.data === undefined || !plan.data.problems.some((one) => one.severity === "error");
  // Only what was pressed is busy: the next button comes as soon as the state changed, and must take a click.
  const busy = (kind: Deed["deed"], decision?: "approved" | "refused"): boolean => deed.isPending && deed.variables.deed === kind && (deed.variables.deed !== "approve" || deed.variables.body.decision === decision);
  const act = (what: Deed, done: string): void =>
    deed.mutate(
      what,
      {
        onSuccess: () => {
          void message.success(done);
          if (what.deed === "publish") onClose();
        },
      },
    );
  return (
    <Drawer
      open
      size={720}
      title={t("journey.publish.title")}
      onClose={onClose}
      extra={<StopButtons journey={now} />}
      footer={
        <div className="op-row" style={{ flexWrap: "nowrap" }}>
          {!idle && <Input value={reason} maxLength={500} aria-label={t("journey.publish.reason")} placeholder={t(asked && mayApprove ? "journey.publish.answer" : needs ? "journey.publish.note" : journey.version === null ? "journey.publish.reasonFirst" : "journey.publish.reason")} onChange={(event) => setReason(event.target.value)} data-testid="publish-reason" />}
          {idle && <span className="op-mute" data-testid="publish-idle">{t("journey.publish.idle")}</span>}
          {needs && !asked && (
            <Button type="primary" icon={<AuditOutlined />} loading={busy("ask-approval")} disabled={!sound} onClick={() => act({ deed: "ask-approval", body: { note: reason.trim() } }, t("journey.done.asked"))} data-testid="ask-approval">
              {t("journey.publish.ask")}
            </Button>
          )}
          {asked && mayApprove && (
            <>
              <Button loading={busy("approve", "refused")} onClick={() => act({ deed: "approve", body: { decision: "refused", note: reason.trim() } }, t("journey.done.refused"))}>
                {t("journey.publish.refuse")}
              </Button>
              <Button type={needs ? "primary" : "default"} loading={busy("approve", "approved")} onClick={() => act({ deed: "approve", body: { decision: "approved", note: reason.trim() } }, t("journey.done.approved"))} data-testid="approve">
                {t("journey.publish.approve")}
              </Button>
            </>
          )}
          {!needs && (
            <Button type="primary" loading={busy("publish")} disabled={!sound || !reasoned || !(passed || anyway)} title={!reasoned ? t("plan.reasonFirst") : passed || anyway ? undefined : t("journey.cases.first")} onClick={() => act({ deed: "publish", body: { reason: reason.trim(), old_runs: fate, version } }, t("journey.done.publish"))} data-testid="publish-confirm">
              {t("plan.publish")}
            </Button>
          )}
        </div>
      }
    >
      <div className="op-stack">
        {deed.isError && <Problem error={deed.error} />}
        {needs && <Status kind="warning">{asked ? t("journey.publish.waiting", { who: author(now.approval?.asked_by ?? null) }) : t("journey.publish.needs")}</Status>}
        {now.approval !== null && (
          <div data-testid="approval">
            {!(needs && asked) && (
              <p className="op-mute">
                {t(`journey.publish.by.${now.approval.status}`, { who: author(now.approval.decided_by ?? now.approval.asked_by) })} {now.approval.status === "asked" && <Time at={now.approval.asked_at} show="relative" />}
              </p>
            )}
            {now.approval.note !== "" && <blockquote className="op-said">{now.approval.note}</blockquote>}
          </div>
        )}
        {plan.data?.problems.map((one) => (
          <div key={one.place + one.message} className="op-place" data-severity={one.severity}>
            <WarningOutlined aria-hidden style={{ marginTop: 4 }} />
            <span>
              <code className="op-code">{one.place}</code> {said(one.message, language)}
            </span>
          </div>
        ))}
        <Carried journey={journey.name} definition={definition} anyway={anyway} onAnyway={setAnyway} onPassed={setPassed} />
        <Loaded query={plan} rows={10}>
          {(data) => <Effect plan={data} words={words} definition={definition} fate={fate} onFate={setFate} />}
        </Loaded>
      </div>
    </Drawer>
  );
}

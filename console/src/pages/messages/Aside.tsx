import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Select } from "antd";
import { Fragment } from "react";
import { type Finding, type MessageCheck, messages } from "@/api/messages";
import { isObject, type Json, type JsonObject } from "@/conditions/model";
import { usePlaces } from "@/lib/places";
import { said } from "@/lib/said";
import { useText } from "@/lib/useText";
import { CustomerPick } from "@/parts/CustomerPick";
import { Problem, Waiting } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { Status } from "@/parts/Status";
import { contentOf } from "./definition";

export function Findings({ items, kind }: { items: Finding[]; kind: "error" | "warning" }) {
  const { t, language } = useText();
  return items.map((one) => {
    const at = contentOf(one.place);
    return (
      <li key={one.place + one.message} className="op-message-finding">
        <Status kind={kind}>
          {at !== null && t("reach.messages.content", { n: at + 1 })} <code className="op-code">{one.place}</code> {said(one.message, language)}
          {one.suggestion !== null && <span className="op-mute"> {t("reach.messages.suggestion", { name: one.suggestion })}</span>}
        </Status>
      </li>
    );
  });
}

/** What is wrong, what to look at, and how long text messages become. */
export function Checks({ check }: { check: MessageCheck | undefined }) {
  const { t } = useText();
  return (
    <Panel title={t("reach.messages.checks")} testId="message-checks">
      {check === undefined ? (
        <Waiting rows={2} />
      ) : (
        <>
          {check.problems.length + check.warnings.length === 0 && <Status kind="ok">{t("reach.messages.fine")}</Status>}
          {check.problems.length + check.warnings.length > 0 && (
            <ul className="op-list" aria-live="polite">
              <Findings items={check.problems} kind="error" />
              <Findings items={check.warnings} kind="warning" />
            </ul>
          )}
          {check.lengths.map((one) => (
            <div key={one.template} className="op-note" data-testid="sms-length">
              <code className="op-code">{one.template}</code>{" "}
              {one.most === null
                ? t("reach.messages.lengthOpen", { least: one.least, segments: one.segments })
                : one.segments === one.most_segments
                  ? t("reach.messages.lengthOne", { least: one.least, most: one.most, segments: one.segments })
                  : t("reach.messages.length", { least: one.least, most: one.most, segments: one.segments, mostSegments: one.most_segments ?? one.segments })}
            </div>
          ))}
        </>
      )}
    </Panel>
  );
}

export function Said({ value }: { value: Json }) {
  if (isObject(value)) {
    return (
      <dl className="op-facts">
        {Object.entries(value).map(([name, inner]) => (
          <Fragment key={name}>
            <dt className="op-code">{name}</dt>
            <dd>
              <Said value={inner} />
            </dd>
          </Fragment>
        ))}
      </dl>
    );
  }
  if (Array.isArray(value)) return value.map((one, at) => <Said key={at} value={one} />);
  return <span style={{ overflowWrap: "anywhere", whiteSpace: "pre-wrap" }}>{String(value)}</span>;
}

/** One content as a customer would get it; without a customer with values made up for the purpose. */
export function Preview({ definition, check, from }: { definition: JsonObject; check: MessageCheck | undefined; from: "/shell/messages/$name" | "/shell/messages/new" }) {
  const { t, language } = useText();
  const places = usePlaces();
  const search = useSearch({ from });
  const navigate = useNavigate();
  const all = check?.contents ?? [];
  const template = all.find((one) => one.template === search.template)?.template ?? all[0]?.template;
  const customer = search.customer === undefined ? null : String(search.customer);
  const query = useQuery({ ...messages.preview({ definition, template, customer_id: customer }), enabled: check !== undefined && check.problems.length === 0 && template !== undefined });
  const put = (next: { customer?: number; template?: string }): void => void navigate({ to: ".", search: (before: Record<string, unknown>) => ({ ...before, ...next }), replace: true });
  const found = query.data;
  return (
    <Panel title={t("reach.messages.preview")} testId="message-preview">
      <div className="op-stack" style={{ gap: 10 }}>
        <div className="op-row">
          <Select style={{ flex: 1, minWidth: 160 }} aria-label={t("reach.messages.template")} value={template} onChange={(value: string) => put({ template: value })} options={all.map((one) => ({ value: one.template, label: `${places.channel(one.channel)} · ${one.template}` }))} />
          <div style={{ flex: 1, minWidth: 160 }}>
            <CustomerPick label={t("reach.messages.asCustomer")} value={search.customer ?? null} onChange={(id) => put({ customer: id ?? undefined })} testId="preview-customer" />
          </div>
        </div>
        {check !== undefined && check.problems.length > 0 ? (
          <p className="op-mute">{t("reach.messages.fixFirst")}</p>
        ) : query.isError ? (
          <Problem error={query.error} />
        ) : found === undefined ? (
          <Waiting rows={4} />
        ) : (
          <>
            {found.problem !== null && <Status kind="error">{said(found.problem, language)}</Status>}
            {found.text !== null && (
              <div className="op-message-shown" data-testid="preview-text">
                {found.text}
              </div>
            )}
            {found.characters !== null && <div className="op-note" data-testid="preview-length">{t("reach.messages.characters", { n: found.characters, segments: found.segments ?? 1 })}</div>}
            {found.text === null && found.content !== null && (
              <div className="op-message-shown" style={{ whiteSpace: "normal" }} data-testid="preview-content">
                <Said value={found.content} />
              </div>
            )}
            {found.masked && <div className="op-mute">{t("reach.messages.masked")}</div>}
            <ul className="op-list">
              {found.values.map((one) => (
                <li key={one.name}>
                  <code className="op-code">{one.name}</code>
                  <span style={{ overflowWrap: "anywhere" }}>{one.value ?? t("reach.messages.noValue")}</span>
                  {one.origin !== null && <span className="op-mute" style={{ marginLeft: "auto" }}>{t(`reach.messages.origins.${one.origin}`)}</span>}
                </li>
              ))}
            </ul>
          </>
        )}
      </div>
    </Panel>
  );
}

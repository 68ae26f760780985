import { CheckCircleOutlined, CloseCircleOutlined } from "@ant-design/icons";
import { Link } from "@tanstack/react-router";
import type { Explanation } from "@/api/identity";
import { percent } from "@/lib/format";
import { useText } from "@/lib/useText";
import { CustomerName } from "@/parts/CustomerName";
import { Time } from "@/parts/Figures";
import { Facts } from "../graph/Evidence";
import { Identifier } from "../Identifier";
import { Weights } from "../review/Weights";
import { useWords } from "../words";

function Path({ steps }: { steps: Explanation["path"] }) {
  const { t, title } = useText();
  const words = useWords();
  return (
    <ol className="op-path" data-testid="explain-path" data-value={steps.length}>
      {steps.map((step, i) => [
        i === 0 && (
          <li key={`from ${step.source.identifier_id}`} data-kind="identifier">
            <Identifier of={step.source} />
          </li>
        ),
        <li key={`step ${step.source.identifier_id} ${step.target.identifier_id}`} data-kind="link">
          <div className="op-evidence">
            <p>{title(step.text, "")}</p>
            <p className="op-mute">
              <Time at={step.link.first_time} /> – <Time at={step.link.last_time} /> · {t("oneid.consent.title")} {words.consent(step.link.consent)}
            </p>
            <details>
              <summary>{t("oneid.evidence")}</summary>
              <Facts link={step.link} />
            </details>
          </div>
        </li>,
        <li key={`to ${step.target.identifier_id}`} data-kind="identifier">
          <Identifier of={step.target} />
        </li>,
      ])}
    </ol>
  );
}

function Reasons({ reasons }: { reasons: Explanation["reasons"] }) {
  const { t, title, language } = useText();
  return (
    <ul className="op-list" data-testid="explain-reasons">
      {reasons.map((one, i) => (
        <li key={`${one.code} ${i}`} style={{ display: "block" }}>
          <strong style={{ fontWeight: 600 }}>{title(one.text, one.code)}</strong>
          {one.identifier !== null && (
            <div>
              <Identifier of={one.identifier} />
            </div>
          )}
          {one.probability !== null && <div className="op-mute">{t("oneid.probabilityIs", { share: percent(one.probability, language) })}</div>}
          {one.decision !== null && (
            <div className="op-mute">
              <Link to="/identity/decisions">{t("oneid.byDecision", { id: one.decision })}</Link>
            </div>
          )}
          {one.link !== null && (
            <div className="op-evidence">
              <Facts link={one.link} />
            </div>
          )}
          {one.why.length > 0 && <Weights why={one.why} />}
        </li>
      ))}
    </ul>
  );
}

function Side({ side }: { side: Explanation["a"] }) {
  return (
    <div>
      <CustomerName id={side.customer_id} name={side.name} />
      {side.identifier !== null && (
        <div>
          <Identifier of={side.identifier} />
        </div>
      )}
    </div>
  );
}

/** Why two are one customer (the path of evidence), or why they are two. */
export function Explained({ of }: { of: Explanation }) {
  const { t } = useText();
  const Icon = of.together ? CheckCircleOutlined : CloseCircleOutlined;
  return (
    <div className="op-stack" data-testid="explanation" data-together={of.together}>
      <div className="op-status" data-kind={of.together ? "ok" : "warning"} style={{ fontWeight: 600, fontSize: 15 }}>
        <Icon aria-hidden />
        <span style={{ whiteSpace: "normal" }}>{t(of.together ? "oneid.together" : "oneid.apart")}</span>
      </div>
      <div className="op-row" style={{ gap: 32, alignItems: "flex-start" }}>
        <Side side={of.a} />
        <Side side={of.b} />
      </div>
      {of.together ? of.path.length === 0 ? <p className="op-mute">{t("oneid.sameIdentifier")}</p> : <Path steps={of.path} /> : <Reasons reasons={of.reasons} />}
      {of.rules_version !== null && <p className="op-mute">{t("oneid.underRules", { version: of.rules_version })}</p>}
    </div>
  );
}

import { InputNumber, Segmented, Switch } from "antd";
import type { Rules } from "@/api/identity";
import { useText } from "@/lib/useText";
import { Panel } from "@/parts/PageHead";
import { type Draft, inForce, set, type Setting } from "./draft";
import { Changed } from "./TypesTable";

interface Props {
  rules: Rules;
  draft: Draft;
  may: boolean;
  onChange: (draft: Draft) => void;
}

/** What holds for all types: the largest customer, names as a veto, what likelihood may do. */
export function Globals({ rules, draft, may, onChange }: Props) {
  const { t } = useText();
  const value = (path: string): Setting | undefined => (path in draft ? draft[path] : inForce(rules, path));
  const put = (path: string, next: Setting): void => onChange(set(rules, draft, path, next));
  const share = (name: "join" | "review") => (
    <>
      <dt>{t(`oneid.likelihood.${name}`)}</dt>
      <dd>
        <InputNumber
          size="small"
          min={0}
          max={1}
          step={0.01}
          disabled={!may}
          aria-label={t(`oneid.likelihood.${name}`)}
          value={Number(value(`likelihood.${name}`))}
          onChange={(next) => next !== null && put(`likelihood.${name}`, next)}
          data-testid={`rule-likelihood-${name}`}
        />{" "}
        <Changed when={`likelihood.${name}` in draft} />
        <div className="op-mute">{t(`oneid.likelihoodText.${name}`)}</div>
      </dd>
    </>
  );
  return (
    <Panel title={t("oneid.globals")}>
      <dl className="op-facts" style={{ gap: "12px 16px" }}>
        <dt>{t("oneid.maxIdentifiers")}</dt>
        <dd>
          <InputNumber
            size="small"
            min={2}
            max={100_000}
            precision={0}
            disabled={!may}
            aria-label={t("oneid.maxIdentifiers")}
            value={Number(value("max_identifiers"))}
            onChange={(next) => next !== null && put("max_identifiers", next)}
            data-testid="rule-max-identifiers"
          />{" "}
          <Changed when={"max_identifiers" in draft} />
          <div className="op-mute">{t("oneid.maxIdentifiersText")}</div>
        </dd>
        <dt>{t("oneid.names.title")}</dt>
        <dd>
          <Segmented
            size="small"
            disabled={!may}
            aria-label={t("oneid.names.title")}
            value={String(value("names"))}
            onChange={(next) => put("names", next)}
            options={(["veto", "ignore"] as const).map((one) => ({ value: one, label: t(`oneid.names.${one}`) }))}
          />{" "}
          <Changed when={"names" in draft} />
          <div className="op-mute">{t("oneid.names.text")}</div>
        </dd>
        <dt>{t("oneid.contacts.title")}</dt>
        <dd>
          <Segmented
            size="small"
            disabled={!may}
            aria-label={t("oneid.contacts.title")}
            value={String(value("contacts"))}
            onChange={(next) => put("contacts", next)}
            options={(["trust", "typed", "proved"] as const).map((one) => ({ value: one, label: t(`oneid.contacts.${one}`) }))}
          />{" "}
          <Changed when={"contacts" in draft} />
          <div className="op-mute">{t("oneid.contacts.text")}</div>
        </dd>
        <dt>{t("oneid.purposes")}</dt>
        <dd>
          <span className="op-code">{rules.consent_purposes.join(", ")}</span>
          <div className="op-mute">{t("oneid.purposesText")}</div>
        </dd>
        {share("join")}
        {share("review")}
        <dt>{t("oneid.likelihood.auto")}</dt>
        <dd>
          <Switch size="small" disabled={!may} aria-label={t("oneid.likelihood.auto")} checked={value("likelihood.auto") === true} onChange={(next) => put("likelihood.auto", next)} />{" "}
          <Changed when={"likelihood.auto" in draft} />
          <div className="op-mute">{t("oneid.likelihoodText.auto")}</div>
        </dd>
      </dl>
    </Panel>
  );
}

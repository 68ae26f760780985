import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { App, Button, Drawer, Input, Select } from "antd";
import { useMemo, useState } from "react";
import { type Rules, usePublishRules, useRulesPreview } from "@/api/identity";
import { queries } from "@/api/queries";
import { useText } from "@/lib/useText";
import { Problem } from "@/parts/Loaded";
import { useWords } from "../words";
import { type Draft, type Field, inForce, type Setting, STANDARD, toBody } from "./draft";
import { Outcome } from "./Outcome";

const SHORTEST_REASON = 3;

/** Each change in words: what, of which type or touchpoint, from what to what. */
function useChangeWords(rules: Rules): (path: string, value: Setting) => string {
  const { t, title } = useText();
  const words = useWords();
  const say = (path: string, value: Setting | undefined): string => {
    if (value === STANDARD) return t("oneid.asStandard");
    if (value === null || value === undefined) return t(path.endsWith("_days") ? "oneid.noDays" : "oneid.noLimit");
    if (typeof value === "boolean") return t(value ? "common.yes" : "common.no");
    if (path.endsWith(".class")) return words.strength(String(value));
    if (path === "names") return t(`oneid.names.${value as "veto"}`);
    if (path === "contacts") return t(`oneid.contacts.${value as "proved"}`);
    return String(value);
  };
  const name = (path: string): string => {
    const [head, of = "", field] = path.split(".");
    if (head === "types") {
      const type = rules.types.find((one) => one.type === of);
      return t("oneid.settingOf", { setting: field === "class" ? t("oneid.class") : t(`oneid.fields.${field as Exclude<Field, "class">}`), type: title(type?.title, of) });
    }
    if (head === "likelihood") return t(`oneid.likelihood.${of as "join"}`);
    if (head === "contacts") return t("oneid.contacts.title");
    return head === "names" ? t("oneid.names.title") : t("oneid.maxIdentifiers");
  };
  return (path, value) => t("oneid.changeOf", { what: name(path), from: say(path, inForce(rules, path)), to: say(path, value) });
}

interface Props {
  rules: Rules;
  draft: Draft;
  onClose: () => void;
  onPublished: () => void;
}

/** What the changes do to all data, first; then the reason; then publishing. */
export function Publish({ rules, draft, onClose, onPublished }: Props) {
  const { t, title } = useText();
  const { message } = App.useApp();
  const words = useChangeWords(rules);
  const search = useSearch({ from: "/shell/identity/rules" });
  const navigate = useNavigate({ from: "/identity/rules" });
  const segments = useQuery(queries.segments()).data?.items ?? [];
  const chosen = search.segments?.split(",") ?? [];
  const [reason, setReason] = useState("");
  const preview = useRulesPreview();
  const publish = usePublishRules();
  const body = useMemo(() => toBody(rules, draft), [rules, draft]);
  // A preview counts only for the very changes it was made of.
  const current = preview.isSuccess && preview.data.problems.length === 0 && preview.variables.body === body;
  const act = (): void =>
    publish.mutate(
      { body, version: rules.version, reason: reason.trim() },
      {
        onSuccess: (next) => {
          void message.success(t("oneid.published", { version: next.version }));
          onPublished();
        },
      },
    );
  return (
    <Drawer
      open
      size={680}
      title={t("oneid.previewRules")}
      onClose={onClose}
      footer={
        <div className="op-row" style={{ flexWrap: "nowrap" }}>
          <Input value={reason} maxLength={500} aria-label={t("oneid.publishReason")} placeholder={t("oneid.publishReason")} onChange={(event) => setReason(event.target.value)} data-testid="rules-reason" />
          <Button
            type="primary"
            disabled={!current || reason.trim().length < SHORTEST_REASON}
            title={current ? undefined : t("oneid.previewFirst")}
            loading={publish.isPending}
            onClick={act}
            data-testid="rules-publish"
          >
            {t("oneid.publish")}
          </Button>
        </div>
      }
    >
      <div className="op-stack">
        <ul className="op-list" aria-label={t("oneid.changesMade")} data-testid="rules-changes">
          {Object.entries(draft).map(([path, value]) => (
            <li key={path} style={{ padding: "4px 0" }}>
              {words(path, value)}
            </li>
          ))}
        </ul>
        <label>
          <span className="op-mute">{t("oneid.effectOn")}</span>
          <Select
            mode="multiple"
            allowClear
            style={{ width: "100%" }}
            aria-label={t("oneid.effectOn")}
            placeholder={t("oneid.allSegments")}
            value={chosen}
            options={segments.map((one) => ({ value: one.name, label: title(one.title, one.name) }))}
            onChange={(next) => void navigate({ search: (before) => ({ ...before, segments: next.length === 0 ? undefined : next.join(",") }), replace: true })}
          />
        </label>
        <Button loading={preview.isPending} onClick={() => preview.mutate({ body, segments: chosen })} data-testid="rules-preview">
          {t(preview.isSuccess ? "oneid.previewAgain" : "oneid.previewNow")}
        </Button>
        {preview.isError && <Problem error={preview.error} />}
        {preview.data !== undefined && <Outcome of={preview.data} />}
        {publish.isError && <Problem error={publish.error} />}
      </div>
    </Drawer>
  );
}

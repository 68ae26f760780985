import { DownOutlined, UpOutlined } from "@ant-design/icons";
import { Button, Input, Switch } from "antd";
import { useId, useMemo, useState } from "react";
import { ApiError } from "@/api/errors";
import { type Change, changeOf, type Channel, type Detail, useSaveTouchpoint } from "@/api/touchpoints";
import { useText } from "@/lib/useText";
import { Problem } from "@/parts/Loaded";
import { FormRow, SettingField } from "./Field";
import { type FaultKind, faultsAt, faultsOf, NAME, parted, savedOf, shownOf, type Values } from "./form";

interface Props {
  channel: Channel;
  /** The touchpoint that is changed; undefined for a new one. */
  existing?: Detail;
  name: string;
  taken: readonly string[];
  onSaved: (saved: Detail) => void;
  /** The form's own id: its button stands in the drawer's footer. */
  formId: string;
  onBusy: (busy: boolean) => void;
}

/** The form of a touchpoint, drawn from its channel's manifest. What the server refuses stands at its field. */
export function SettingsForm({ channel, existing, name: suggested, taken, onSaved, formId, onBusy }: Props) {
  const { t, title, language } = useText();
  const save = useSaveTouchpoint();
  const [name, setName] = useState(suggested);
  const [names, setNames] = useState(() => existing?.title ?? { zh: channel.title.zh, en: channel.title.en });
  const [values, setValues] = useState<Values>(() => shownOf(channel.settings, existing?.settings ?? {}));
  const [broken, setBroken] = useState<ReadonlySet<string>>(new Set());
  const [reason, setReason] = useState("");
  const [all, setAll] = useState(false);
  const [tried, setTried] = useState(false);
  const [sandbox, setSandbox] = useState(false);
  const ids = { name: useId(), title: useId(), other: useId(), reason: useId(), sandbox: useId() };
  const { first, more } = useMemo(() => parted(channel.name, channel.settings), [channel]);
  const kept = useMemo(() => new Map((existing?.secrets ?? []).filter((one) => one.reference !== null).map((one) => [one.setting, one])), [existing]);
  const drawn = useMemo(() => [...first, ...more], [first, more]);
  const faults = faultsOf(drawn, values, new Set(kept.keys()), broken);
  const refused = save.error instanceof ApiError ? faultsAt(save.error.problems) : {};
  const elsewhere = Object.keys(refused).some((one) => !drawn.some((setting) => setting.name === one));
  const nameFault = existing !== undefined ? undefined : !NAME.test(name) ? t("touchpoints.nameWrong") : taken.includes(name) ? t("touchpoints.nameTaken") : undefined;
  const words = (kind: FaultKind | undefined): string | undefined => (kind === undefined ? undefined : t(`touchpoints.faults.${kind}`));
  const short = language === "en" ? "en" : "zh";
  const otherLanguage = short === "en" ? "zh" : "en";

  const put = (secrets: Record<string, string>, body: Change): void => {
    onBusy(true);
    save.mutate({ name, secrets, body }, { onSuccess: onSaved, onSettled: () => onBusy(false) });
  };
  const titlesOf = (): Change["title"] => {
    const written = names[short].trim() === "" ? name : names[short].trim();
    return { ...names, [short]: written, [otherLanguage]: names[otherLanguage].trim() === "" ? written : names[otherLanguage].trim() };
  };
  const blank = (): Change => ({ title: titlesOf(), channel: channel.name, scopes: {}, settings: {}, mapping: {}, joining: "free", paused: false, sandbox, version: null, reason: "" });
  const withoutPlatform = (): void => {
    setTried(true);
    if (nameFault === undefined) put({}, blank());
  };
  const submit = (): void => {
    setTried(true);
    const wrong = Object.keys(faults);
    if (wrong.some((one) => more.some((setting) => setting.name === one))) setAll(true);
    if (wrong.length > 0 || nameFault !== undefined) return;
    const before = existing?.settings ?? {};
    const { settings, secrets } = savedOf(drawn, values, before);
    // What has a page of its own stays as it is.
    for (const [key, value] of Object.entries(before)) if (!drawn.some((one) => one.name === key)) settings[key] = value;
    put(secrets, existing === undefined ? { ...blank(), settings: settings as Change["settings"] } : { ...changeOf(existing), title: titlesOf(), settings: settings as Change["settings"], reason: reason.trim() });
  };

  const field = (setting: (typeof drawn)[number]) => (
    <SettingField
      key={setting.name}
      setting={setting}
      value={values[setting.name]}
      kept={kept.get(setting.name)}
      fault={refused[setting.name] ?? (tried ? words(faults[setting.name]) : undefined)}
      onChange={(value) => setValues((before) => ({ ...before, [setting.name]: value }))}
      onBroken={(now) =>
        setBroken((before) => {
          const next = new Set(before);
          if (now) next.add(setting.name);
          else next.delete(setting.name);
          return next;
        })
      }
    />
  );
  return (
    <form
      id={formId}
      className="op-stack"
      style={{ gap: 14 }}
      noValidate
      autoComplete="off"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <FormRow id={ids.title} label={t("touchpoints.titleLabel")}>
        <Input id={ids.title} value={names[short]} maxLength={80} placeholder={title(channel.title, channel.name)} onChange={(event) => setNames({ ...names, [short]: event.target.value })} data-testid="touchpoint-title" />
      </FormRow>
      {existing === undefined && (
        <FormRow id={ids.name} label={t("touchpoints.nameLabel")} required help={t("touchpoints.nameHelp")} fault={nameFault}>
          <Input id={ids.name} value={name} maxLength={60} className="op-code" spellCheck={false} onChange={(event) => setName(event.target.value)} data-testid="touchpoint-name" />
        </FormRow>
      )}
      {channel.settings.some((one) => one.kind === "secret") && <p className="op-mute">{t("touchpoints.secretHelp")}</p>}
      {first.map(field)}
      {channel.settings.length === 0 && <p className="op-mute">{t("touchpoints.noSettings")}</p>}
      <div>
        <Button type="link" size="small" style={{ padding: 0 }} icon={all ? <UpOutlined /> : <DownOutlined />} iconPlacement="end" aria-expanded={all} onClick={() => setAll(!all)} data-testid="settings-more">
          {all ? t("common.less") : t("touchpoints.more", { count: more.length + 1 })}
        </Button>
      </div>
      {/* Hidden and not taken away: half-typed texts stay. */}
      <div className="op-stack" style={{ gap: 14 }} hidden={!all}>
        {more.map(field)}
        <FormRow id={ids.other} label={t(otherLanguage === "en" ? "touchpoints.titleEn" : "touchpoints.titleZh")}>
          <Input id={ids.other} value={names[otherLanguage]} maxLength={80} onChange={(event) => setNames({ ...names, [otherLanguage]: event.target.value })} />
        </FormRow>
      </div>
      {existing === undefined && channel.installed && (
        <div className="op-switch">
          <div>
            <label htmlFor={ids.sandbox}>
              <strong>{t("touchpoints.sandbox")}</strong>
            </label>
            <p className="op-mute">{t("touchpoints.sandboxHelp")}</p>
          </div>
          <Switch id={ids.sandbox} checked={sandbox} onChange={setSandbox} checkedChildren={t("common.yes")} unCheckedChildren={t("common.no")} data-testid="connect-sandbox" />
        </div>
      )}
      {existing === undefined && channel.installed && !channel.hook && channel.settings.length > 0 && (
        <div>
          <Button type="link" size="small" style={{ padding: 0 }} onClick={withoutPlatform} data-testid="without-platform">
            {t("touchpoints.withoutPlatform")}
          </Button>
        </div>
      )}
      {existing !== undefined && (
        <FormRow id={ids.reason} label={t("touchpoints.reason")}>
          <Input id={ids.reason} value={reason} maxLength={500} placeholder={t("touchpoints.reasonHint")} onChange={(event) => setReason(event.target.value)} />
        </FormRow>
      )}
      {save.isError && (Object.keys(refused).length === 0 || elsewhere) && <Problem error={save.error} />}
      {Object.keys(refused).length > 0 && (
        <p role="alert" style={{ color: "var(--op-bad)" }}>
          {t("touchpoints.seeFields", { count: Object.keys(refused).length })}
        </p>
      )}
    </form>
  );
}

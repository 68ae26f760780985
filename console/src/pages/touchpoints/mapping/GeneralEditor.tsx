import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { AutoComplete, Button, Segmented, Select, Switch } from "antd";
import { useId, useMemo } from "react";
import type { Standard } from "@/api/touchpoints";
import { useText } from "@/lib/useText";
import { fresh, type General, type Named, NAMED, type Pair } from "./model";
import { attributeChoices, type Choice, eventChoices, fieldChoices, identifierChoices } from "./names";
import { Pick } from "./Pick";

const CURRENCIES = ["CNY", "HKD", "TWD", "MOP", "USD", "EUR", "GBP", "JPY", "KRW", "SGD"];

interface Props {
  general: General;
  standard: Standard;
  /** What the sender calls its events, and its fields and attributes, in the samples. */
  sent: { events: string[]; fields: string[] };
  put: (change: (general: General) => General) => void;
}

function Section({ section, general, choices, seen, put }: { section: Named; general: General; choices: Choice[]; seen: string[]; put: Props["put"] }) {
  const { t } = useText();
  const set = (id: number, part: Partial<Pair>): void => put((now) => ({ ...now, [section]: now[section].map((one) => (one.id === id ? { ...one, ...part } : one)) }));
  return (
    <fieldset className="op-map-section" data-testid={`general-${section}`}>
      <legend>{t(`mapping.general.${section}`)}</legend>
      {general[section].map((one) => (
        <div key={one.id} className="op-map-row">
          <AutoComplete aria-label={t("mapping.sentName")} placeholder={t("mapping.sentName")} style={{ width: "100%" }} value={one.key} onChange={(key: string) => set(one.id, { key })} options={seen.map((name) => ({ value: name }))} showSearch={{ filterOption: (typed, option) => (option?.value ?? "").toLowerCase().includes(typed.toLowerCase()) }} />
          <Pick label={t("mapping.standardName")} value={typeof one.value === "string" ? one.value : ""} choices={choices} onChange={(value) => set(one.id, { value })} />
          <Button type="text" icon={<DeleteOutlined />} aria-label={t("mapping.removeOf", { what: one.key })} onClick={() => put((now) => ({ ...now, [section]: now[section].filter((pair) => pair.id !== one.id) }))} />
        </div>
      ))}
      <Button size="small" type="dashed" icon={<PlusOutlined />} onClick={() => put((now) => ({ ...now, [section]: [...now[section], { id: fresh(), key: "", value: "" }] }))} data-testid={`add-general-${section}`}>
        {t(`mapping.addGeneral.${section}`)}
      </Button>
    </fieldset>
  );
}

/** The mapping that every touchpoint can have: the sender's names to the standard's, what is left out, how money and times are read. */
export function GeneralEditor({ general, standard, sent, put }: Props) {
  const { t, title } = useText();
  const id = { ignore: useId(), currency: useId(), zone: useId(), excel: useId() };
  const zones = useMemo(() => Intl.supportedValuesOf("timeZone"), []);
  const choices: Record<Named, Choice[]> = { events: eventChoices(standard, title), fields: fieldChoices(standard, undefined, title), attributes: attributeChoices(standard, title), identifiers: identifierChoices(standard, title) };
  return (
    <div className="op-stack" style={{ gap: 10 }} data-testid="general-mapping">
      <p className="op-mute">{t("mapping.generalText")}</p>
      {NAMED.map((section) => (
        <Section key={section} section={section} general={general} choices={choices[section]} seen={section === "events" ? sent.events : sent.fields} put={put} />
      ))}
      <div className="op-map-head">
        <div>
          <label className="op-mute" htmlFor={id.ignore}>
            {t("mapping.ignore")}
          </label>
          <Select id={id.ignore} mode="tags" style={{ width: "100%" }} value={general.ignore} onChange={(ignore: string[]) => put((now) => ({ ...now, ignore }))} options={sent.fields.map((name) => ({ value: name, label: name }))} />
        </div>
        <div>
          <span className="op-mute">{t("mapping.money")}</span>
          <Segmented<General["money"]> block aria-label={t("mapping.money")} value={general.money} onChange={(money) => put((now) => ({ ...now, money }))} options={[{ value: "yuan", label: t("mapping.yuan") }, { value: "fen", label: t("mapping.fen") }]} />
        </div>
        <div>
          <label className="op-mute" htmlFor={id.currency}>
            {t("mapping.currency")}
          </label>
          <Select id={id.currency} allowClear showSearch style={{ width: "100%" }} placeholder={t("mapping.asWorkspace")} value={general.currency} onChange={(currency?: string) => put((now) => ({ ...now, currency }))} options={[...new Set([...CURRENCIES, ...(general.currency === undefined ? [] : [general.currency])])].map((one) => ({ value: one, label: one }))} />
        </div>
        <div>
          <label className="op-mute" htmlFor={id.zone}>
            {t("mapping.zone")}
          </label>
          <Select id={id.zone} allowClear showSearch style={{ width: "100%" }} placeholder={t("mapping.asWorkspace")} value={general.zone} onChange={(zone?: string) => put((now) => ({ ...now, zone }))} options={zones.map((one) => ({ value: one, label: one }))} />
        </div>
        <div>
          <label className="op-mute" htmlFor={id.excel}>
            {t("mapping.excel")}
          </label>
          <div>
            <Switch id={id.excel} checked={general.excel_dates} onChange={(excel_dates) => put((now) => ({ ...now, excel_dates }))} checkedChildren={t("common.yes")} unCheckedChildren={t("common.no")} />
          </div>
        </div>
      </div>
    </div>
  );
}

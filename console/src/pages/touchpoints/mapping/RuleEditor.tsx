import { ArrowDownOutlined, ArrowUpOutlined, DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Input, Select } from "antd";
import { stringify } from "yaml";
import type { Standard } from "@/api/touchpoints";
import { useText } from "@/lib/useText";
import { fresh, KINDS, type Pair, type Rule, type Section } from "./model";
import { attributeChoices, type Choice, eventChoices, fieldChoices, identifierChoices } from "./names";
import { PathInput } from "./PathInput";
import { scalarOf, scalarText } from "./paths";
import { Pick } from "./Pick";

type Put = (change: (rule: Rule) => Rule) => void;

const change = (pairs: Pair[], id: number, part: Partial<Pair>): Pair[] => pairs.map((one) => (one.id === id ? { ...one, ...part } : one));

function Remove({ what, onClick }: { what: string; onClick: () => void }) {
  const { t } = useText();
  return <Button type="text" icon={<DeleteOutlined />} aria-label={t("mapping.removeOf", { what })} onClick={onClick} />;
}

/** `type` or `type@scope`. */
function IdentifierKey({ value, choices, onChange }: { value: string; choices: Choice[]; onChange: (value: string) => void }) {
  const { t } = useText();
  const [type = "", scope = ""] = value.split("@", 2);
  const join = (kind: string, of: string): string => (of === "" ? kind : `${kind}@${of}`);
  return (
    <div className="op-identifier-key">
      <Pick label={t("mapping.identifier")} value={type} choices={choices} onChange={(next) => onChange(join(next, scope))} />
      <Input aria-label={t("mapping.scope")} placeholder={t("mapping.scopeHint")} className="op-code" value={scope} onChange={(event) => onChange(join(type, event.target.value.trim()))} />
    </div>
  );
}

function Pairs({ section, rule, choices, put }: { section: Section; rule: Rule; choices: Choice[]; put: Put }) {
  const { t } = useText();
  const set = (id: number, part: Partial<Pair>): void => put((now) => ({ ...now, [section]: change(now[section], id, part) }));
  return (
    <fieldset className="op-map-section" data-testid={`section-${section}`}>
      <legend>{t(`mapping.sections.${section}`)}</legend>
      {rule[section].map((one) => (
        <div key={one.id} className="op-map-row">
          {section === "ids" ? (
            <IdentifierKey value={one.key} choices={choices} onChange={(key) => set(one.id, { key })} />
          ) : (
            <Pick label={t(`mapping.names.${section}`)} value={one.key} choices={choices} onChange={(key) => set(one.id, { key })} />
          )}
          <PathInput label={t("mapping.placeOf", { what: one.key === "" ? t(`mapping.names.${section}`) : one.key })} value={one.value} onChange={(value) => set(one.id, { value })} testId={`path-${section}-${one.key}`} />
          <Remove what={one.key} onClick={() => put((now) => ({ ...now, [section]: now[section].filter((pair) => pair.id !== one.id) }))} />
        </div>
      ))}
      <Button size="small" type="dashed" icon={<PlusOutlined />} onClick={() => put((now) => ({ ...now, [section]: [...now[section], { id: fresh(), key: "", value: undefined }] }))} data-testid={`add-${section}`}>
        {t(`mapping.add.${section}`)}
      </Button>
    </fieldset>
  );
}

function Conditions({ rule, put }: { rule: Rule; put: Put }) {
  const { t } = useText();
  const set = (id: number, part: Partial<Pair>): void => put((now) => ({ ...now, when: change(now.when, id, part) }));
  return (
    <fieldset className="op-map-section" data-testid="section-when">
      <legend>{t("mapping.sections.when")}</legend>
      {rule.when.length === 0 && <p className="op-mute">{t("mapping.always")}</p>}
      {rule.when.map((one) => (
        <div key={one.id} className="op-map-row">
          <PathInput label={t("mapping.whenPath")} value={one.key === "" ? undefined : one.key} onChange={(key) => set(one.id, { key: key === undefined ? "" : String(key) })} />
          <Select
            mode="tags"
            open={false}
            suffixIcon={null}
            style={{ width: "100%" }}
            aria-label={t("mapping.whenValues")}
            placeholder={t("mapping.whenValues")}
            value={(one.value === undefined ? [] : Array.isArray(one.value) ? one.value : [one.value]).map(scalarText)}
            onChange={(next: string[]) => set(one.id, { value: next.length === 0 ? undefined : next.length === 1 ? scalarOf(next[0] ?? "") : next.map(scalarOf) })}
          />
          <Remove what={one.key} onClick={() => put((now) => ({ ...now, when: now.when.filter((pair) => pair.id !== one.id) }))} />
        </div>
      ))}
      <Button size="small" type="dashed" icon={<PlusOutlined />} onClick={() => put((now) => ({ ...now, when: [...now.when, { id: fresh(), key: "", value: undefined }] }))} data-testid="add-when">
        {t("mapping.add.when")}
      </Button>
    </fieldset>
  );
}

interface Props {
  rule: Rule;
  number: number;
  count: number;
  active: boolean;
  standard: Standard;
  put: Put;
  onActive: () => void;
  onMove: (by: -1 | 1) => void;
  onRemove: () => void;
}

/** One rule: when it fits, what it makes, and where each part is found. */
export function RuleEditor({ rule, number, count, active, standard, put, onActive, onMove, onRemove }: Props) {
  const { t, title } = useText();
  const event = typeof rule.event === "string" ? rule.event : "";
  const name = t("mapping.ruleOf", { number });
  const kind = rule.kind ?? "event";
  return (
    <section className="op-rule" data-active={active} aria-label={name} onFocusCapture={onActive} data-testid={`rule-${number}`}>
      <header>
        <h3>{name}</h3>
        {count > 1 && active && <span className="op-chip">{t("mapping.activeRule")}</span>}
        <span className="op-end">
          <Button type="text" size="small" icon={<ArrowUpOutlined />} disabled={number === 1} aria-label={t("mapping.moveUp", { what: name })} onClick={() => onMove(-1)} />
          <Button type="text" size="small" icon={<ArrowDownOutlined />} disabled={number === count} aria-label={t("mapping.moveDown", { what: name })} onClick={() => onMove(1)} />
          <Button type="text" size="small" icon={<DeleteOutlined />} aria-label={t("mapping.removeOf", { what: name })} onClick={onRemove} />
        </span>
      </header>
      {"raw" in rule ? (
        <>
          <p className="op-mute">{t("mapping.rawRule")}</p>
          <pre className="op-pre">{stringify(rule.raw)}</pre>
        </>
      ) : (
        <>
          <Conditions rule={rule} put={put} />
          <div className="op-map-head">
            <label>
              <span className="op-mute">{t("mapping.kind")}</span>
              <Select aria-label={t("mapping.kind")} value={kind} style={{ width: "100%" }} onChange={(next: string) => put((now) => ({ ...now, kind: next === "event" ? undefined : next }))} options={KINDS.map((one) => ({ value: one, label: t(`touchpoints.kinds.${one}`) }))} />
            </label>
            <label>
              <span className="op-mute">{t(kind === "event" ? "mapping.event" : "mapping.name")}</span>
              <Pick label={t("mapping.event")} value={event} choices={kind === "object" ? standard.objects.map((one) => ({ value: one.name, label: `${title(one.title, one.name)} ${one.name}` })) : eventChoices(standard, title)} onChange={(next) => put((now) => ({ ...now, event: next }))} testId={`event-${number}`} />
            </label>
            <label>
              <span className="op-mute">{t("mapping.messageId")}</span>
              <PathInput label={t("mapping.messageId")} value={rule.message_id} onChange={(value) => put((now) => ({ ...now, message_id: value }))} />
            </label>
            <label>
              <span className="op-mute">{t("mapping.time")}</span>
              <PathInput label={t("mapping.time")} value={rule.time} placeholder={t("mapping.timeHint")} onChange={(value) => put((now) => ({ ...now, time: value }))} />
            </label>
          </div>
          <Pairs section="ids" rule={rule} choices={identifierChoices(standard, title)} put={put} />
          <Pairs section="fields" rule={rule} choices={fieldChoices(standard, rule.event, title)} put={put} />
          <Pairs section="traits" rule={rule} choices={attributeChoices(standard, title)} put={put} />
        </>
      )}
    </section>
  );
}

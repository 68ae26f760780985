import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, Input, Select } from "antd";
import { messages } from "@/api/messages";
import type { JsonObject } from "@/conditions/model";
import { useText } from "@/lib/useText";
import { Panel } from "@/parts/PageHead";
import { ContentForm } from "./Content";
import { CATEGORIES, contents, free, object, put, renamed, text, titles, withContent } from "./definition";

interface Props {
  definition: JsonObject;
  readOnly: boolean;
  fresh: boolean;
  onChange: (definition: JsonObject) => void;
}

function Variables({ definition, readOnly, onChange }: Omit<Props, "fresh">) {
  const { t } = useText();
  const types = useQuery(messages.language()).data?.types ?? ["text"];
  const variables = object(definition.variables);
  const set = (next: JsonObject): void => onChange(put(definition, "variables", Object.keys(next).length === 0 ? undefined : next));
  return (
    <div className="op-stack" style={{ gap: 6 }}>
      {Object.entries(variables).map(([name, raw], at) => {
        const one = object(raw);
        const change = (key: string, value: string): void => set({ ...variables, [name]: put(one, key, value) });
        return (
          <div key={at} className="op-message-variable" role="group" aria-label={name}>
            <Input className="op-code" aria-label={t("reach.messages.variable")} readOnly={readOnly} value={name} onChange={(event) => event.target.value !== "" && !(event.target.value in variables) && set(renamed(variables, name, event.target.value))} />
            <Select aria-label={t("reach.messages.type")} disabled={readOnly} value={text(one.type) || "text"} onChange={(value: string) => change("type", value)} options={types.map((value) => ({ value, label: t(`reach.messages.types.${value as "text"}`, { defaultValue: value }) }))} />
            <Input className="op-code" aria-label={t("reach.messages.from")} placeholder={t("reach.messages.fromHint")} readOnly={readOnly} value={text(one.from)} onChange={(event) => change("from", event.target.value)} />
            <Input aria-label={t("reach.messages.default")} placeholder={t("reach.messages.default")} readOnly={readOnly} value={text(one.default)} onChange={(event) => change("default", event.target.value)} />
            {!readOnly && <Button type="text" icon={<DeleteOutlined />} aria-label={t("reach.messages.removeField", { name })} onClick={() => set(put(variables, name, undefined))} />}
          </div>
        );
      })}
      {!readOnly && (
        <div>
          <Button size="small" icon={<PlusOutlined />} onClick={() => set({ ...variables, [free(Object.keys(variables), "value")]: { type: "text" } })} data-testid="variable-add">
            {t("reach.messages.addVariable")}
          </Button>
        </div>
      )}
    </div>
  );
}

/** A message by its fields: what it is called, what it names, what it says on each channel. */
export function MessageForm({ definition, readOnly, fresh, onChange }: Props) {
  const { t } = useText();
  const named = titles(definition.title);
  const all = contents(definition);
  const retitle = (key: "zh" | "en", value: string): void => onChange({ ...definition, title: { ...named, [key]: value } });
  const add = (): void =>
    onChange(withContent(definition, all.length, { template: free(all.map((one) => text(one.template)), text(definition.message).toUpperCase() || "TEXT"), channel: "sms", kind: "marketing", content: { text: "" } }));
  return (
    <div className="op-stack">
      <Panel title={t("reach.messages.about")}>
        <div className="op-message-content">
          <label>
            <span className="op-mute">{t("reach.titleZh")}</span>
            <Input readOnly={readOnly} maxLength={60} value={named.zh} onChange={(event) => retitle("zh", event.target.value)} data-testid="message-title" />
          </label>
          <label>
            <span className="op-mute">{t("reach.titleEn")}</span>
            <Input readOnly={readOnly} maxLength={60} value={named.en} onChange={(event) => retitle("en", event.target.value)} />
          </label>
          <div>
            <span className="op-mute">{t("reach.category")}</span>
            <Select
              style={{ width: "100%" }}
              aria-label={t("reach.category")}
              disabled={readOnly}
              value={text(definition.category) || "promotion"}
              onChange={(category: string) => onChange({ ...definition, category })}
              options={CATEGORIES.map((value) => ({ value, label: t(`reach.categories.${value}`) }))}
            />
          </div>
        </div>
        {fresh && (
          <label style={{ display: "block", marginTop: 12, maxWidth: 320 }}>
            <span className="op-mute">{t("editor.name")}</span>
            <Input className="op-code" value={text(definition.message)} onChange={(event) => onChange({ ...definition, message: event.target.value })} data-testid="message-name" />
          </label>
        )}
      </Panel>
      <Panel title={t("reach.messages.variables")}>
        <p className="op-mute" style={{ marginTop: 0 }}>
          {t("reach.messages.variablesText")}
        </p>
        <Variables definition={definition} readOnly={readOnly} onChange={onChange} />
      </Panel>
      {all.map((content, at) => (
        <Panel key={at} title={t("reach.messages.content", { n: at + 1 })}>
          <ContentForm content={content} readOnly={readOnly} onChange={(next) => onChange(withContent(definition, at, next))} onRemove={readOnly || all.length === 1 ? undefined : () => onChange(withContent(definition, at, null))} />
        </Panel>
      ))}
      {!readOnly && (
        <div>
          <Button icon={<PlusOutlined />} onClick={add} data-testid="content-add">
            {t("reach.messages.addContent")}
          </Button>
        </div>
      )}
    </div>
  );
}

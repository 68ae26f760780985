import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, Input, Select } from "antd";
import { type MessagePart, touchpoints } from "@/api/touchpoints";
import { isObject, type Json, type JsonObject } from "@/conditions/model";
import { useText } from "@/lib/useText";
import { free, object, put, renamed, text } from "./definition";

interface FieldsProps {
  label: string;
  value: JsonObject;
  readOnly: boolean;
  onChange: (value: JsonObject) => void;
}

/** Fields that a platform's template has: by name. */
function Fields({ label, value, readOnly, onChange }: FieldsProps) {
  const { t } = useText();
  return (
    <div className="op-stack" style={{ gap: 6 }} role="group" aria-label={label}>
      {Object.entries(value).map(([name, inner], at) => (
        <div key={at} className="op-message-field">
          <Input className="op-code" aria-label={t("reach.messages.fieldName", { n: at + 1 })} readOnly={readOnly} value={name} onChange={(event) => event.target.value !== "" && !(event.target.value in value) && onChange(renamed(value, name, event.target.value))} />
          <Input aria-label={name} readOnly={readOnly || typeof inner === "object"} value={typeof inner === "object" ? JSON.stringify(inner) : text(inner)} onChange={(event) => onChange({ ...value, [name]: event.target.value })} />
          {!readOnly && <Button type="text" icon={<DeleteOutlined />} aria-label={t("reach.messages.removeField", { name })} onClick={() => onChange(put(value, name, undefined))} />}
        </div>
      ))}
      {!readOnly && (
        <div>
          <Button size="small" icon={<PlusOutlined />} onClick={() => onChange({ ...value, [free(Object.keys(value), "field")]: "" })}>
            {t("reach.messages.addField")}
          </Button>
        </div>
      )}
    </div>
  );
}

function Part({ name, label, part, value, readOnly, onChange }: { name: string; label: string; part: MessagePart | undefined; value: Json | undefined; readOnly: boolean; onChange: (value: Json | undefined) => void }) {
  const { t } = useText();
  const kind = part?.kind ?? (isObject(value) ? "object" : Array.isArray(value) ? "list" : "long_text");
  const head = (
    <span className="op-mute">
      {label} <code className="op-code">{name}</code> {part?.required === true && <span aria-hidden>*</span>}
      {part?.limit != null && t("reach.messages.limit", { n: part.limit })}
    </span>
  );
  if ((kind === "object" || kind === "mapping") && (value === undefined || isObject(value))) {
    return (
      <div>
        {head}
        <Fields label={label} value={object(value)} readOnly={readOnly} onChange={(next) => onChange(Object.keys(next).length === 0 ? undefined : next)} />
      </div>
    );
  }
  if (kind === "list" || (typeof value === "object" && value !== null)) {
    return (
      <div>
        {head}
        <div className="op-mute">{t("reach.messages.inYaml")}</div>
      </div>
    );
  }
  return (
    <label>
      {head}
      <Input.TextArea autoSize={{ minRows: kind === "long_text" ? 2 : 1, maxRows: 12 }} readOnly={readOnly} value={text(value)} onChange={(event) => onChange(event.target.value)} data-testid={`content-${name}`} />
    </label>
  );
}

/** What a message says on one channel, with the fields that its kind has there. */
export function ContentForm({ content, readOnly, onChange, onRemove }: { content: JsonObject; readOnly: boolean; onChange: (content: JsonObject) => void; onRemove: (() => void) | undefined }) {
  const { t, title } = useText();
  const channels = useQuery(touchpoints.channels()).data?.items.filter((one) => one.messages.length > 0) ?? [];
  const channel = channels.find((one) => one.name === content.channel);
  const kind = channel?.messages.find((one) => one.name === content.kind) ?? (channel?.messages.length === 1 ? channel.messages[0] : undefined);
  const said = object(content.content);
  const parts = kind?.content ?? [];
  const names = [...new Set([...parts.map((one) => one.name), ...(content.channel === "sms" ? ["text"] : []), ...Object.keys(said)])];
  return (
    <div className="op-stack" style={{ gap: 12 }}>
      <div className="op-message-content">
        <label>
          <span className="op-mute">{t("reach.messages.template")}</span>
          <Input className="op-code" readOnly={readOnly} value={text(content.template)} onChange={(event) => onChange({ ...content, template: event.target.value })} data-testid="content-template" />
        </label>
        <div>
          <span className="op-mute">{t("reach.channel")}</span>
          <Select
            style={{ width: "100%" }}
            aria-label={t("reach.channel")}
            disabled={readOnly}
            value={text(content.channel) || undefined}
            onChange={(next: string) => onChange(put({ ...content, channel: next }, "kind", channels.find((one) => one.name === next)?.messages[0]?.name))}
            options={channels.map((one) => ({ value: one.name, label: title(one.title, one.name) }))}
          />
        </div>
        <div>
          <span className="op-mute">{t("reach.messages.kind")}</span>
          <Select
            style={{ width: "100%" }}
            aria-label={t("reach.messages.kind")}
            disabled={readOnly || channel === undefined}
            value={text(content.kind) || undefined}
            onChange={(next: string) => onChange({ ...content, kind: next })}
            options={(channel?.messages ?? []).map((one) => ({ value: one.name, label: title(one.title, one.name) }))}
          />
        </div>
        {onRemove !== undefined && <Button type="text" icon={<DeleteOutlined />} aria-label={t("reach.messages.removeContent", { name: text(content.template) })} onClick={onRemove} />}
      </div>
      {names.map((name) => {
        const part = parts.find((one) => one.name === name);
        return <Part key={name} name={name} label={part === undefined ? "" : title(part.title, name)} part={part} value={said[name]} readOnly={readOnly} onChange={(next) => onChange({ ...content, content: put(said, name, next) })} />;
      })}
    </div>
  );
}

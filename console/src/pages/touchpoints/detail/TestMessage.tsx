import { SendOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, Input, Select } from "antd";
import { useId, useState } from "react";
import { queries } from "@/api/queries";
import { type MessageKind, type MessagePart, type Receipt, useSendMessage } from "@/api/touchpoints";
import { useText } from "@/lib/useText";
import { Problem } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { Status, type StatusKind } from "@/parts/Status";
import { FormRow } from "../connect/Field";
import { DataText } from "../connect/DataText";
import type { TabProps } from "./Overview";

const KINDS: Record<Receipt["state"], StatusKind> = { sent: "ok", task: "info", refused: "error", retry: "warning", unknown: "warning" };

function Part({ part, value, onChange, onBroken }: { part: MessagePart; value: unknown; onChange: (value: unknown) => void; onBroken: (broken: boolean) => void }) {
  const { title } = useText();
  const id = useId();
  const label = title(part.title, part.name);
  const text = typeof value === "string" ? value : "";
  return (
    <FormRow id={id} label={label} required={part.required}>
      {part.kind === "long_text" ? (
        <Input.TextArea id={id} autoSize={{ minRows: 3, maxRows: 8 }} maxLength={part.limit ?? undefined} showCount={part.limit !== null} value={text} onChange={(event) => onChange(event.target.value)} data-testid={`part-${part.name}`} />
      ) : part.kind === "mapping" || part.kind === "list" || part.kind === "object" ? (
        <DataText id={id} label={label} value={value} onChange={onChange} onBroken={onBroken} />
      ) : (
        <Input id={id} maxLength={part.limit ?? undefined} value={text} onChange={(event) => onChange(event.target.value)} data-testid={`part-${part.name}`} />
      )}
    </FormRow>
  );
}

function Outcome({ receipt }: { receipt: Receipt }) {
  const { t, language } = useText();
  return (
    <div role="status" className="op-stack" style={{ gap: 6 }} data-testid="receipt" data-state={receipt.state}>
      <Status kind={KINDS[receipt.state]}>{t(`touchpoints.receipts.${receipt.state}`)}</Status>
      {receipt.reason !== null && <div>{t(`touchpoints.reasons.${receipt.reason as "unknown"}`, { defaultValue: receipt.reason })}</div>}
      {receipt.detail !== "" && <div className="op-mute">{receipt.detail}</div>}
      <dl className="op-facts">
        {receipt.code !== "" && (
          <>
            <dt>{t("touchpoints.platformCode")}</dt>
            <dd className="op-code">{receipt.code}</dd>
          </>
        )}
        {receipt.provider_id !== "" && (
          <>
            <dt>{t("touchpoints.providerId")}</dt>
            <dd className="op-code">{receipt.provider_id}</dd>
          </>
        )}
        {receipt.after !== null && (
          <>
            <dt>{t("touchpoints.retryAfter")}</dt>
            <dd>{new Intl.NumberFormat(language, { style: "unit", unit: "second" }).format(receipt.after)}</dd>
          </>
        )}
      </dl>
    </div>
  );
}

function Form({ kind, name }: { kind: MessageKind; name: string }) {
  const { t, title } = useText();
  const types = useQuery(queries.standard()).data?.identifiers;
  const send = useSendMessage(name);
  const [type, setType] = useState(kind.to[0] ?? "");
  const [address, setAddress] = useState("");
  const [also, setAlso] = useState<Record<string, string>>({});
  const [content, setContent] = useState<Record<string, unknown>>({});
  const [broken, setBroken] = useState<ReadonlySet<string>>(new Set());
  const id = { to: useId(), also: useId() };
  const asked = kind.also.filter((one) => !kind.content.some((part) => part.name === one));
  const titleOf = (one: string): string => title(types?.find((known) => known.name === one)?.title, one);
  const missing = address.trim() === "" || broken.size > 0 || kind.content.some((part) => part.required && (content[part.name] ?? "") === "") || asked.some((one) => (also[one] ?? "") === "");
  return (
    <form
      className="op-stack"
      style={{ gap: 14, maxWidth: 620 }}
      onSubmit={(event) => {
        event.preventDefault();
        const given = Object.fromEntries(Object.entries(content).filter(([, value]) => value !== "" && value !== undefined));
        const others = Object.fromEntries(kind.also.map((one) => [one, also[one] ?? (typeof content[one] === "string" ? content[one] : "")]).filter(([, value]) => value !== ""));
        send.mutate({ kind: kind.name, to: { [type]: address.trim(), ...others }, content: given as Parameters<typeof send.mutate>[0]["content"] });
      }}
    >
      <FormRow id={id.to} label={t("touchpoints.to")} required help={t("touchpoints.toHelp")}>
        <div style={{ display: "grid", gridTemplateColumns: "200px 1fr", gap: 8 }}>
          <Select aria-label={t("touchpoints.toType")} value={type} onChange={setType} options={kind.to.map((one) => ({ value: one, label: titleOf(one) }))} />
          <Input id={id.to} value={address} spellCheck={false} autoComplete="off" onChange={(event) => setAddress(event.target.value)} data-testid="message-to" />
        </div>
      </FormRow>
      {asked.map((one) => (
        <FormRow key={one} id={`${id.also}-${one}`} label={titleOf(one)} required>
          <Input id={`${id.also}-${one}`} value={also[one] ?? ""} onChange={(event) => setAlso({ ...also, [one]: event.target.value })} />
        </FormRow>
      ))}
      {kind.content.map((part) => (
        <Part
          key={part.name}
          part={part}
          value={content[part.name]}
          onChange={(value) => setContent((before) => ({ ...before, [part.name]: value }))}
          onBroken={(now) =>
            setBroken((before) => {
              const next = new Set(before);
              if (now) next.add(part.name);
              else next.delete(part.name);
              return next;
            })
          }
        />
      ))}
      <div>
        <Button type="primary" htmlType="submit" icon={<SendOutlined />} disabled={missing} loading={send.isPending} data-testid="message-send">
          {t("touchpoints.send")}
        </Button>
      </div>
      {send.isError && <Problem error={send.error} />}
      {send.isSuccess && <Outcome receipt={send.data} />}
    </form>
  );
}

/** One message by hand, to oneself: does it arrive? */
export function TestMessage({ touchpoint, channel }: TabProps) {
  const { t, title } = useText();
  const [name, setName] = useState(channel.messages[0]?.name);
  const kind = channel.messages.find((one) => one.name === name);
  const id = useId();
  return (
    <Panel title={t("touchpoints.testMessage")}>
      <div className="op-stack" style={{ gap: 14 }}>
        <p className="op-mute">{t(touchpoint.sandbox ? "touchpoints.messageSandbox" : "touchpoints.messageReal")}</p>
        <FormRow id={id} label={t("touchpoints.messageKind")}>
          <Select id={id} style={{ width: "100%", maxWidth: 620 }} value={name} onChange={setName} options={channel.messages.map((one) => ({ value: one.name, label: title(one.title, one.name) }))} data-testid="message-kind" />
        </FormRow>
        {kind !== undefined && <Form key={kind.name} kind={kind} name={touchpoint.name} />}
      </div>
    </Panel>
  );
}

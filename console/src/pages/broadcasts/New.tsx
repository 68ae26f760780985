import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Button, Drawer, Input, InputNumber, Select } from "antd";
import { useState } from "react";
import { broadcasts, useSaveBroadcast } from "@/api/broadcasts";
import { messages } from "@/api/messages";
import { queries } from "@/api/queries";
import type { JsonObject } from "@/conditions/model";
import { exact } from "@/lib/format";
import { said } from "@/lib/said";
import { useText } from "@/lib/useText";
import { freshName, NAME } from "@/pages/segments/naming";
import { Problem } from "@/parts/Loaded";
import { Status } from "@/parts/Status";

/** A new broadcast: whom, what, when, how fast; how many it reaches is said before it is saved. */
export function New({ onClose }: { onClose: () => void }) {
  const { t, title, language } = useText();
  const navigate = useNavigate();
  const save = useSaveBroadcast();
  const segments = useQuery(queries.segments()).data?.items ?? [];
  const all = useQuery(messages.all()).data?.items ?? [];
  const [name, setName] = useState(() => freshName(new Date()).replace("segment", "broadcast"));
  const [label, setLabel] = useState("");
  const [segment, setSegment] = useState<string>();
  const [message, setMessage] = useState<string>();
  const [template, setTemplate] = useState<string>();
  const [start, setStart] = useState("");
  const [pace, setPace] = useState<number | null>(null);
  const chosen = useQuery({ ...messages.one(message ?? ""), enabled: message !== undefined }).data?.check;
  const contents = chosen?.contents ?? [];
  const content = contents.find((one) => one.template === template) ?? contents[0];
  const complete = segment !== undefined && message !== undefined && content !== undefined && NAME.test(name);
  const definition: JsonObject = {
    broadcast: name,
    ...(label.trim() !== "" && { title: { zh: label.trim(), en: label.trim() } }),
    message: message ?? "",
    channel: content?.channel ?? "",
    template: content?.template ?? "",
    audience: { segment: segment ?? "" },
    ...(start !== "" && { start }),
    ...(pace !== null && { pace: { count: pace, per: "minute" } }),
  };
  const check = useQuery({ ...broadcasts.check(definition), enabled: complete });
  const found = complete ? check.data : undefined;
  return (
    <Drawer
      open
      size={520}
      title={t("reach.broadcasts.new")}
      onClose={onClose}
      footer={
        <div className="op-row" style={{ justifyContent: "flex-end" }}>
          <Button type="primary" disabled={found === undefined || found.problems.length > 0 || check.isFetching} loading={save.isPending} onClick={() => save.mutate(definition, { onSuccess: (made) => void navigate({ to: "/broadcasts/$name", params: { name: made.name } }) })} data-testid="broadcast-save">
            {t("common.save")}
          </Button>
        </div>
      }
    >
      <div className="op-stack" style={{ gap: 12 }}>
        <label>
          <span className="op-mute">{t("reach.titleZh")}</span>
          <Input value={label} maxLength={60} onChange={(event) => setLabel(event.target.value)} data-testid="broadcast-title" />
        </label>
        <label>
          <span className="op-mute">{t("editor.name")}</span>
          <Input className="op-code" value={name} status={NAME.test(name) ? undefined : "error"} onChange={(event) => setName(event.target.value)} data-testid="broadcast-name" />
        </label>
        <Select showSearch={{ optionFilterProp: "label" }} aria-label={t("nav.segments")} placeholder={t("nav.segments")} value={segment} onChange={setSegment} options={segments.map((one) => ({ value: one.name, label: title(one.title, one.name) }))} data-testid="broadcast-segment" />
        <Select showSearch={{ optionFilterProp: "label" }} aria-label={t("reach.message")} placeholder={t("reach.message")} value={message} onChange={setMessage} options={all.map((one) => ({ value: one.name, label: title(one.title, one.name) }))} data-testid="broadcast-message" />
        <Select aria-label={t("reach.messages.template")} placeholder={t("reach.messages.template")} disabled={message === undefined} value={content?.template} onChange={setTemplate} options={contents.map((one) => ({ value: one.template, label: `${title(one.channel_title, one.channel)} · ${one.template}` }))} data-testid="broadcast-template" />
        <label>
          <span className="op-mute">{t("reach.broadcasts.when")}</span>
          <Input type="datetime-local" value={start} onChange={(event) => setStart(event.target.value)} />
        </label>
        <label>
          <span className="op-mute">{t("reach.broadcasts.pace")}</span>
          <InputNumber style={{ width: "100%" }} min={1} precision={0} value={pace} onChange={setPace} />
        </label>
        <div role="status" data-testid="broadcast-count">
          {found?.audience != null && <Status kind="info">{t("reach.broadcasts.audience", { n: exact(found.audience, language) })}</Status>}
          {chosen !== undefined && chosen.run.length > 0 && <Status kind="warning">{t("reach.broadcasts.run", { names: chosen.run.join(" ") })}</Status>}
          {found?.problems.map((one) => (
            <div key={one.place + one.message}>
              <Status kind="error">
                <code className="op-code">{one.place}</code> {said(one.message, language)}
              </Status>
            </div>
          ))}
        </div>
        {check.isError && <Problem error={check.error} />}
        {save.isError && <Problem error={save.error} />}
      </div>
    </Drawer>
  );
}

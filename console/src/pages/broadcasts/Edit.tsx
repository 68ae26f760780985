import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Button, DatePicker, Drawer, Input, InputNumber, Select, Space, Switch } from "antd";
import dayjs from "dayjs";
import { useCallback, useMemo, useState } from "react";
import { type BroadcastDetail, broadcasts, useSaveBroadcast } from "@/api/broadcasts";
import { messages } from "@/api/messages";
import { SpanInput } from "@/conditions/editor/Inputs";
import type { Json, JsonObject } from "@/conditions/model";
import { exact } from "@/lib/format";
import { said } from "@/lib/said";
import { useText } from "@/lib/useText";
import { object, put, text, titles } from "@/pages/messages/definition";
import { freshName, NAME } from "@/pages/segments/naming";
import { Problem } from "@/parts/Loaded";
import { Status } from "@/parts/Status";
import { Audience, complete } from "./Audience";

const PERS = ["second", "minute", "hour", "day"] as const;
/** A time without a zone: the workspace's, as the field shows it. */
const LOCAL = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/;

const fresh = (): JsonObject => ({ broadcast: freshName(new Date()).replace("segment", "broadcast"), message: "", channel: "", audience: { segment: "" } });

/** A broadcast's draft, new or again: whom, what, when, how fast; how many it reaches is said before it is saved. */
export function Edit({ broadcast, onClose }: { broadcast?: BroadcastDetail; onClose: () => void }) {
  const { t, title, language } = useText();
  const navigate = useNavigate();
  // The one that was opened: what others save meanwhile may be loaded beneath.
  const [version] = useState(broadcast?.version);
  const save = useSaveBroadcast(broadcast?.name, version);
  const all = useQuery(messages.all()).data?.items ?? [];
  const [written, setWritten] = useState<JsonObject>(() => broadcast?.definition ?? fresh());
  const set = useCallback((key: string, value: Json | undefined) => setWritten((before) => put(before, key, value)), []);
  const name = text(written.broadcast);
  const message = text(written.message);
  const audience = object(written.audience);
  const pace = object(written.pace);
  const start = text(written.start);
  const called = titles(written.title);
  const chosen = useQuery({ ...messages.one(message), enabled: message !== "" }).data?.check;
  const contents = chosen?.contents ?? [];
  const content = contents.find((one) => one.template === text(written.template)) ?? contents[0];
  // What the chosen message says first stands for a content that nobody chose.
  const definition = useMemo(() => (content === undefined ? written : { ...written, channel: content.channel, template: content.template }), [written, content]);
  const ready = complete(audience) && message !== "" && content !== undefined && NAME.test(name);
  const check = useQuery({ ...broadcasts.check(definition), enabled: ready });
  const found = ready ? check.data : undefined;
  const problems = found?.problems ?? [];
  const inside = problems.filter((one) => one.place.startsWith("audience.who")).map((one) => ({ ...one, place: one.place.replace(/^audience\.who\.?/, "") }));
  const rename = (label: string): void => set("title", label.trim() === "" ? undefined : called.en === "" || called.en === called.zh ? { zh: label, en: label } : { ...called, [language === "en" ? "en" : "zh"]: label });
  const whom = useCallback((next: JsonObject) => set("audience", next), [set]);
  return (
    <Drawer
      open
      size={640}
      title={broadcast === undefined ? t("reach.broadcasts.new") : t("reach.broadcasts.edit")}
      onClose={onClose}
      footer={
        <div className="op-row" style={{ justifyContent: "flex-end" }}>
          <Button
            type="primary"
            disabled={found === undefined || problems.length > 0 || check.isFetching}
            loading={save.isPending}
            onClick={() => save.mutate(definition, { onSuccess: (made) => (broadcast === undefined ? void navigate({ to: "/broadcasts/$name", params: { name: made.name } }) : onClose()) })}
            data-testid="broadcast-save"
          >
            {t("common.save")}
          </Button>
        </div>
      }
    >
      <div className="op-stack" style={{ gap: 12 }}>
        {broadcast?.approval != null && <Status kind="warning">{t("reach.broadcasts.askAgain")}</Status>}
        <label>
          <span className="op-mute">{t("reach.broadcasts.title")}</span>
          <Input value={language === "en" ? called.en : called.zh} maxLength={60} onChange={(event) => rename(event.target.value)} data-testid="broadcast-title" />
        </label>
        <label>
          <span className="op-mute">{t("editor.name")}</span>
          <Input className="op-code" readOnly={broadcast !== undefined} value={name} status={NAME.test(name) ? undefined : "error"} onChange={(event) => setWritten({ ...written, broadcast: event.target.value })} data-testid="broadcast-name" />
        </label>
        <Audience audience={audience} problems={inside} onChange={whom} />
        <Select showSearch={{ optionFilterProp: "label" }} aria-label={t("reach.message")} placeholder={t("reach.message")} value={message || undefined} onChange={(next: string) => setWritten({ ...put(put(written, "template", undefined), "kind", undefined), message: next })} options={all.map((one) => ({ value: one.name, label: title(one.title, one.name) }))} data-testid="broadcast-message" />
        <Link to="/messages/new" target="_blank">
          {t("reach.broadcasts.newMessage")}
        </Link>
        <Select aria-label={t("reach.messages.template")} placeholder={t("reach.messages.template")} disabled={message === ""} value={content?.template} onChange={(next: string) => setWritten({ ...put(written, "kind", undefined), template: next })} options={contents.map((one) => ({ value: one.template, label: `${title(one.channel_title, one.channel)} · ${one.template}` }))} data-testid="broadcast-template" />
        <label>
          <span className="op-mute">{t("reach.broadcasts.when")}</span>
          {start === "" || LOCAL.test(start) ? (
            <DatePicker style={{ width: "100%" }} showTime={{ format: "HH:mm" }} format="YYYY-MM-DD HH:mm" value={start === "" ? null : dayjs(start)} onChange={(next) => set("start", next === null ? undefined : next.format("YYYY-MM-DDTHH:mm"))} data-testid="broadcast-when" />
          ) : (
            <Input className="op-code" value={start} onChange={(event) => set("start", event.target.value || undefined)} data-testid="broadcast-when" />
          )}
        </label>
        <label>
          <span className="op-mute">{t("reach.broadcasts.pace")}</span>
          <Space.Compact block>
            <InputNumber style={{ width: "100%" }} min={1} precision={0} value={typeof pace.count === "number" ? pace.count : null} onChange={(count) => set("pace", count === null ? undefined : { per: "minute", ...pace, count })} data-testid="broadcast-pace" />
            <Select style={{ width: 120 }} aria-label={t("reach.policies.per")} disabled={!("count" in pace)} value={text(pace.per) || ("count" in pace ? "second" : "minute")} onChange={(per: string) => set("pace", { ...pace, per })} options={PERS.map((value) => ({ value, label: t(`reach.policies.paces.${value}`) }))} />
          </Space.Compact>
        </label>
        <details>
          <summary>{t("reach.more")}</summary>
          <div className="op-stack" style={{ gap: 12, marginTop: 8 }}>
            <div className="op-row">
              <span>{t("reach.broadcasts.expire")}</span>
              <SpanInput label={t("reach.broadcasts.expire")} units={["minute", "hour", "day"]} value={text(written.expire_after) || "24 hours"} onChange={(next) => set("expire_after", next)} />
            </div>
            <div className="op-row">
              <Switch aria-label={t("reach.broadcasts.control")} checked={written.respect_global_control !== false} onChange={(on) => set("respect_global_control", on ? undefined : false)} />
              <span>{t("reach.broadcasts.control")}</span>
            </div>
          </div>
        </details>
        <div role="status" data-testid="broadcast-count">
          {found?.audience != null && <Status kind="info">{t("reach.broadcasts.audience", { n: exact(found.audience, language), count: found.audience })}</Status>}
          {chosen !== undefined && chosen.run.length > 0 && <Status kind="warning">{t("reach.broadcasts.run", { names: chosen.run.join(" ") })}</Status>}
          {problems.map((one) => (
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

import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Button, Checkbox, Drawer, Input, Select, Tabs } from "antd";
import { lazy, Suspense, useState } from "react";
import { type DestinationDetail, useSaveDestination } from "@/api/destinations";
import { queries } from "@/api/queries";
import type { JsonObject } from "@/conditions/model";
import { useText } from "@/lib/useText";
import { Problem, Waiting } from "@/parts/Loaded";
import { object, put, text } from "@/pages/messages/definition";
import { Columns } from "./Columns";
import { aimed, columnsOf, EMPTY, FOR, turned, written } from "./model";
import { Target } from "./Target";
import { EVERIES, useWords, WHATS } from "./words";

const YamlEdit = lazy(() => import("@/pages/messages/YamlEdit").then((part) => ({ default: part.YamlEdit })));

interface FieldsProps {
  value: JsonObject;
  secrets: Record<string, string>;
  onChange: (value: JsonObject) => void;
  onSecrets: (secrets: Record<string, string>) => void;
}

function Fields({ value, secrets, onChange, onSecrets }: FieldsProps) {
  const { t, title } = useText();
  const words = useWords();
  const names = useQuery(queries.names()).data;
  const what = WHATS.find((one) => one === value.what) ?? "profiles";
  const members = FOR[what];
  const every = typeof value.every === "number" ? value.every : 3600;
  const ads = object(value.to).kind === "ads";
  const told = ads || object(value.to).kind === "webhook";
  return (
    <div className="op-stack" style={{ gap: 12 }}>
      <div>
        <span className="op-mute">{t("outlets.what")}</span>
        <Select style={{ width: "100%" }} aria-label={t("outlets.what")} value={what} onChange={(next) => onChange(turned(value, next))} options={WHATS.map((one) => ({ value: one, label: words.what(one), disabled: ads && one !== "members" }))} data-testid="destination-what" />
      </div>
      {members !== undefined && (
        <div>
          <span className="op-mute">{t(`outlets.${members}`)}</span>
          <Select
            mode="multiple"
            showSearch={{ optionFilterProp: "label" }}
            style={{ width: "100%" }}
            aria-label={t(`outlets.${members}`)}
            value={Array.isArray(value[members]) ? value[members].map(text) : []}
            onChange={(next: string[]) => onChange(put(value, members, next.length === 0 ? undefined : next))}
            options={(names?.[members] ?? []).map((one) => ({ value: one.name, label: title(one.title, one.name) }))}
            data-testid="destination-members"
          />
        </div>
      )}
      <Target value={object(value.to)} secrets={secrets} onChange={(to) => onChange(aimed(value, to))} onSecrets={onSecrets} />
      {ads ? <p className="op-mute">{t("outlets.adsNote")}</p> : <Columns what={what} columns={columnsOf(value.columns)} onChange={(columns) => onChange({ ...value, columns: written(columns) })} />}
      <label>
        <span className="op-mute">{t("outlets.purpose")}</span>
        <Input value={text(value.purpose)} placeholder={t("outlets.purposeNote")} onChange={(event) => onChange({ ...value, purpose: event.target.value })} data-testid="destination-purpose" />
      </label>
      <div>
        <span className="op-mute">{t("outlets.mode")}</span>
        <Select style={{ width: "100%" }} aria-label={t("outlets.mode")} value={text(value.mode) === "full" ? "full" : "changes"} onChange={(mode: string) => onChange({ ...value, mode })} options={(["changes", "full"] as const).map((one) => ({ value: one, label: t(`outlets.modes.${one}`) }))} />
      </div>
      <div>
        <span className="op-mute">{t("outlets.gone")}</span>
        <Select
          style={{ width: "100%" }}
          aria-label={t("outlets.gone")}
          value={text(value.gone) || "delete"}
          onChange={(gone: string) => onChange({ ...value, gone })}
          options={(["delete", "mark", "keep"] as const).map((one) => ({ value: one, label: t(`outlets.gones.${one}`), disabled: told && one === "mark" }))}
        />
      </div>
      <div>
        <span className="op-mute">{t("outlets.every")}</span>
        <Select style={{ width: "100%" }} aria-label={t("outlets.every")} value={every} onChange={(next: number) => onChange({ ...value, every: next })} options={[...new Set<number>([...EVERIES, every])].map((one) => ({ value: one, label: words.every(one) }))} data-testid="destination-every" />
      </div>
      <Checkbox checked={value.paused === true} onChange={(event) => onChange(put(value, "paused", event.target.checked ? true : undefined))}>
        {t("outlets.pausedText")}
      </Checkbox>
    </div>
  );
}

/** A destination by its fields or as YAML. */
export function Edit({ detail, onClose }: { detail: DestinationDetail | undefined; onClose: () => void }) {
  const { t } = useText();
  const navigate = useNavigate();
  const save = useSaveDestination();
  const [name, setName] = useState(detail?.name ?? "");
  const [value, setValue] = useState<JsonObject>(detail?.body ?? EMPTY);
  const [secrets, setSecrets] = useState<Record<string, string>>({});
  const [broken, setBroken] = useState(false);
  const [reason, setReason] = useState("");
  const [tab, setTab] = useState("form");
  const fresh = detail === undefined;
  const act = (): void => {
    const typed = Object.fromEntries(Object.entries(secrets).filter(([, secret]) => secret !== ""));
    save.mutate(
      { name, body: value, secrets: typed, version: detail?.version, reason },
      {
        onSuccess: (saved) => {
          if (fresh) void navigate({ to: "/destinations/$name", params: { name: saved.name } });
          else onClose();
        },
      },
    );
  };
  return (
    <Drawer
      open
      size={600}
      title={fresh ? t("outlets.new") : t("outlets.edit")}
      onClose={onClose}
      footer={
        <div className="op-row" style={{ justifyContent: "flex-end" }}>
          {!fresh && <Input style={{ width: 240 }} aria-label={t("outlets.reason")} placeholder={t("outlets.reason")} value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />}
          <Button type="primary" disabled={broken || !/^[A-Za-z0-9_]{1,60}$/.test(name)} loading={save.isPending} onClick={act} data-testid="destination-save">
            {t("common.save")}
          </Button>
        </div>
      }
    >
      {save.isError && <Problem error={save.error} />}
      {fresh && (
        <label>
          <span className="op-mute">{t("outlets.name")}</span>
          <Input className="op-code" spellCheck={false} value={name} onChange={(event) => setName(event.target.value)} data-testid="destination-name" />
        </label>
      )}
      <Tabs
        activeKey={tab}
        destroyOnHidden
        onChange={setTab}
        items={[
          { key: "form", label: t("outlets.form"), disabled: broken, children: <Fields value={value} secrets={secrets} onChange={setValue} onSecrets={setSecrets} /> },
          {
            key: "yaml",
            label: "YAML",
            children: (
              <Suspense fallback={<Waiting rows={8} />}>
                <YamlEdit value={value} readOnly={false} onChange={setValue} onBroken={setBroken} />
              </Suspense>
            ),
          },
        ]}
      />
    </Drawer>
  );
}

import { DeleteOutlined, EditOutlined, PauseCircleOutlined, PlayCircleOutlined } from "@ant-design/icons";
import { useNavigate } from "@tanstack/react-router";
import { App, Button, Drawer, Select, Switch } from "antd";
import { useId, useState } from "react";
import { type Change, changeOf, type Detail, type Setting, useDeleteTouchpoint, useSaveTouchpoint } from "@/api/touchpoints";
import { useMay } from "@/lib/session";
import { author } from "@/lib/title";
import { useText } from "@/lib/useText";
import { Dash, Time } from "@/parts/Figures";
import { Problem, useErrorText } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { Status } from "@/parts/Status";
import { Value } from "@/parts/Value";
import { PlatformSide } from "../connect/PlatformSide";
import { SettingsForm } from "../connect/SettingsForm";
import { TestSteps } from "../connect/TestSteps";
import { TypedConfirm } from "../TypedConfirm";
import { drawnElsewhere } from "../words";
import type { TabProps } from "./Overview";
import { Versions } from "./Versions";

const FORM = "touchpoint-edit";
const JOINING = ["free", "consent", "never"] as const;

function SettingValue({ touchpoint, setting }: { touchpoint: Detail; setting: Setting }) {
  const { t, title } = useText();
  if (setting.kind === "secret") {
    const secret = touchpoint.secrets.find((one) => one.setting === setting.name);
    if (secret?.reference == null) return setting.required ? <Status kind="warning">{t("touchpoints.notKept")}</Status> : <Dash />;
    return (
      <>
        <Status kind={secret.found ? "ok" : "error"}>{t(secret.found ? "touchpoints.kept" : "touchpoints.keptLost")}</Status> <code className="op-code op-mute">{secret.reference}</code>
      </>
    );
  }
  const value = touchpoint.settings[setting.name];
  const shown = value ?? setting.default;
  if (shown === null || shown === undefined || shown === "") return setting.required ? <Status kind="warning">{t("touchpoints.faults.missing")}</Status> : <Dash />;
  const words = setting.kind === "choice" && typeof shown === "string" ? title(setting.options[shown], shown) : shown;
  return (
    <>
      <Value value={words} />
      {value === undefined && <span className="op-mute"> ({t("touchpoints.byDefault")})</span>}
    </>
  );
}

function Summary({ touchpoint, channel }: TabProps) {
  const { t, title } = useText();
  const drawn = channel.settings.filter((one) => !drawnElsewhere(channel.name, one.name));
  if (drawn.length === 0) return <p className="op-mute">{t("touchpoints.noSettings")}</p>;
  return (
    <dl className="op-facts" data-testid="settings">
      {drawn.map((one) => (
        <div key={one.name} style={{ display: "contents" }}>
          <dt>{title(one.title, one.name)}</dt>
          <dd>
            <SettingValue touchpoint={touchpoint} setting={one} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** Pausing, the sandbox and joining: each takes effect at once and can be switched back. */
function Switches({ touchpoint }: { touchpoint: Detail }) {
  const { t } = useText();
  const may = useMay("touchpoints.write");
  const save = useSaveTouchpoint();
  const id = { sandbox: useId(), joining: useId() };
  const put = (part: Partial<Change>): void => save.mutate({ name: touchpoint.name, secrets: {}, body: { ...changeOf(touchpoint), ...part } });
  return (
    <div className="op-stack" style={{ gap: 14 }}>
      <div className="op-switch">
        <div>
          <strong>{t(touchpoint.paused ? "touchpoints.isPaused" : "touchpoints.isRunning")}</strong>
          <p className="op-mute">{t("touchpoints.pauseText")}</p>
        </div>
        <Button icon={touchpoint.paused ? <PlayCircleOutlined /> : <PauseCircleOutlined />} disabled={!may} loading={save.isPending} onClick={() => put({ paused: !touchpoint.paused })} data-testid="touchpoint-pause">
          {t(touchpoint.paused ? "touchpoints.resume" : "touchpoints.pause")}
        </Button>
      </div>
      <div className="op-switch">
        <div>
          <label htmlFor={id.sandbox}>
            <strong>{t("touchpoints.sandbox")}</strong>
          </label>
          <p className="op-mute">{t("touchpoints.sandboxHelp")}</p>
        </div>
        <Switch id={id.sandbox} checked={touchpoint.sandbox} disabled={!may} loading={save.isPending} onChange={(sandbox) => put({ sandbox })} checkedChildren={t("common.yes")} unCheckedChildren={t("common.no")} data-testid="sandbox-switch" />
      </div>
      <div className="op-switch">
        <div>
          <label htmlFor={id.joining}>
            <strong>{t("touchpoints.joining")}</strong>
          </label>
          <p className="op-mute">{t("touchpoints.joiningHelp")}</p>
        </div>
        <Select id={id.joining} style={{ width: 170 }} disabled={!may} value={touchpoint.joining} onChange={(joining: Detail["joining"]) => put({ joining })} options={JOINING.map((one) => ({ value: one, label: t(`oneid.joining.${one}`) }))} />
      </div>
      {save.isError && <Problem error={save.error} />}
    </div>
  );
}

function Remove({ touchpoint }: { touchpoint: Detail }) {
  const { t, title } = useText();
  const { message } = App.useApp();
  const navigate = useNavigate();
  const remove = useDeleteTouchpoint();
  const errorText = useErrorText();
  const [asking, setAsking] = useState(false);
  const act = (): void =>
    remove.mutate(
      { name: touchpoint.name, reason: "" },
      {
        onSuccess: () => void navigate({ to: "/touchpoints" }),
        onError: (error) => void message.error([errorText(error).title, ...errorText(error).details].join(" "), 8),
      },
    );
  return (
    <>
      <Button danger icon={<DeleteOutlined />} onClick={() => setAsking(true)} data-testid="touchpoint-remove">
        {t("touchpoints.remove")}
      </Button>
      {asking && (
        <TypedConfirm
          title={t("touchpoints.removeOf", { touchpoint: title(touchpoint.title, touchpoint.name) })}
          text={t("touchpoints.removeText")}
          name={touchpoint.name}
          act={t("touchpoints.remove")}
          busy={remove.isPending}
          onConfirm={act}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}

export function Settings({ touchpoint, channel }: TabProps) {
  const { t, title } = useText();
  const may = useMay("touchpoints.write");
  const [editing, setEditing] = useState(false);
  const [busy, setBusy] = useState(false);
  return (
    <div className="op-two">
      <div className="op-stack">
        <Panel
          title={t("touchpoints.settings")}
          extra={
            may && (
              <Button icon={<EditOutlined />} onClick={() => setEditing(true)} data-testid="touchpoint-edit">
                {t("touchpoints.edit")}
              </Button>
            )
          }
        >
          <Summary touchpoint={touchpoint} channel={channel} />
        </Panel>
        <Panel title={t("touchpoints.onTheirSide")}>
          <PlatformSide touchpoint={touchpoint} channel={channel} />
        </Panel>
        {may && <Versions touchpoint={touchpoint} />}
      </div>
      <div className="op-stack">
        <Panel title={t("touchpoints.switches")}>
          <Switches touchpoint={touchpoint} />
        </Panel>
        {may && channel.installed && (
          <Panel title={t("touchpoints.tryIt")}>
            <TestSteps name={touchpoint.name} />
          </Panel>
        )}
        <Panel title={t("touchpoints.about")}>
          <p>
            {t("segments.versionBy", { version: touchpoint.version, author: author(touchpoint.author) })} · <Time at={touchpoint.changed_at} show="relative" />
          </p>
          {may && (
            <div style={{ marginTop: 12 }}>
              <Remove touchpoint={touchpoint} />
            </div>
          )}
        </Panel>
      </div>
      {editing && (
        <Drawer
          open
          size={640}
          title={t("touchpoints.editOf", { touchpoint: title(touchpoint.title, touchpoint.name) })}
          mask={{ closable: false }}
          onClose={() => setEditing(false)}
          footer={
            <div className="op-row" style={{ justifyContent: "flex-end" }}>
              <Button onClick={() => setEditing(false)}>{t("touchpoints.cancel")}</Button>
              <Button type="primary" htmlType="submit" form={FORM} loading={busy} data-testid="touchpoint-save">
                {t("common.save")}
              </Button>
            </div>
          }
        >
          <SettingsForm channel={channel} existing={touchpoint} name={touchpoint.name} taken={[]} formId={FORM} onBusy={setBusy} onSaved={() => setEditing(false)} />
        </Drawer>
      )}
    </div>
  );
}

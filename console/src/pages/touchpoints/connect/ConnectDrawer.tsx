import { ArrowLeftOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button, Drawer } from "antd";
import { useState } from "react";
import { type Channel, type Detail, touchpoints } from "@/api/touchpoints";
import { useText } from "@/lib/useText";
import { Loaded } from "@/parts/Loaded";
import { Status } from "@/parts/Status";
import { ChannelMark } from "../ChannelMark";
import { freshName } from "./form";
import { Gallery, useWays } from "./Gallery";
import { PlatformSide } from "./PlatformSide";
import { SettingsForm } from "./SettingsForm";
import { TestSteps } from "./TestSteps";

const FORM = "touchpoint-form";

interface Props {
  /** `gallery`, or the channel whose form is open. */
  at: string;
  /** The touchpoint that was just made. */
  made: string | undefined;
  taken: readonly string[];
  go: (at: string | undefined, made?: string) => void;
}

function Made({ channel, name }: { channel: Channel; name: string }) {
  const { t } = useText();
  const detail = useQuery(touchpoints.one(name));
  return (
    <Loaded query={detail} rows={6}>
      {(data) => (
        <div className="op-stack">
          <p role="status">
            <Status kind="ok">{t("touchpoints.saved")}</Status>
          </p>
          <h3>{t("touchpoints.onTheirSide")}</h3>
          <PlatformSide touchpoint={data} channel={channel} />
          {channel.installed && (
            <>
              <h3>{t("touchpoints.tryIt")}</h3>
              <TestSteps name={name} primary />
            </>
          )}
        </div>
      )}
    </Loaded>
  );
}

/** Connecting in three steps: which channel, its settings, and what is done on the platform's side. */
export function ConnectDrawer({ at, made, taken, go }: Props) {
  const { t, title } = useText();
  const list = useQuery(touchpoints.channels());
  const ways = useWays();
  const [busy, setBusy] = useState(false);
  const channel = list.data?.items.find((one) => one.name === at);
  const step = channel === undefined ? "gallery" : made === undefined ? "form" : "made";
  const heading = channel === undefined ? t("touchpoints.connectTitle") : t("touchpoints.connectOf", { channel: title(channel.title, channel.name) });
  return (
    <Drawer
      open
      size={640}
      title={heading}
      onClose={() => go(undefined)}
      mask={{ closable: step === "gallery" }}
      data-testid="connect-drawer"
      footer={
        step === "gallery" ? null : (
          <div className="op-row" style={{ justifyContent: "space-between" }}>
            {step === "form" ? (
              <>
                <Button icon={<ArrowLeftOutlined />} onClick={() => go("gallery")}>
                  {t("touchpoints.otherChannel")}
                </Button>
                <Button type="primary" htmlType="submit" form={FORM} loading={busy} data-testid="touchpoint-save">
                  {t("touchpoints.connect")}
                </Button>
              </>
            ) : (
              <>
                <Button onClick={() => go(undefined)}>{t("touchpoints.close")}</Button>
                <Link to="/touchpoints/$name" params={{ name: made ?? "" }} search={{ tab: channel?.name === "webhook" ? "mapping" : "arrivals" }} data-testid="to-touchpoint">
                  {t(channel?.name === "webhook" ? "touchpoints.toMapping" : "touchpoints.toArrivals")}
                </Link>
              </>
            )}
          </div>
        )
      }
    >
      <Loaded query={list} rows={10}>
        {(data) =>
          channel === undefined ? (
            <Gallery channels={data.items} onChoose={(one) => go(one.name)} />
          ) : made === undefined ? (
            <>
              <div className="op-row" style={{ marginBottom: 16 }}>
                <ChannelMark channel={channel.name} />
                <span className="op-mute">{ways(channel)}</span>
              </div>
              <SettingsForm key={channel.name} channel={channel} name={freshName(channel.name, taken)} taken={taken} formId={FORM} onBusy={setBusy} onSaved={(saved: Detail) => go(channel.name, saved.name)} />
            </>
          ) : (
            <Made channel={channel} name={made} />
          )
        }
      </Loaded>
    </Drawer>
  );
}

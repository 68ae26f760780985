import { Tabs } from "antd";
import type { Channel, Detail } from "@/api/touchpoints";
import { useText } from "@/lib/useText";
import { Copy } from "@/parts/Loaded";
import { callbackOf, takesSdk } from "../words";

function CopyLine({ label, text, testId }: { label: string; text: string; testId?: string }) {
  const { t } = useText();
  return (
    <div className="op-copyline">
      <span className="op-mute">{label}</span>
      <code className="op-code" data-testid={testId}>
        {text}
      </code>
      <Copy text={text} label={t("touchpoints.copyOf", { what: label })} />
    </div>
  );
}

function Snippet({ code, label }: { code: string; label: string }) {
  const { t } = useText();
  return (
    <div className="op-snippet">
      <pre className="op-pre">{code}</pre>
      <Copy text={code} label={t("touchpoints.copyOf", { what: label })} />
    </div>
  );
}

/** Code for the SDKs that people have already; they are used unmodified. */
function Snippets({ writeKey }: { writeKey: string }) {
  const { t } = useText();
  const host = window.location.origin;
  const segment = `analytics.load("${writeKey}", {\n  cdnURL: "${host}",\n  integrations: { "Segment.io": { apiHost: "${window.location.host}/v1", protocol: "${window.location.protocol.replace(":", "")}" } },\n});`;
  const server = `analytics.write_key = "${writeKey}"\nanalytics.host = "${host}"`;
  const sensors = `sensors.init({\n  server_url: "${host}/sa?project=default&token=${writeKey}",\n});`;
  const curl = `curl -u ${writeKey}: ${host}/v1/track \\\n  -H "Content-Type: application/json" \\\n  -d '{"userId": "u-1", "event": "page_viewed"}'`;
  const items = [
    { key: "segment", label: "Segment / RudderStack", code: segment },
    { key: "sensors", label: t("touchpoints.sensors"), code: sensors },
    { key: "python", label: "Python", code: server },
    { key: "http", label: "HTTP", code: curl },
  ];
  return <Tabs size="small" items={items.map(({ key, label, code }) => ({ key, label, children: <Snippet code={code} label={label} /> }))} />;
}

/** What is done on the platform's side: the callback's address, the steps, or the write key and its SDKs. */
export function PlatformSide({ touchpoint, channel }: { touchpoint: Detail; channel: Channel }) {
  const { t, title } = useText();
  const steps = channel.instructions === null ? [] : title(channel.instructions, "").split("\n");
  const sdk = takesSdk(channel);
  return (
    <div className="op-stack" style={{ gap: 12 }}>
      {touchpoint.hook_path !== null && (
        <CopyLine label={t("touchpoints.callback")} text={callbackOf(touchpoint.hook_path, touchpoint.settings, t("touchpoints.yourSecret"))} testId="callback" />
      )}
      {steps.length > 0 && (
        <ol className="op-instructions" data-testid="instructions">
          {steps.map((step) => (
            <li key={step}>{step.replace(/^\d+[.\u3001]\s*/, "")}</li>
          ))}
        </ol>
      )}
      {sdk && touchpoint.write_key !== null && (
        <>
          <CopyLine label={t("touchpoints.writeKey")} text={touchpoint.write_key} testId="write-key" />
          <p className="op-mute">{t("touchpoints.writeKeyHelp")}</p>
          <Snippets writeKey={touchpoint.write_key} />
        </>
      )}
      {sdk && touchpoint.write_key === null && <p className="op-mute">{t("touchpoints.writeKeyHidden")}</p>}
    </div>
  );
}

import { useQuery } from "@tanstack/react-query";
import { Button, Input, Select } from "antd";
import { useState } from "react";
import { type MessageCheck, useTestSend } from "@/api/messages";
import { queries } from "@/api/queries";
import { touchpoints } from "@/api/touchpoints";
import { useText } from "@/lib/useText";
import { Problem } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { Status } from "@/parts/Status";

/** Sends a saved content with made-up values to an address of one's own. */
export function TestSend({ name, contents, changed }: { name: string; contents: MessageCheck["contents"]; changed: boolean }) {
  const { t, title } = useText();
  const accounts = useQuery(queries.touchpoints()).data?.items ?? [];
  const channels = useQuery(touchpoints.channels()).data?.items ?? [];
  const send = useTestSend(name);
  const [template, setTemplate] = useState(contents[0]?.template);
  const [account, setAccount] = useState<string>();
  const [address, setAddress] = useState<Record<string, string>>({});
  const content = contents.find((one) => one.template === template) ?? contents[0];
  const choices = accounts.filter((one) => one.channel === content?.channel);
  const touchpoint = choices.find((one) => one.name === account)?.name ?? choices[0]?.name;
  const kinds = channels.find((one) => one.name === content?.channel)?.messages ?? [];
  const kind = kinds.find((one) => one.name === content?.kind) ?? kinds[0];
  const wanted = kind === undefined ? [] : [...kind.to.slice(0, 1), ...kind.also];
  const ready = content !== undefined && touchpoint !== undefined && wanted.every((one) => (address[one] ?? "").trim() !== "") && !changed;
  const go = (): void => {
    if (content !== undefined && touchpoint !== undefined) send.mutate({ template: content.template, touchpoint, to: Object.fromEntries(wanted.map((one) => [one, (address[one] ?? "").trim()])) });
  };
  const platform = send.data === undefined ? "" : [send.data.code, send.data.detail].filter((one) => one !== "").join(" ");
  return (
    <Panel title={t("reach.messages.test")} testId="message-test">
      <div className="op-stack" style={{ gap: 8 }}>
        <Select aria-label={t("reach.messages.template")} value={content?.template} onChange={setTemplate} options={contents.map((one) => ({ value: one.template, label: `${title(one.channel_title, one.channel)} · ${one.template}` }))} />
        <Select aria-label={t("reach.messages.account")} placeholder={t("reach.messages.account")} value={touchpoint} onChange={setAccount} options={choices.map((one) => ({ value: one.name, label: title(one.title, one.name) }))} />
        {wanted.map((one) => (
          <label key={one}>
            <code className="op-code op-mute">{one}</code>
            <Input value={address[one] ?? ""} onChange={(event) => setAddress({ ...address, [one]: event.target.value })} data-testid={`test-${one}`} />
          </label>
        ))}
        <div className="op-row">
          <Button disabled={!ready} loading={send.isPending} onClick={go} data-testid="test-send">
            {t("reach.messages.sendTest")}
          </Button>
          {changed && <span className="op-mute">{t("reach.messages.saveFirst")}</span>}
        </div>
        <div role="status">
          {send.data !== undefined && (
            <Status kind={send.data.state === "sent" || send.data.state === "task" ? "ok" : "error"}>
              {[t(`reach.calls.${send.data.state}`), ...(send.data.reason === null ? [] : [t(`touchpoints.reasons.${send.data.reason as "unknown"}`, { defaultValue: send.data.reason })]), t("reach.messages.testsLeft", { n: send.data.left })].join(" · ")}
            </Status>
          )}
          {platform !== "" && <p className="op-hint">{t("reach.platformSays", { said: platform })}</p>}
        </div>
        {send.isError && <Problem error={send.error} />}
      </div>
    </Panel>
  );
}

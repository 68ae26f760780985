import type { Channel, TouchpointState } from "@/api/touchpoints";
import { TOUCHPOINT_STATES } from "@/app/routes/touchpoints";
import { useText } from "@/lib/useText";
import type { StatusKind } from "@/parts/Status";

export const STATES: readonly TouchpointState[] = TOUCHPOINT_STATES;

/** How each state looks; its word is in the catalogue. */
export const STATE_KIND: Record<TouchpointState, StatusKind> = { live: "ok", silent: "idle", failing: "error", paused: "info", incomplete: "warning" };

export const GROUPS = ["wechat", "marketplaces", "messages", "ads", "site", "own", "forms", "other"] as const;
export type Group = (typeof GROUPS)[number];

const GROUP_OF: Record<string, Group> = {
  wechat_oa: "wechat", wechat_mini: "wechat", wechat_channels: "wechat", wecom: "wechat",
  douyin: "marketplaces", kuaishou: "marketplaces", xiaohongshu: "marketplaces", tmall: "marketplaces", taobao: "marketplaces", jd: "marketplaces", pinduoduo: "marketplaces", youzan: "marketplaces", weimob: "marketplaces",
  sms: "messages", email: "messages", push: "messages", phone: "messages", direct_mail: "messages",
  ads: "ads", weibo: "ads",
  web: "site", app: "site", h5: "site",
  crm: "own", erp: "own", store: "own", file: "own", database: "own",
  webhook: "forms",
};

export function groupOf(channel: string): Group {
  return GROUP_OF[channel] ?? "other";
}

/** Channels whose own settings have a page of their own: not drawn as a field of the form. */
export function drawnElsewhere(channel: string, setting: string): boolean {
  return channel === "webhook" && setting === "rules";
}

/** Whether SDKs send here: whatever has no other way in. */
export function takesSdk(channel: Channel | undefined): boolean {
  return channel === undefined || !channel.installed || channel.ways.includes("sdk") || (channel.ways.length === 0 && !channel.hook);
}

/** The address that the platform calls; a webhook whose address is its secret ends in it. */
export function callbackOf(path: string, settings: Record<string, unknown>, secret: string): string {
  return `${window.location.origin}${path}${settings.verify === "path" ? `/${secret}` : ""}`;
}

const FAILURES = [
  ["sandbox", /no sandbox runs/],
  ["closed", /nothing is sent to/],
  ["ended", /authorisation has ended/],
  ["login", /neither name nor password/],
  ["network", /does not answer|ConnectError|timed? ?out/i],
  ["token", /gives no token|token/i],
  ["secret", /secret|environment has no/i],
  ["absent", /has no (?:table|column)/],
  ["database", /^the (?:database|join)|no driver|reading does not get on/],
  ["large", /is too large/],
  ["status", /answered (?:code )?["']?([\w.-]+)/],
] as const;

/** What kind of failure the server's words tell of, with the platform's code where they name one. The words themselves stand beside it. */
export function failureOf(error: string): { kind: (typeof FAILURES)[number][0] | "other"; code: string } {
  for (const [kind, words] of FAILURES) {
    const found = words.exec(error);
    if (found !== null) return { kind, code: found[1] ?? "" };
  }
  return { kind: "other", code: "" };
}

/** The same in the viewer's words. */
export function useFailure(): (error: string) => string {
  const { t } = useText();
  return (error) => {
    const { kind, code } = failureOf(error);
    return t(`touchpoints.failures.${kind}`, { code });
  };
}

/** A stand-in for the server in tests that show whole pages: answers /api/v1 with made-up data. Never part of a build. */
import { ago, attributes, byRule, channels, customers, CUSTOMERS_TOTAL, events, history, lines, quarantined, segments, series, tags, timeline, touchpoints } from "./data.ts";
import { identityRoutes } from "./identity-routes.ts";

interface Asked {
  query: URLSearchParams;
  body: Record<string, unknown>;
  path: string[];
}
type Answer = { status?: number; body?: unknown };

const session = {
  user: { id: 1, email: "lin@brand.example", name: "小林", role: "admin", permissions: ["session.own", "home.read", "customers.read", "customers.names", "customers.reveal", "segments.read", "segments.write", "tags.read", "quarantine.read", "quarantine.replay", "standard.read", "touchpoints.read", "live.read", "identity.read", "identity.decide", "identity.rules"] },
  via: "session",
  language: "zh-CN",
  expires_at: null,
  workspace: { name: "海屿家居生活", time_zone: "Asia/Shanghai", country: "CN", currency: "CNY", version: "0.1.0" },
};
let signedIn = true;

const problem = (status: number, code: string, detail: string): Answer => ({ status, body: { type: "about:blank", title: "Error", status, code, detail, where: null, hint: null, instance: "req-7f3a91", problems: [] } });
const page = (asked: Asked): { page: number; size: number } => ({ page: Number(asked.query.get("page") ?? 1), size: Number(asked.query.get("size") ?? 20) });
const slice = <T>(list: T[], asked: Asked): T[] => {
  const { page: at, size } = page(asked);
  return list.slice((at - 1) * size, at * size);
};

function customersOf(asked: Asked): Answer {
  const q = asked.query.get("q");
  const [tag, value] = [asked.query.get("tag"), asked.query.get("tag_value")];
  const found = customers.filter((one) => (q === null || `${one.name} ${one.phone} ${one.customer_id}`.includes(q)) && (tag === null || (value === null ? tag in one.tags : one.tags[tag] === value)));
  const sort = asked.query.get("sort") ?? "-last_seen";
  const key = sort.replace("-", "") as "spend";
  found.sort((a, b) => (Number(a[key]) || Date.parse(a[key])) - (Number(b[key]) || Date.parse(b[key])));
  if (sort.startsWith("-")) found.reverse();
  return { body: { items: slice(found, asked), total: q === null && tag === null ? CUSTOMERS_TOTAL : found.length, approximate: false, ...page(asked), matched_by: q === null ? "all" : "name" } };
}

function customerOf(id: number): Answer {
  const one = customers.find((row) => row.customer_id === id);
  if (one === undefined) return problem(404, "customer-unknown", `there is no customer ${id}`);
  return {
    body: {
      customer_id: id,
      alias_of: null,
      name: one.name,
      first_seen: one.first_seen,
      last_seen: one.last_seen,
      attributes: [
        { attribute: "phone", title: { zh: "手机号", en: "Phone" }, value: one.phone ?? "138****0000", masked: true, time: ago(90), touchpoint: "mini_mall" },
        ...Object.entries(one.attributes).map(([name, value]) => ({ attribute: name, title: attributes.find((a) => a.name === name)?.title ?? { zh: name, en: name }, value, masked: false, time: ago(200), touchpoint: "mini_mall" })),
      ],
      tags: Object.entries(one.tags).map(([name, value]) => ({ tag: name, title: tags.find((a) => a.name === name)?.title, value, number: null, list: null, as_of: ago(1) })),
      segments: segments.slice(0, 2).map((s, i) => ({ segment: s.name, title: s.title, since: ago(20 + i * 300) })),
      identifiers: [
        { type: "phone", title: { zh: "手机号", en: "Phone" }, scope: "", value: one.phone ?? "138****0000", masked: true, first_seen: one.first_seen, last_seen: one.last_seen, touchpoints: ["mini_mall", "stores_pos"] },
        { type: "openid", title: { zh: "微信 openid", en: "WeChat openid" }, scope: "wx8f2c", value: "oA***9k", masked: true, first_seen: one.first_seen, last_seen: one.last_seen, touchpoints: ["mini_mall"] },
        { type: "member_no", title: { zh: "会员号", en: "Member number" }, scope: "", value: `M${one.customer_id}`, masked: false, first_seen: one.first_seen, last_seen: one.last_seen, touchpoints: ["stores_pos"] },
      ],
      summary: { orders: one.orders, spend: one.spend, currency: "CNY", other_currencies: {}, first_order: one.first_seen, last_order: one.last_seen, events: 180 },
      channels: channels.map((c) => c.name),
      events: events.map((e) => e.name),
    },
  };
}

const reason = (kind: string, zh: string, en: string, holds: boolean | null, figure: string | null, event_ids: string[], children: unknown[] = []) => ({ kind, sentence: { zh, en }, holds, figure, event_ids, children });
const why = reason("all", "以下全部满足", "All of these", true, null, [], [
  reason("tag", "标签「RFM 层级」是「重要价值客户」", "Tag “RFM level” is 重要价值客户", true, "重要价值客户", []),
  reason("did_not", "最近 60 天没有「支付订单」", "No “Order paid” in the last 60 days", true, "0", []),
  reason("any", "", "", true, null, [], [reason("attribute", "「城市」是上海或杭州", "“City” is 上海 or 杭州", false, "成都", []), reason("did", "最近 12 个月「核销优惠券」不少于 2 次", "“Coupon redeemed” at least 2 times in the last 12 months", true, "3", ["e1", "e2", "e3"])]),
]);

function preview(body: Record<string, unknown>): Answer {
  const text = JSON.stringify(body.condition);
  const problems = text.includes("amuont") ? [{ place: "where.amuont", message: "事件 order_paid 没有字段 amuont", suggestion: "amount" }] : [];
  const size = problems.length > 0 ? null : Math.max(12, Math.round(CUSTOMERS_TOTAL / (1 + text.length / 24)));
  const parts: { place: string; size: number }[] = [];
  const walk = (value: unknown, place: string, share: number): void => {
    parts.push({ place, size: Math.round(CUSTOMERS_TOTAL * share) });
    if (typeof value !== "object" || value === null) return;
    for (const mode of ["all", "any"] as const) {
      const children = (value as Record<string, unknown>)[mode];
      if (Array.isArray(children)) children.forEach((child, i) => walk(child, `${place === "" ? "" : `${place}.`}${mode}[${i}]`, share * (0.3 + 0.1 * i)));
    }
  };
  walk(body.condition, "", 0.4);
  return { body: { size, total: CUSTOMERS_TOTAL, sample: size === null ? [] : customers.slice(0, 6).map((one) => ({ customer_id: one.customer_id, name: one.name })), seconds: 0.084, sentence: size === null ? null : { zh: "最近 30 天做过「支付订单」不少于 2 次的客户", en: "Customers who did “Order paid” at least 2 times in the last 30 days" }, problems, parts } };
}

const names = { events, attributes, tags: tags.map((one) => ({ name: one.name, title: one.title, kind: one.kind, type: "text", values: one.values, value_titles: {} })), segments: segments.map(({ name, title }) => ({ name, title })), channels, touchpoints, purposes: [], consent_channels: channels, reach_channels: [], lists: [], regions: [] };
const standard = { version: "demo", events: events.map((e) => ({ ...e, fields: e.fields.map((f) => ({ ...f, required: false, personal: null })) })), attributes: attributes.map((f) => ({ ...f, required: false, personal: null })), objects: [], identifiers: [], item_fields: [] };
const tagRow = ({ distribution, definition: _, author: __, changed_at: ___, ...one }: (typeof tags)[number]) => ({ ...one, values: distribution.length, value_titles: {} });

type Route = [method: string, pattern: RegExp, (asked: Asked) => Answer];
const routes: Route[] = [
  ...identityRoutes,
  ["GET", /^session$/, () => (signedIn ? { body: session } : problem(401, "not-signed-in", "sign in first"))],
  ["POST", /^session$/, ({ body }) => {
    if (body.password === "wrong") return problem(401, "wrong-password", "e-mail address or password is wrong");
    signedIn = true;
    return { body: session };
  }],
  ["DELETE", /^session$/, () => {
    signedIn = false;
    return { status: 204 };
  }],
  ["POST", /^session\/password$/, () => ({ body: session })],
  ["GET", /^home$/, () => ({
    body: {
      received: { today: 48_312, yesterday: 71_905, total_events: 12_480_221 },
      delay_seconds: 0.42, log_end: 1_203_441, applied: 1_203_441,
      touchpoints: touchpoints.map((one, i) => ({ ...one, events_24h: [31_204, 18_440, 9_020, 4_102, 0][i], quarantined_24h: [63, 1214, 0, 12, 0][i], last_at: i === 4 ? null : ago(0.01 + i * 0.2) })),
      series, customers: CUSTOMERS_TOTAL, identifiers: 138_204, orders: 402_118, quarantine_open: 294,
      segments: segments.map(({ name, title, size }) => ({ name, title, size })),
      problems: [
        { code: "quarantine-share", severity: "warning", message: { zh: "天猫旗舰店近 24 小时有 6.2% 的数据进入隔离区", en: "6.2% of what Tmall flagship store sent in 24 h is in quarantine" }, hint: { zh: "多数是金额格式不符，可在映射中修正后重试", en: "Mostly amounts in a wrong form; mend the mapping and try again" } },
        { code: "silent", severity: "info", message: { zh: "企业微信导购已 3 天没有数据", en: "WeCom associates have sent nothing for 3 days" }, hint: { zh: "检查回调地址是否仍然有效", en: "Check that the callback address still works" } },
      ],
    },
  })],
  ["GET", /^customers$/, customersOf],
  ["GET", /^customers\/\d+$/, ({ path }) => customerOf(Number(path[1]))],
  ["GET", /^customers\/\d+\/timeline$/, ({ path, query }) => {
    const all = timeline(Number(path[1])).filter((one) => (query.get("event") ?? one.event) === one.event && (query.get("channel") ?? one.channel) === one.channel);
    const from = Number(query.get("before") ?? 0);
    return { body: { items: all.slice(from, from + 50), next: from + 50 < all.length ? String(from + 50) : null } };
  }],
  ["GET", /^customers\/\d+\/orders$/, (asked) => {
    const all = timeline(Number(asked.path[1])).filter((one) => one.event === "order_paid");
    return { body: { items: slice(all, asked).map((one, i) => ({ order_id: one.order_id, touchpoint: one.touchpoint, status: i % 6 === 5 ? "refunded" : "paid", placed_at: one.time, paid_at: one.time, refunded_at: null, closed_at: null, amount: one.amount, discount: "5.00", refunded_amount: null, currency: "CNY", store_id: i % 3 === 0 ? "SH-021" : null, lines: lines(3) })), total: all.length, ...page(asked) } };
  }],
  ["GET", /^customers\/\d+\/tags\/\w+\/why$/, ({ path }) => ({ body: { tag: path[3], value: "重要价值客户", at: ago(0), reason: why } })],
  ["GET", /^customers\/\d+\/segments\/\w+\/why$/, ({ path }) => ({ body: { segment: path[3], member: true, at: ago(0), reason: why } })],
  ["POST", /^customers\/\d+\/reveal$/, ({ path }) => ({ body: { customer_id: Number(path[1]), values: [{ kind: "attribute", name: "phone", scope: "", value: "13800005678" }] } })],
  ["GET", /^segments$/, () => ({ body: { items: segments, customers: CUSTOMERS_TOTAL } })],
  ["POST", /^segments$/, ({ body }) => {
    const made = { ...(body as unknown as (typeof segments)[number]), sentence: segments[0]?.sentence ?? { zh: "", en: "" }, size: 321, version: 1, author: "小林", changed_at: ago(0), used_by: [] };
    segments.push(made);
    return { body: made };
  }],
  ["PUT", /^segments\/\w+$/, ({ path, body }) => {
    const found = segments.find((one) => one.name === path[1]);
    return found === undefined ? problem(404, "segment-unknown", "no such segment") : { body: Object.assign(found, body, { version: found.version + 1 }) };
  }],
  ["GET", /^segments\/\w+$/, ({ path }) => {
    const found = segments.find((one) => one.name === path[1]);
    return found === undefined ? problem(404, "segment-unknown", `there is no segment ${path[1]}`) : { body: found };
  }],
  ["GET", /^segments\/\w+\/members$/, (asked) => {
    const size = segments.find((one) => one.name === asked.path[1])?.size ?? 0;
    return { body: { items: slice(customers, asked).map((one) => ({ customer_id: one.customer_id, name: one.name, phone: one.phone, email: one.email, since: one.last_seen, last_seen: one.last_seen })), total: Math.min(size, 260), ...page(asked) } };
  }],
  ["GET", /^segments\/\w+\/history$/, ({ path }) => {
    const found = segments.find((one) => one.name === path[1]);
    return { body: { series: history(found?.size ?? 0), changes: customers.slice(0, 9).map((one, i) => ({ customer_id: one.customer_id, change: i % 3 === 2 ? "exit" : "enter", at: ago(i * 0.6) })), versions: [{ version: 2, author: "小林", reason: "放宽到 60 天", at: ago(60), condition: {} }, { version: 1, author: "小林", reason: "", at: ago(900), condition: {} }] } };
  }],
  ["POST", /^conditions\/preview$/, ({ body }) => preview(body)],
  ["GET", /^conditions\/names$/, () => ({ body: names })],
  ["GET", /^tags$/, () => ({ body: { items: tags.map(tagRow), customers: CUSTOMERS_TOTAL } })],
  ["GET", /^tags\/\w+$/, ({ path }) => {
    const found = tags.find((one) => one.name === path[1]);
    return found === undefined ? problem(404, "tag-unknown", "no such tag") : { body: { ...found, total: CUSTOMERS_TOTAL, spread: found.kind === "metric" ? { minimum: 9.9, p25: 68, median: 132.5, p75: 260, maximum: 4820, mean: 188.21 } : null } };
  }],
  ["GET", /^quarantine$/, (asked) => {
    const found = quarantined.filter((one) => (asked.query.get("rule") ?? one.rule) === one.rule && (asked.query.get("touchpoint") ?? one.touchpoint) === one.touchpoint);
    return { body: { items: slice(found, asked), total: found.length, ...page(asked), by_rule: byRule } };
  }],
  ["GET", /^quarantine\/[\d-]+$/, ({ path }) => ({ body: { ...quarantined.find((one) => one.id === path[1]), standard_version: "demo", sample: '{"type":"track","event":"order_paid","properties":{"amount":"¥1，299"},"userId":"u-8812"}' } })],
  ["POST", /^quarantine\/replay$/, ({ body }) => ({ body: { replayed: Array.isArray(body.ids) && body.ids.length > 0 ? body.ids.length : 214, offset: 1_203_500 } })],
  ["GET", /^standard$/, () => ({ body: standard })],
  ["GET", /^touchpoints$/, () => ({ body: { items: touchpoints.map((one) => ({ ...one, channel_title: channels.find((c) => c.name === one.channel)?.title, write_key: null, scopes: {}, events_24h: 0, quarantined_24h: 0, last_at: null })) } })],
];

/** What the stand-in answers. */
export function respond(method: string, url: URL, body: Record<string, unknown>): { status: number; type: string; text: string | undefined } {
  const path = url.pathname.replace(/^\/(api\/v1\/)?/, "");
  const route = routes.find(([verb, pattern]) => verb === method && pattern.test(path));
  const answer = route === undefined ? problem(404, "not-found", path) : route[2]({ query: url.searchParams, body, path: path.split("/") });
  const status = answer.status ?? 200;
  return { status, type: status >= 400 ? "application/problem+json" : "application/json", text: answer.body === undefined ? undefined : JSON.stringify(answer.body) };
}

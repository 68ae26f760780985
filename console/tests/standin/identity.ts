/** Demonstration data of OneID: an overview, one customer's graph with everything a graph can have, a queue, rules and a model. */
import { ago, customers, CUSTOMERS_TOTAL, segments, touchpoints } from "./data.ts";

const both = (zh: string, en: string) => ({ zh, en });
const TYPES = {
  phone: both("手机号", "Phone"),
  email: both("邮箱", "E-mail"),
  unionid: both("微信 unionid", "WeChat unionid"),
  openid: both("微信 openid", "WeChat openid"),
  member_no: both("会员号", "Member number"),
  ouid: both("淘宝 OUID", "Taobao OUID"),
  device: both("设备", "Device"),
  masked_phone: both("脱敏手机号", "Masked phone"),
} as const;
type Type = keyof typeof TYPES;
const WEAK = new Set<Type>(["device"]);

export const strength = (type: Type): string => (type === "masked_phone" ? "never" : WEAK.has(type) ? "weak" : "strong");
let born = 7000;
export const identifier = (type: Type, value: string, customer: number, scope = "", generation = 0) => ({ identifier_id: (born += 1), type, title: TYPES[type], class: strength(type), scope, value, generation, customer_id: customer });
type Identifier = ReturnType<typeof identifier>;

let linked = 300;
const link = (a: Identifier, b: Identifier, status: string, more: Record<string, unknown> = {}) => ({
  link_id: (linked += 1),
  a: Math.min(a.identifier_id, b.identifier_id),
  b: Math.max(a.identifier_id, b.identifier_id),
  rule: "same_event",
  touchpoint: "mini_mall",
  first_time: ago(4_000),
  last_time: ago(20),
  count: 12,
  first_event: "01K9X4T2M6ZC8QYV",
  last_event: "01KA0H7R3D5WJ1NB",
  decision: null,
  candidate: null,
  trust: null as string | null,
  consent: "free",
  status,
  reason: null,
  confidence: null,
  ...more,
});

const of = (one: Identifier, role: string, more: Record<string, unknown> = {}) => ({ ...one, role, valid_from: null, first_seen: ago(4_000), last_seen: ago(20), ...more });

/** The graph of a customer: two accounts on one phone, a conflict, a shared till phone, devices, a recycled number. */
export function graph(id: number) {
  born = 7000 + (id % 1000);
  linked = 300;
  const other = id + 7;
  const phone = identifier("phone", "138****5678", id);
  const union = identifier("unionid", "oU***3f", id, "wx-open-1");
  const mini = identifier("openid", "oA***9k", id, "wx8f2c");
  const account = identifier("openid", "oB***2m", id, "wx77aa");
  const member = identifier("member_no", "M10086", id);
  const mail = identifier("email", "l***@example.com", id);
  const shop = identifier("ouid", "AAG***x", id, "tmall-1");
  const phone2 = identifier("phone", "139****0021", id, "", 1);
  const devices = [identifier("device", "9f3c…a1", id, "mini"), identifier("device", "77b0…e4", id, "mini")];
  const elsewhere = identifier("unionid", "oU***81", other, "wx-open-1");
  const till = identifier("phone", "137****8888", 990_001);
  return {
    customer_id: id,
    nodes: [phone, union, mini, account, member, mail, shop, phone2, ...devices]
      .map((one) => of(one, "member", one === phone2 ? { valid_from: ago(2_000) } : {}))
      .concat([of(elsewhere, "neighbour"), of(till, "void")]),
    links: [
      link(phone, union, "joined", { count: 41 }),
      link(phone, member, "joined", { touchpoint: "stores_pos", count: 8 }),
      link(union, mini, "joined", { count: 120 }),
      link(union, account, "joined", { touchpoint: "oa_service", count: 33 }),
      link(member, mail, "joined", { touchpoint: "stores_pos", count: 2 }),
      link(phone, shop, "joined", { rule: "likelihood", touchpoint: "tmall_flagship", confidence: 0.994, count: 1, consent: "granted" }),
      link(member, phone2, "joined", { touchpoint: "wecom_sales", count: 3 }),
      ...devices.map((one) => link(mini, one, "follows", { count: 260 })),
      link(phone, elsewhere, "conflict", { reason: "limit:unionid@wx-open-1", count: 2 }),
      link(member, till, "void", { reason: "void", touchpoint: "stores_pos", count: 1 }),
    ],
    never: [],
    merged: [],
    truncated: false,
  };
}

const customer = (i: number) => {
  const one = customers[i % customers.length];
  if (one === undefined) throw new Error("no demonstration customers");
  return one;
};
const brief = (i: number, more: Record<string, unknown> = {}) => {
  const one = customer(i);
  const id = one.customer_id;
  return {
    customer_id: id,
    name: one.name,
    phone: one.phone,
    email: one.email,
    identifiers: [...(one.phone === null ? [] : [identifier("phone", one.phone, id)]), identifier("openid", `oA***${i}k`, id, "wx8f2c"), ...(i % 3 === 0 ? [identifier("member_no", `M${id}`, id)] : [])],
    orders: one.orders,
    spend: one.spend,
    currency: one.currency,
    first_seen: one.first_seen,
    last_seen: one.last_seen,
    attributes: one.attributes,
    ...more,
  };
};

const compared = (comparison: string, title: { zh: string; en: string }, level: string, weight: number, a: string | null, b: string | null) => ({ comparison, title, level, weight, a, b });
const limitText = both("合并后「微信 unionid」在 wx-open-1 下会有 2 个，规则只允许 1 个", "Joined, they would have 2 WeChat unionids in wx-open-1, and the rules allow 1");
const nameText = both("两边的姓名不是同一个人：陈思远、林佳怡", "The names are of two people: 陈思远, 林佳怡");

/** The review queue: what is decided leaves it. */
export const queue = Array.from({ length: 46 }, (_, i) => {
  const candidate = i % 3 !== 1;
  const a = brief(i * 2);
  const b = candidate ? brief(i * 2 + 1, { name: a.name, attributes: { ...a.attributes, city: i % 2 === 0 ? a.attributes.city : "成都" } }) : brief(i * 2 + 1);
  return {
    id: candidate ? `candidate:${900 + i}` : `conflict:${300 + i}`,
    kind: candidate ? "candidate" : "conflict",
    status: "open", later: null as { until: string; author: string; reason: string } | null,
    probability: candidate ? 0.97 - i * 0.005 : null,
    value: (24_000 - i * 487.35).toFixed(2),
    a,
    b,
    why: candidate
      ? [
          compared("name", both("姓名", "Name"), "same", 8.6, a.name, b.name),
          compared("masked_phone", both("脱敏手机号", "Masked phone"), "same", 6.9, "138****5678", "138****5678"),
          compared("city", both("城市", "City"), i % 2 === 0 ? "same" : "different", i % 2 === 0 ? 1.8 : -2.4, a.attributes.city ?? null, b.attributes.city ?? null),
          compared("birthday", both("生日", "Birthday"), "different", -3.1, "1990-04-12", "1990-12-04"),
        ]
      : [],
    reason: candidate ? null : i % 2 === 0 ? "name" : "limit",
    text: candidate ? null : i % 2 === 0 ? nameText : limitText,
    at: ago(3 + i * 5),
  };
});

export const overview = {
  customers: CUSTOMERS_TOTAL,
  identifiers: 138_204,
  anonymous: 9_120,
  linked: 31_877,
  by_type: (
    [
      ["phone", 41_230, 40_822, [["mini_mall", 28_110], ["stores_pos", 17_004], ["tmall_flagship", 120]]],
      ["openid", 44_871, 38_902, [["mini_mall", 31_220], ["oa_service", 13_651]]],
      ["unionid", 29_004, 29_004, [["mini_mall", 22_740], ["oa_service", 12_118]]],
      ["member_no", 12_480, 12_466, [["stores_pos", 12_480]]],
      ["ouid", 6_102, 6_102, [["tmall_flagship", 6_102]]],
      ["email", 1_911, 1_897, [["stores_pos", 1_911]]],
      ["device", 2_606, 2_590, [["mini_mall", 2_606]]],
    ] as [Type, number, number, [string, number][]][]
  ).map(([type, identifiers, owners, at]) => ({ type, title: TYPES[type], class: strength(type), identifiers, customers: owners, touchpoints: at.map(([touchpoint, n]) => ({ touchpoint, identifiers: n })) })),
  sizes: ([["1", 20_440], ["2", 12_871], ["3", 9_204], ["4", 5_110], ["5", 2_480], ["6-10", 2_014], ["11-20", 171], ["21-50", 24], [">50", 3]] as const).map(([identifiers, n]) => ({ identifiers, customers: n })),
  links: { joined: 84_210, follows: 2_590, conflict: 214, void: 1_872, no_consent: 640, withdrawn: 31, cut: 12, blocked: 96, unused: 18 },
  changes: Array.from({ length: 90 }, (_, i) => ({ day: ago((89 - i) * 24).slice(0, 10), merged: Math.round(60 + 40 * Math.sin(i / 5) + (i % 7) * 6), split: Math.round(3 + 2 * Math.sin(i / 3)) })),
  joined: Array.from({ length: 90 }, (_, i) => ({ day: ago((89 - i) * 24).slice(0, 10), customers: 46_000 + i * 70, joined: 24_000 + i * 88 })),
  conflicts: { open: 214, by_reason: [{ reason: "limit", count: 151 }, { reason: "name", count: 54 }, { reason: "size", count: 6 }, { reason: "never", count: 3 }] },
  candidates: { open: 1_204, joined: 3_811, merged: 412, never: 166 },
  largest: [96, 71, 58, 49, 44].map((n, i) => ({ customer_id: customer(i).customer_id, name: customer(i).name, identifiers: n, events: n * 91 })),
  suspicious: [
    { ...identifier("phone", "138****8000", 0), reason: "void", owners: 412, limit: 5, links: 415, customers: 398 },
    { ...identifier("phone", "137****8888", 0), reason: "void", owners: 96, limit: 5, links: 130, customers: 96 },
    { ...identifier("device", "0000…00", 0, "mini"), reason: "blocked", owners: 3_204, limit: null, links: 3_204, customers: 3_150 },
    { ...identifier("phone", "139****6600", 0), reason: "near", owners: 4, limit: 5, links: 9, customers: 3 },
  ].map(({ class: _, generation: __, customer_id: ___, ...one }) => one),
  unclaimed: 14,
  at: ago(0.01),
};

const ROWS: [Type, number, boolean, number | null, number | null, number | null, number | null, string[]][] = [
  ["unionid", 90, true, 1, 1, null, null, []],
  ["openid", 80, true, 1, 1, null, null, []],
  ["phone", 70, false, 5, 5, 90, null, ["max_customers"]],
  ["member_no", 60, true, 3, 1, null, null, []],
  ["ouid", 55, true, 1, 1, null, null, []],
  ["email", 40, false, 5, 3, null, null, []],
  ["device", 10, false, null, 8, null, 180, []],
  ["masked_phone", 0, false, null, null, null, null, []],
];
const rules = {
  version: 3,
  author: "user:lin@brand.example",
  at: ago(100),
  body: { types: { phone: { max_customers: 5 } } } as Record<string, unknown>,
  types: ROWS.map(([type, priority, verified, max_per_customer, max_customers, recycle_days, lifetime_days, overridden]) => ({
    type, title: TYPES[type], class: strength(type), scope: ["unionid", "openid", "ouid", "device"].includes(type) ? "required" : "none", priority, verified, max_per_customer, max_customers, recycle_days, lifetime_days, identifiers: overview.by_type.find((one) => one.type === type)?.identifiers ?? 0, overridden,
  })),
  max_identifiers: 500,
  names: "veto",
  contacts: "proved",
  consent_purposes: ["identity", "all"],
  likelihood: { join: 0.99, review: 0.7, auto: true },
  touchpoints: touchpoints.map((one, i) => ({ name: one.name, title: one.title, version: 1, joining: i === 1 ? "consent" : "free" })),
};

const level = (label: string, m: number, u: number, n: number) => ({ label, m, u, weight: Math.log2(m / u), count: n, matches: label === "different" ? 0 : Math.round(n * 0.9) });
export const model = {
  model: {
    version: 4,
    at: ago(30),
    author: "user:lin@brand.example",
    records: CUSTOMERS_TOTAL,
    comparisons: [
      { name: "name", title: both("姓名", "Name"), kind: "name", missing: 1_204, levels: [level("same", 0.91, 0.0000052, 18_221), level("same sound, or spelled in pinyin", 0.05, 0.00003, 1_204), level("different", 0.04, 0.999, 900_114)] },
      { name: "masked_phone", title: both("脱敏手机号", "Masked phone"), kind: "masked_phone", missing: 1_204, levels: [level("same", 0.88, 0.0000033, 16_440), level("different", 0.12, 0.999, 1_200_871)] },
      { name: "city", title: both("城市", "City"), kind: "region", missing: 1_204, levels: [level("same", 0.86, 0.08, 240_110), level("different", 0.14, 0.92, 900_114)] },
      { name: "birthday", title: both("生日", "Birthday"), kind: "date", missing: 1_204, levels: [level("same", 0.94, 0.00003, 12_004), level("different", 0.06, 0.99, 1_000_080)] },
    ],
    blocking: [{ rule: "name + masked_phone", pairs: 18_422, recall: 0.71 }, { rule: "pinyin + birthday", pairs: 41_877, recall: 0.64 }, { rule: "masked_phone + city", pairs: 210_442, recall: 0.82 }],
    histogram: Array.from({ length: 36 }, (_, i) => {
      const weight = -14 + i;
      return { weight, pairs: Math.round(200_000 * Math.exp(-(((weight + 7) / 5) ** 2)) + 2_600 * Math.exp(-(((weight - 13) / 3.5) ** 2)) + (weight > 2 ? 20 : 0)), probability: 1 / (1 + 2 ** -(weight - 4)) };
    }),
    thresholds: { join: 0.99, review: 0.7 },
    curve: Array.from({ length: 21 }, (_, i) => ({ threshold: i / 20, precision: Math.min(1, 0.72 + 0.28 * (1 - (1 - i / 20) ** 2.5)), recall: 1 - 0.28 * (i / 20) ** 3, pairs: Math.round(21_000 - 9_000 * (i / 20)) })),
    labels: 578,
    method: "weights",
    prior: 0.000013,
    expected_matches: 5_120,
    blocking_recall: 0.961,
  },
  settings: { join: 0.99, review: 0.7, auto: true },
  last_run: { at: ago(30), candidates: 5_593, joined: 3_811, seconds: 94.2 },
  run: { state: "idle", step: null as string | null, progress: null as number | null, problem: null, started: null as string | null },
  versions: [4, 3, 2, 1],
};

const version = (number: number, cause: string, more: Record<string, unknown> = {}) => ({
  version: number, at: ago(30 + 40 * (4 - number)), author: cause === "thresholds" ? "user:lin@brand.example" : "onepool", reason: cause === "thresholds" ? "fewer wrong joins" : "learned anew", cause, current: number === 4,
  weights: number < 3 ? 1 : number - 1, restored: null as number | null, hash: `${number}f`.repeat(32), join: number < 2 ? 0.995 : 0.99, review: 0.7, auto: number > 1, records: CUSTOMERS_TOTAL, pairs: 5_593, labels: number === 4 ? 578 : 0,
  expected_matches: 5_120, method: "weights", ...more,
});
export const modelVersions = [version(4, "reviewed"), version(3, "learned"), version(2, "thresholds"), version(1, "learned")];
export function modelDifference(before: number, after: number) {
  const [a, b] = graph(100_001).nodes;
  const of = (number: number) => modelVersions.find((one) => one.version === number) ?? modelVersions[0];
  return {
    before: of(before), after: of(after),
    weights: [{ comparison: "name", title: both("姓名", "Name"), level: "same", before: 17.4, after: 16.9 }, { comparison: "birthday", title: both("生日", "Birthday"), level: "same day", before: null, after: 14.9 }],
    blocking_added: ["pinyin + birthday"], blocking_removed: [],
    verdicts_before: { joined: 3_790, review: 1_402, expected_wrong: 4.1 }, verdicts_after: { joined: 3_811, review: 1_310, expected_wrong: 3.6 },
    changed: 113, pairs: a === undefined || b === undefined ? [] : [{ a, b, before: "review", after: "join", probability_before: 0.93, probability_after: 0.996 }], seconds: 12.4,
  };
}

const moves = [{ entering: 2, leaving: 0 }, { entering: 0, leaving: 1 }, { entering: 0, leaving: 0 }];
export const effects = moves.flatMap((move, i) => {
  const one = segments[i];
  return one === undefined ? [] : [{ segment: one.name, title: one.title, before: one.size, after: one.size + move.entering - move.leaving, ...move }];
});
export const currentRules = rules;
export const briefOf = brief;

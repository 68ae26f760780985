/** What the stand-in server answers under /identity. Decisions are kept until it stops, so that undo can be tried. */
import { ago, CUSTOMERS_TOTAL } from "./data.ts";
import { briefOf, currentRules, effects, graph, model, modelDifference, modelVersions, overview, queue } from "./identity.ts";

interface Asked {
  query: URLSearchParams;
  body: Record<string, unknown>;
  path: string[];
}
type Answer = { status?: number; body?: unknown };
type Node = ReturnType<typeof graph>["nodes"][number];

const problem = (status: number, code: string, detail: string): Answer => ({ status, body: { type: "about:blank", title: "Error", status, code, detail, where: null, hint: null, instance: "req-7f3a91", problems: [] } });
const paged = <T>(all: T[], { query }: Asked, size = Number(query.get("size") ?? 20)) => {
  const page = Number(query.get("page") ?? 1);
  return { items: all.slice((page - 1) * size, page * size), total: all.length, page, size };
};
const brief = ({ identifier_id, type, title, scope, value, generation, customer_id, class: strength }: Node) => ({ identifier_id, type, title, class: strength, scope, value, generation, customer_id });

interface Decision {
  id: number;
  kind: string;
  undone_by: number | null;
  [key: string]: unknown;
}
const decisions: Decision[] = [];
function decided(kind: string, more: Record<string, unknown>): Decision {
  const made = { id: decisions.length + 1, at: new Date().toISOString(), kind, a: null, b: null, identifiers: [], author: "user:lin@brand.example", reason: "", undone_by: null, undoes: null, applied: true, ...more };
  decisions.unshift(made);
  return made;
}

function preview(change: Record<string, unknown>): unknown {
  const id = Number(change.customer_id ?? change.a ?? 100_001);
  const members = graph(id).nodes.filter((one) => one.role === "member");
  const set = (customer: number, nodes: Node[]) => ({ customer_id: customer, name: customer === id ? "陈晓雨" : null, identifiers: nodes.map(brief) });
  const chosen = new Set(Array.isArray(change.identifiers) ? change.identifiers.map(Number) : []);
  const whole = set(id, members);
  const second = set(Number(change.b ?? id + 7), graph(Number(change.b ?? id + 7)).nodes.slice(0, 3));
  const parts = change.kind === "split" ? [set(id, members.filter((one) => !chosen.has(one.identifier_id))), set(7_450, members.filter((one) => chosen.has(one.identifier_id)))] : [set(id, [...members, ...graph(id + 7).nodes.slice(0, 3)])];
  const two = change.kind === "merge" || change.kind === "never";
  return {
    customers_before: two ? [whole, second] : [whole],
    customers_after: change.kind === "never" ? [whole, second] : parts,
    merged: change.kind === "merge" ? 1 : 0,
    split: change.kind === "split" ? 1 : 0,
    identifiers_moved: change.kind === "never" ? 0 : Math.max(1, chosen.size),
    segments: effects,
    warnings: change.kind === "merge" ? [{ code: "limit", text: { zh: "合并后会有 2 个微信 unionid，超出规则的上限 1 个", en: "Together they have 2 WeChat unionids; the rules allow 1" } }] : [],
    seen: decisions.length,
  };
}

function explain(body: Record<string, unknown>): unknown {
  const found = graph(100_001);
  const id = (text: unknown): number => Number(String(text).split(":").at(-1));
  const node = (text: unknown, otherwise: number): Node => found.nodes.find((one) => one.identifier_id === id(text)) ?? (found.nodes[otherwise] as Node);
  const [a, b] = [node(body.a, 0), node(body.b, 10)];
  const together = a.customer_id === b.customer_id;
  const side = (one: Node) => ({ identifier: brief(one), customer_id: one.customer_id, name: one.customer_id === 100_001 ? "陈晓雨" : null });
  const via = found.nodes[0] as Node;
  const step = (from: Node, to: Node) => ({ source: brief(from), target: brief(to), link: found.links[0], text: { zh: "在小程序商城的同一条数据中出现过 41 次", en: "Seen 41 times in one record at Mini-program mall" } });
  return {
    together,
    a: side(a),
    b: side(b),
    path: together ? (a.identifier_id === via.identifier_id || b.identifier_id === via.identifier_id ? [step(a, b)] : [step(a, via), step(via, b)]) : [],
    reasons: together ? [] : [{ code: "limit", text: { zh: "合并后「微信 unionid」在 wx-open-1 下会有 2 个，规则只允许 1 个", en: "Joined, they would have 2 WeChat unionids in wx-open-1, and the rules allow 1" }, link: found.links[9], decision: null, identifier: null, candidate: null, probability: null, why: [] }],
    rules_version: 3,
  };
}

const sets = [0, 1].map((i) => briefOf(i).identifiers);
const waiting = () => queue.filter((one) => one.status === "open" && one.later === null);
const versions = [3, 2, 1].map((version) => ({
  version, author: "user:lin@brand.example", at: ago(4_000 * (4 - version)), reason: version === 3 ? "门店手机先不合并" : "调整上限", current: version === 3, body: {},
  changes: [{ path: "types.phone.max_customers", before: version, after: version + 1 }],
  to_present: version === 3 ? [] : [{ path: "types.phone.max_customers", before: 4, after: version + 1 }],
}));

export const identityRoutes: [method: string, pattern: RegExp, (asked: Asked) => Answer][] = [
  ["GET", /^identity\/overview$/, ({ query }) => {
    const days = -Number(query.get("days") ?? 30);
    return { body: { ...overview, changes: overview.changes.slice(days), joined: overview.joined.slice(days) } };
  }],
  ["GET", /^identity\/conflicts$/, (asked) => {
    const reason = asked.query.get("reason");
    const rows = waiting().filter((one) => one.kind === "conflict" && (reason === null || one.reason === reason));
    return { body: paged(rows.map((one) => ({ link_id: Number(one.id.split(":")[1]), a: one.a.identifiers[0], b: one.b.identifiers[0], customer_a: one.a, customer_b: one.b, reason: one.reason, detail: one.reason === "limit" ? "unionid@wx-open-1" : null, text: one.text, rule: "same_event", touchpoint: "mini_mall", first_time: ago(400), last_time: ago(12), count: 3, value: one.value })), asked) };
  }],
  ["GET", /^identity\/review$/, (asked) => {
    const kind = asked.query.get("kind") ?? "all";
    const status = asked.query.get("status") ?? "open";
    const wanted = (one: (typeof queue)[number]): boolean => (status === "later" ? one.later !== null : one.status === status && one.later === null);
    return { body: paged(queue.filter((one) => wanted(one) && (kind === "all" || one.kind === kind)), asked) };
  }],
  ["POST", /^identity\/review\/decide$/, ({ body }) => {
    const made: Decision[] = [];
    for (const { id, decision } of body.items as { id: string; decision: string }[]) {
      const one = queue.find((item) => item.id === id);
      if (one === undefined) continue;
      if (decision === "later" || decision === "resume") {
        one.later = decision === "later" ? { until: String(body.until), author: "user:lin@brand.example", reason: String(body.reason) } : null;
        continue;
      }
      one.status = decision === "merge" ? "merged" : "never";
      made.push(decided(decision, { a: one.a.identifiers[0], b: one.b.identifiers[0], reason: body.reason, item: id }));
    }
    return { body: { decisions: made, until: body.until ?? null, conflicts: [] } };
  }],
  ["GET", /^identity\/customers\/\d+\/graph$/, ({ path }) => ({ body: graph(Number(path[2])) })],
  ["POST", /^identity\/explain$/, ({ body }) => ({ body: explain(body) })],
  ["POST", /^identity\/preview$/, ({ body }) => ({ body: preview(body.change as Record<string, unknown>) })],
  ["POST", /^identity\/decisions$/, ({ body: change }) => {
    const chosen = Array.isArray(change.identifiers) ? change.identifiers : [change.identifier];
    const nodes = graph(Number(change.customer_id ?? change.a ?? 100_001)).nodes;
    return { status: 201, body: decided(String(change.kind), { reason: change.reason, identifiers: nodes.filter((one) => chosen.includes(one.identifier_id)).map(brief) }) };
  }],
  ["GET", /^identity\/decisions$/, (asked) => ({ body: paged(decisions, asked) })],
  ["POST", /^identity\/decisions\/\d+\/undo$/, ({ path, body }) => {
    const one = decisions.find((made) => made.id === Number(path[2]));
    if (one === undefined) return problem(404, "not-found", "no such decision");
    const item = queue.find((waits) => waits.id === one.item);
    if (item !== undefined) item.status = "open";
    const made = decided("undo", { undoes: one.id, reason: body.reason });
    one.undone_by = made.id;
    return { body: made };
  }],
  ["GET", /^identity\/rules$/, () => ({ body: currentRules })],
  ["GET", /^identity\/identifiers$/, ({ query }) => ({
    body: {
      items: graph(100_001).nodes.filter((one) => one.type === query.get("type")).map((one) => ({ identifier: brief(one), customer: "陈晓雨", first_seen: one.first_seen, last_seen: one.last_seen })),
      next: null,
    },
  })],
  ["GET", /^identity\/rules\/versions$/, () => ({ body: { items: versions } })],
  ["POST", /^identity\/rules\/restore$/, () => ({ body: Object.assign(currentRules, { version: currentRules.version + 1 }) })],
  ["PUT", /^identity\/touchpoints\/\w+\/joining$/, ({ body, path }) => {
    const row = currentRules.touchpoints.find((one) => one.name === path[2]);
    if (row === undefined) return problem(404, "not-found", "no such touchpoint");
    Object.assign(row, { joining: body.joining, version: row.version + 1 });
    return { body: currentRules };
  }],
  ["POST", /^identity\/rules\/preview$/, ({ body }) => ({
    body: {
      problems: [], customers_before: CUSTOMERS_TOTAL, customers_after: CUSTOMERS_TOTAL - 214, merged: 231, split: 17, identifiers_moved: 604, conflicts_before: 214, conflicts_after: 190,
      largest: [{ customer_id: 100_001, identifiers: 96 }, { customer_id: 100_008, identifiers: 71 }], samples: [{ before: sets, after: [sets.flat()] }],
      segments: effects.filter((one) => (body.segments as string[]).length === 0 || (body.segments as string[]).includes(one.segment)), seconds: 1.84,
    },
  })],
  ["PUT", /^identity\/rules$/, ({ body }) => {
    if (body.version !== currentRules.version) return problem(409, "conflict", "there is a later version");
    return { body: Object.assign(currentRules, { version: currentRules.version + 1, body: body.body, at: new Date().toISOString() }) };
  }],
  ["GET", /^identity\/model$/, ({ query }) => ({ body: { ...model, model: { ...model.model, version: Number(query.get("version") ?? model.model.version) } } })],
  ["GET", /^identity\/model\/versions$/, () => ({ body: { items: modelVersions } })],
  ["GET", /^identity\/model\/difference$/, ({ query }) => ({ body: modelDifference(Number(query.get("before")), Number(query.get("after"))) })],
  ["POST", /^identity\/model\/restore\/preview$/, ({ body }) => ({ body: { difference: modelDifference(4, Number(body.to)), merged: 4, split: 21, identifiers_moved: 60, segments: effects } })],
  ["POST", /^identity\/model\/restore$/, ({ body }) => ({ body: { ...modelVersions[0], version: 5, cause: "restored", restored: body.to } })],
  ["GET", /^identity\/model\/pairs$/, (asked) => ({ body: paged(queue.filter((one) => one.kind === "candidate"), asked) })],
  ["POST", /^identity\/model\/fit$/, () => ({ body: Object.assign(model.run, { state: "running", step: "learning", progress: 0.1, started: new Date().toISOString() }) })],
  ["GET", /^identity\/model\/run$/, () => {
    const progress = (model.run.progress ?? 0) + 0.3;
    return { body: Object.assign(model.run, progress >= 1 ? { state: "done", step: null, progress: 1 } : { progress }) };
  }],
  ["POST", /^identity\/model\/preview$/, () => ({ body: { pairs_joined: 4_120, pairs_review: 1_310, customers_merged: 3_902, expected_wrong: 6.2, segments: effects } })],
  ["PUT", /^identity\/model\/thresholds$/, ({ body }) => {
    Object.assign(model.settings, { join: body.join, review: body.review, auto: body.auto });
    return { body: model };
  }],
];

/** Demonstration data for developing the console without a server. Made up by counting; no real person is in it. */

let seed = 7;
function random(): number {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
  return seed / 2_147_483_648;
}
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
const HOUR = 3_600_000;
export const now = Date.now();
export const ago = (hours: number): string => new Date(now - hours * HOUR).toISOString();
const both = (zh: string, en: string): { zh: string; en: string } => ({ zh, en });

export const touchpoints = [
  { name: "mini_mall", title: both("小程序商城", "Mini-program mall"), channel: "wechat_mini" },
  { name: "tmall_flagship", title: both("天猫旗舰店", "Tmall flagship store"), channel: "tmall" },
  { name: "oa_service", title: both("服务号", "Official account"), channel: "wechat_oa" },
  { name: "stores_pos", title: both("门店收银", "Store tills"), channel: "store" },
  { name: "wecom_sales", title: both("企业微信导购", "WeCom associates"), channel: "wecom" },
];
export const channels = [
  { name: "wechat_mini", title: both("微信小程序", "WeChat mini program") },
  { name: "tmall", title: both("天猫", "Tmall") },
  { name: "wechat_oa", title: both("微信公众号", "WeChat official account") },
  { name: "store", title: both("门店", "Store") },
  { name: "wecom", title: both("企业微信", "WeCom") },
];

const field = (name: string, zh: string, en: string, type: string, values: string[] = []) => ({ name, title: both(zh, en), type, values, value_titles: {} });
const orderFields = [
  field("amount", "金额", "Amount", "money"),
  field("order_id", "订单号", "Order number", "id"),
  field("items.category", "商品品类", "Category of an item", "text", ["母婴", "童装", "生鲜", "美妆", "家清"]),
  field("items.product_id", "商品编号", "Product of an item", "id"),
  field("quantity", "数量", "Quantity", "number"),
  field("coupon_id", "优惠券", "Coupon", "id"),
  field("store_id", "门店", "Store", "id"),
  field("payment_method", "支付方式", "Payment method", "text", ["微信支付", "支付宝", "现金"]),
];
export const events = [
  { name: "order_paid", title: both("支付订单", "Order paid"), group: "order", fields: orderFields },
  { name: "order_refunded", title: both("退款", "Order refunded"), group: "order", fields: [field("refund_amount", "退款金额", "Refunded", "money"), field("reason", "原因", "Reason", "text")] },
  { name: "cart_added", title: both("加入购物车", "Added to cart"), group: "product", fields: [field("product_id", "商品编号", "Product", "id"), field("category", "品类", "Category", "text"), field("price", "价格", "Price", "money")] },
  { name: "product_viewed", title: both("浏览商品", "Product viewed"), group: "product", fields: [field("product_id", "商品编号", "Product", "id"), field("category", "品类", "Category", "text")] },
  { name: "page_viewed", title: both("浏览页面", "Page viewed"), group: "visit", fields: [field("page_name", "页面名称", "Page", "text"), field("duration", "停留秒数", "Duration", "number")] },
  { name: "app_opened", title: both("打开应用", "App opened"), group: "visit", fields: [] },
  { name: "followed", title: both("关注", "Followed"), group: "follow", fields: [field("qr_code_id", "二维码", "QR code", "id")] },
  { name: "coupon_redeemed", title: both("核销优惠券", "Coupon redeemed"), group: "loyalty", fields: [field("coupon_id", "优惠券", "Coupon", "id"), field("discount", "优惠", "Discount", "money")] },
];
export const attributes = [
  field("name", "姓名", "Name", "text"),
  field("city", "城市", "City", "city", ["上海", "杭州", "成都", "北京", "广州"]),
  field("gender", "性别", "Gender", "gender", ["male", "female"]),
  field("birthday", "生日", "Birthday", "date"),
  field("member_level", "会员等级", "Member level", "text", ["普通", "银卡", "金卡", "黑金"]),
];

const families = ["陈", "林", "王", "周", "许", "吴", "赵", "何", "郑", "孙"];
const given = ["晓雨", "子涵", "思远", "佳怡", "明轩", "若曦", "浩然", "梓萱", "一诺", "宇航"];
const levels = ["重要价值客户", "重要保持客户", "一般发展客户", "新客", "沉睡客户"];
const categories = ["母婴", "童装", "生鲜", "美妆", "家清"];
const products = ["有机棉婴儿连体衣", "儿童防晒外套", "鲜牛奶 950ml", "氨基酸洁面乳", "洗衣凝珠 40 颗", "磨牙饼干", "婴儿湿巾 80 抽"];

export const customers = Array.from({ length: 260 }, (_, i) => {
  const orders = Math.floor(random() * 14);
  const last = random() * 24 * 60;
  const name = random() < 0.12 ? null : pick(families) + pick(given);
  return {
    customer_id: 100_001 + i * 7,
    name,
    phone: random() < 0.2 ? null : `1${pick(["38", "39", "50", "86"])}****${1000 + Math.floor(random() * 9000)}`,
    email: random() < 0.6 ? null : `${"abcdefgh"[i % 8]}***@example.com`,
    first_seen: ago(last + random() * 24 * 500),
    last_seen: ago(last),
    orders,
    spend: (orders * (60 + random() * 300)).toFixed(2),
    currency: "CNY",
    tags: { rfm_level: pick(levels), favourite_category: pick(categories), lifecycle_stage: pick(["激活", "留存", "收入", "沉默"]) } as Record<string, string>,
    attributes: { city: pick(["上海", "杭州", "成都", "北京"]), member_level: pick(["普通", "银卡", "金卡"]), gender: pick(["male", "female"]), birthday: `19${70 + (i % 30)}-0${1 + (i % 9)}-12` } as Record<string, string>,
  };
});

export function lines(count: number) {
  return Array.from({ length: count }, () => {
    const at = Math.floor(random() * products.length);
    const price = 19 + Math.floor(random() * 180);
    return { product_id: `P-${1000 + at}`, sku_id: null, name: products[at] ?? null, category: pick(categories), brand: pick(["海屿", "小满", null]), quantity: "1", price: price.toFixed(2), amount: price.toFixed(2), discount: random() < 0.3 ? "5.00" : null };
  });
}

export function timeline(id: number) {
  seed = id;
  return Array.from({ length: 180 }, (_, i) => {
    const event = pick(events);
    const touchpoint = pick(touchpoints);
    const money = event.name === "order_paid" || event.name === "order_refunded";
    const time = ago(2 + i * 5 + random() * 4);
    return {
      event_id: `${id}-${i}`,
      event: event.name,
      title: event.title,
      time,
      received_at: time,
      channel: touchpoint.channel,
      touchpoint: touchpoint.name,
      amount: money ? (40 + random() * 400).toFixed(2) : null,
      currency: money ? "CNY" : null,
      order_id: money ? `2026${10_000_000 + i}` : null,
      lines: event.name === "order_paid" ? lines(2) : [],
      fields: money ? { order_id: `2026${10_000_000 + i}`, payment_method: "微信支付" } : { product_id: "P-1003", category: pick(categories), page_name: "商品详情" },
      identifier: { type: "openid", scope: "wx8f2c", value: "oA***9k" },
    };
  });
}

const said = (zh: string, en: string) => both(zh, en);
export const segments = [
  { name: "recent_buyers", title: both("近 30 天购买", "Bought in the last 30 days"), condition: { did: "order_paid", within: { last: "30 days" } }, sentence: said("最近 30 天做过「支付订单」的客户", "Customers who did “Order paid” in the last 30 days"), size: 12_840 },
  {
    name: "valuable_dormant",
    title: both("高价值沉睡客户", "Valuable but dormant"),
    condition: { all: [{ tag: "rfm_level", in: ["重要价值客户", "重要保持客户"] }, { did_not: "order_paid", within: { last: "60 days" } }, { any: [{ attribute: "city", in: ["上海", "杭州"] }, { did: "coupon_redeemed", times: { at_least: 2 }, within: { last: "12 months" } }] }] },
    sentence: said("满足以下全部条件的客户：标签「RFM 层级」是「重要价值客户」或「重要保持客户」；最近 60 天没有「支付订单」；并且「城市」是上海或杭州，或者最近 12 个月「核销优惠券」不少于 2 次", "Customers for whom all holds: tag “RFM level” is one of two values; no “Order paid” in the last 60 days; and “City” is Shanghai or Hangzhou, or “Coupon redeemed” at least 2 times in the last 12 months"),
    size: 1326,
  },
  { name: "cart_unpaid", title: both("加购未支付", "In the cart, not paid"), condition: { all: [{ did: "cart_added", within: { last: "3 days" } }, { did_not: "order_paid", within: { last: "3 days" } }] }, sentence: said("最近 3 天做过「加入购物车」，且没有「支付订单」的客户", "Customers who did “Added to cart” and no “Order paid” in the last 3 days"), size: 487 },
  { name: "mothers_spring", title: both("母婴春季大促人群", "Mother and baby, spring sale"), condition: { did: "order_paid", where: { "items.category": { in: ["母婴", "童装"] } }, sum: { of: "amount", at_least: 500 }, within: { last: "90 days" } }, sentence: said("最近 90 天「支付订单」且商品品类为母婴或童装，金额合计不少于 500 的客户", "Customers whose “Order paid” with category 母婴 or 童装 sums to at least 500 in the last 90 days"), size: 3902 },
].map((one, i) => ({ ...one, description: "", version: 1 + i, author: "运营 小林", changed_at: ago(6 + i * 40), used_by: i === 0 ? ["valuable_dormant"] : [] }));

export function history(size: number) {
  let now_ = size - 300;
  return Array.from({ length: 30 }, (_, i) => {
    const entered = 20 + Math.floor(random() * 60);
    const left = Math.floor(random() * 55);
    now_ += entered - left;
    return { at: ago((29 - i) * 24), size: i === 29 ? size : now_, entered, left };
  });
}

const shares = (values: string[], total: number) => {
  const weights = values.map((_, i) => 1 / (i + 1.4));
  const sum = weights.reduce((a, b) => a + b, 0);
  return values.map((value, i) => ({ value, count: Math.round(((weights[i] ?? 0) / sum) * total), share: (weights[i] ?? 0) / sum }));
};
export const tags = [
  { name: "rfm_level", title: both("RFM 层级", "RFM level"), kind: "state", says: "value", values: levels, coverage: 41_200, used_by: ["valuable_dormant"] },
  { name: "favourite_category", title: both("偏好品类", "Favourite category"), kind: "preference", says: "behaviour", values: categories, coverage: 30_110, used_by: [] },
  { name: "lifecycle_stage", title: both("生命周期阶段", "Lifecycle stage"), kind: "state", says: "behaviour", values: ["激活", "留存", "收入", "沉默", "流失"], coverage: 52_317, used_by: [] },
  { name: "purchasing_power", title: both("购买力", "Purchasing power"), kind: "metric", says: "value", values: ["低", "中", "高"], coverage: 28_450, used_by: ["vip_candidates"] },
  { name: "first_touch_channel", title: both("首触渠道", "First touch channel"), kind: "first_last", says: "attribute", values: ["wechat_mini", "tmall", "store", "wechat_oa"], coverage: 52_317, used_by: [] },
].map((one) => ({
  ...one,
  owner: "crm@brand",
  version: 2,
  author: "运营 小林",
  changed_at: ago(300),
  as_of: ago(0.02),
  distribution: shares(one.values, one.coverage),
  definition: { tag: one.name, title: one.title, kind: one.kind, from: { did: ["product_viewed", "cart_added", "order_paid"] }, within: { last: "180 days" } },
}));

export const CUSTOMERS_TOTAL = 52_317;

const broken = [
  { rule: "type.money", field: "amount", touchpoint: "tmall_flagship", count: 214, message: "「¥1，299」不是金额：逗号是全角" },
  { rule: "required", field: "order_id", touchpoint: "mini_mall", count: 63, message: "order_paid 必须有 order_id" },
  { rule: "time.future", field: null, touchpoint: "stores_pos", count: 12, message: "时间比接收时间晚 31 小时" },
  { rule: "type.phone", field: "phone", touchpoint: "wecom_sales", count: 5, message: "「138****5678」是脱敏号码，不能作为手机号" },
];
export const byRule = broken.map(({ message: _, ...rule }) => rule);
export const quarantined = broken.flatMap((one, b) =>
  Array.from({ length: Math.min(one.count, 30) }, (_, i) => ({
    id: `${9_000 + b * 100 + i}-0`,
    received_at: ago(0.5 + i * 0.7),
    touchpoint: one.touchpoint,
    kind: "event",
    name: one.rule === "type.phone" ? "contact_added" : "order_paid",
    rule: one.rule,
    field: one.field,
    message: one.message,
    attempts: i % 5 === 0 ? 1 : 0,
  })),
);

export const series = Array.from({ length: 48 }, (_, i) => {
  const hour = new Date(Math.floor(now / HOUR) * HOUR - (47 - i) * HOUR);
  const busy = 0.15 + Math.max(0, Math.sin(((hour.getUTCHours() + 2) / 24) * Math.PI * 2 - 1.2));
  return { hour: hour.toISOString(), accepted: Math.round(3800 * busy + random() * 500), quarantined: Math.round(random() * 60 * busy) };
});

// The story of tests/clients/story.py in the arguments that both Node clients take.
const { PREFIX: p, PAST } = process.env;

export function tell(client, timestampKey) {
  const one = `${p}-u1`;
  client.identify({ userId: one, traits: { email: `${p}@example.com`, name: "张三", createdAt: new Date(PAST) } });
  client.track({
    userId: one,
    anonymousId: `${p}-anon-1`,
    event: "Order Completed",
    properties: { order_id: `${p}-o1`, revenue: 99.5, currency: "CNY", coupon: null },
    [timestampKey]: new Date(PAST),
  });
  client.track({ anonymousId: `${p}-anon-2`, event: "Product Viewed", properties: { product_id: "p-1", price: 12 } });
  client.page({ userId: one, category: "Docs", name: "Python", properties: { url: "http://x.example/" } });
  client.screen({ userId: one, category: "c", name: "Home", properties: {} });
  client.group({ userId: one, groupId: `${p}-g1`, traits: { plan: "vip" } });
  client.alias({ previousId: `${p}-anon-2`, userId: one });
  for (let n = 0; n < 25; n += 1) {
    client.track({ userId: `${p}-u${n}`, event: "Small Event", properties: { n } });
  }
}

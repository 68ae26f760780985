// Segment's methods work later: without await an early call would carry the ids of a later identify.
// The browser story of tests/clients/story.py, in the arguments that both browser clients take.
export async function tell(client, prefix) {
  await client.page("Start");
  await client.track("Product Viewed", { product_id: "p-1", price: 12 });
  await client.alias(`${prefix}-u1`, `${prefix}-old`); // Segment's client sends another user id once one is identified
  await client.identify(`${prefix}-u1`, { email: `${prefix}@example.com`, name: "张三" });
  await client.track("Order Completed", { order_id: `${prefix}-o1`, revenue: 99.5 });
  await client.group(`${prefix}-g1`, { plan: "vip" });
}

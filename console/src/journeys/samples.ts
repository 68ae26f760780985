/** Journeys for tests. */
import type { Definition } from "./model";

/** The recall of carts: a coupon, a chain of channels, a wait, a branch, a reminder. */
export const CART: Definition = {
  journey: "cart_recall",
  name: { zh: "cart", en: "Cart recall" },
  params: { products: ["P-1001"], coupon: "CPN_CART_20" },
  entry: { did: "cart_added", at: { channel: "wechat_mini" }, hold: { for: "30 minutes", unless: { did: "order_paid" } }, key: "$trigger.cart_id" },
  goal: { did: "coupon_redeemed", where: { coupon_code: { is: "$vars.coupon_code" } }, within: "7 days" },
  exit: [
    { did: "consent_withdrawn", as: "withdrawn" },
    { did: "order_paid", before: "give", as: "paid_without_coupon" },
  ],
  max_life: "14 days",
  start: "give",
  nodes: {
    give: { do: "issue_coupon", batch: "$params.coupon", save: "coupon_code", next: "send1", else: "end_no_stock" },
    send1: { do: "send", message: "cart_coupon", chain: [{ channel: "wechat_oa", next_on: ["not_follower"] }, { channel: "sms" }], next: "wait3", else: "end_unreachable" },
    wait3: { do: "wait", for: "3 days", until: { did: "coupon_redeemed" }, next: "check", on_event: "check" },
    check: { do: "branch", cases: [{ when: { did: "coupon_redeemed", since: { node: "wait3" } }, next: "end_goal" }], else: "remind" },
    remind: { do: "send", message: "cart_reminder", chain: [{ channel: "sms" }], next: "end_done", else: "end_done" },
    end_goal: { do: "end", as: "goal" },
    end_done: { do: "end", as: "completed" },
    end_no_stock: { do: "end", as: "coupon_unavailable" },
    end_unreachable: { do: "end", as: "unreachable" },
  },
};

/** A long way of waits. */
export function long(steps: number): Definition {
  const nodes = Object.fromEntries(Array.from({ length: steps }, (_, i) => [`w${i}`, { do: "wait", for: "1 day", next: i + 1 < steps ? `w${i + 1}` : "end_done" }]));
  return { journey: "long", max_life: "14 days", entry: { api: true }, start: "w0", nodes: { ...nodes, end_done: { do: "end", as: "completed" } } };
}

/** Splits of splits, all ending in the same place. */
export function bushy(depth: number): Definition {
  const nodes: Definition = { end_done: { do: "end", as: "completed" } };
  const grow = (name: string, left: number): string => {
    if (left === 0) return "end_done";
    nodes[name] = { do: "split", arms: ["a", "b"].map((arm) => ({ name: arm, weight: 50, next: grow(`${name}${arm}`, left - 1) })) };
    return name;
  };
  return { journey: "bushy", max_life: "14 days", entry: { api: true }, start: grow("s", depth), nodes };
}

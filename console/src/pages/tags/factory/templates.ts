/** What a new tag of a kind begins with: something that can be tried at once and changed from there. */
import type { Definition, Kind } from "./definition";
import type { Start } from "./starts";

/** Words of the viewer's language for values and layers. */
export interface Words {
  low: string;
  middle: string;
  high: string;
  value: string;
  dormant: string;
  active: string;
  others: string;
}

const NIGHT = "0 3 * * *";

export function blank(start: Start, name: string, words: Words): Definition {
  const head = (says: string, kind: Kind): Definition => ({ tag: name, title: {}, says, kind });
  switch (start) {
    case "attribute":
      return { ...head("attribute", "attribute"), from: {} };
    case "import":
      return { ...head("attribute", "import"), mode: "append", when_missing: "keep_last" };
    case "first_last":
      return { ...head("behaviour", "first_last"), take: "first", from: { did: "order_paid", field: "touchpoint" } };
    case "metric":
      return { ...head("value", "metric"), from: { did: "order_paid", sum: "amount" }, within: { last: "180 days" }, cut: { by: "percent", at: [20, 80], labels: [words.low, words.middle, words.high] } };
    case "preference":
      return { ...head("behaviour", "preference"), from: { did: ["product_viewed"], field: "category" }, within: { last: "180 days" }, half_life: "60 days", score: "lift", top: 3, min_events: 3 };
    case "state":
      return {
        ...head("behaviour", "state"),
        states: [
          { value: words.active, when: { did: "order_paid", within: { last: "45 days" } } },
          { value: words.dormant, when: { did: "order_paid" } },
        ],
        otherwise: words.others,
      };
    case "sequence":
      return { ...head("behaviour", "sequence"), sequence: [{ did: "cart_added" }, { did_not: "order_paid", for: "24 hours" }], within: { last: "30 days" }, value: words.value, valid_for: "7 days" };
    case "rfm":
      return { ...head("value", "rfm"), from: { did: "order_paid", sum: "amount" }, within: { last: "365 days" } };
    case "expression":
      return { ...head("value", "expression"), inputs: { orders: { did: "order_paid", times: true, within: { last: "90 days" } } }, expression: "orders" };
    case "sql":
      return { ...head("value", "sql"), sql: "SELECT customer_id AS id, count(*) AS value\nFROM events\nWHERE event = 'order_paid' AND time < :as_of\nGROUP BY customer_id", type: "number", schedule: NIGHT };
    case "clv":
      return { ...head("value", "model"), model: "clv", from: { did: "order_paid", sum: "amount" }, horizon: "180 days", cut: { by: "percent", at: [50, 80, 95], labels: [words.low, words.middle, words.high, "VIP"] }, schedule: NIGHT };
    case "classifier":
      return { ...head("value", "model"), model: "classifier", target: { did_not: "order_paid" }, ahead: "30 days", among: { did: "order_paid", within: { last: "180 days" } }, schedule: NIGHT };
    case "lookalike":
      return { ...head("value", "model"), model: "lookalike", like: { did: "order_paid", times: { at_least: 5 }, within: { last: "180 days" } }, schedule: NIGHT };
    case "cluster":
      return { ...head("behaviour", "model"), model: "cluster", within: { last: "90 days" }, schedule: NIGHT };
  }
}

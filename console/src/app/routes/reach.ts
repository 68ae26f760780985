/** Messages, coupons, broadcasts, deliveries, tasks, policies, consent. */
import { createRoute, lazyRouteComponent, redirect } from "@tanstack/react-router";
import type { CodeStatus } from "@/api/coupons";
import type { DeliveryState, Task } from "@/api/reach";
import { flag, id, oneOf, type Raw, text } from "@/lib/search";
import { rangeIn } from "@/journeys/range";
import type { RangeSearch } from "@/journeys/state";
import { type Group, GROUP_NAMES, STATE_NAMES } from "@/pages/deliveries/states";
import { shell, withTexts } from "./shared";

interface DeliverySearch extends RangeSearch {
  tab?: "unknown";
  state?: DeliveryState;
  journey?: string;
  broadcast?: string;
  message?: string;
  channel?: string;
  reason?: string;
  customer?: number;
  /** Several states as one figure counts them, and the step and the place in its chain that sent them. */
  group?: Group;
  node?: string;
  hop?: number;
  send?: string;
}

const deliveries = createRoute({
  getParentRoute: () => shell,
  path: "/deliveries",
  validateSearch: (raw: Raw): DeliverySearch => ({
    tab: oneOf(raw, "tab", ["unknown"] as const),
    state: oneOf(raw, "state", STATE_NAMES),
    journey: text(raw, "journey"),
    broadcast: text(raw, "broadcast"),
    message: text(raw, "message"),
    channel: text(raw, "channel"),
    reason: text(raw, "reason"),
    customer: id(raw, "customer"),
    group: oneOf(raw, "group", GROUP_NAMES),
    node: text(raw, "node"),
    hop: id(raw, "hop"),
    ...rangeIn(raw),
    send: text(raw, "send"),
  }),
  component: lazyRouteComponent(() => withTexts(import("@/pages/deliveries/Deliveries"), "reach"), "Deliveries"),
});
const tasks = createRoute({
  getParentRoute: () => shell,
  path: "/tasks",
  validateSearch: (raw: Raw): { status?: Task["status"]; staff?: string } => ({ status: oneOf(raw, "status", ["open", "done", "expired", "cancelled"] as const), staff: text(raw, "staff") }),
  component: lazyRouteComponent(() => withTexts(import("@/pages/tasks/Tasks"), "reach"), "Tasks"),
});

const messages = createRoute({
  getParentRoute: () => shell,
  path: "/messages",
  validateSearch: (raw: Raw): { q?: string } => ({ q: text(raw, "q") }),
  component: lazyRouteComponent(() => withTexts(import("@/pages/messages/Messages"), "reach"), "Messages"),
});
interface MessageSearch {
  tab?: "yaml" | "versions";
  /** The content that is shown, and the customer that it is shown for. */
  template?: string;
  customer?: number;
  /** Of a new message: what it is copied from. */
  message?: string;
}
const messageSearch = (raw: Raw): MessageSearch => ({ tab: oneOf(raw, "tab", ["yaml", "versions"] as const), template: text(raw, "template"), customer: id(raw, "customer"), message: text(raw, "message") });
const messageNew = createRoute({
  getParentRoute: () => shell,
  path: "/messages/new",
  validateSearch: messageSearch,
  component: lazyRouteComponent(() => withTexts(import("@/pages/messages/MessagePage"), "reach"), "MessageNew"),
});
const message = createRoute({
  getParentRoute: () => shell,
  path: "/messages/$name",
  // The API has the language of templates there.
  beforeLoad: ({ params }) => {
    if (params.name === "language") throw redirect({ to: "/messages" });
  },
  validateSearch: messageSearch,
  component: lazyRouteComponent(() => withTexts(import("@/pages/messages/MessagePage"), "reach"), "MessagePage"),
});

const couponsPage = createRoute({
  getParentRoute: () => shell,
  path: "/coupons",
  validateSearch: (raw: Raw): { act?: "new" } => ({ act: oneOf(raw, "act", ["new"] as const) }),
  component: lazyRouteComponent(() => withTexts(import("@/pages/coupons/Coupons"), "reach"), "Coupons"),
});
const coupon = createRoute({
  getParentRoute: () => shell,
  path: "/coupons/$name",
  validateSearch: (raw: Raw): { status?: CodeStatus; act?: "edit" } => ({ status: oneOf(raw, "status", ["free", "issued", "redeemed", "expired", "void"] as const), act: oneOf(raw, "act", ["edit"] as const) }),
  component: lazyRouteComponent(() => withTexts(import("@/pages/coupons/CouponPage"), "reach"), "CouponPage"),
});

const policies = createRoute({
  getParentRoute: () => shell,
  path: "/policies",
  validateSearch: (raw: Raw): { tab?: "speed" | "accounts" | "yaml" } => ({ tab: oneOf(raw, "tab", ["speed", "accounts", "yaml"] as const) }),
  component: lazyRouteComponent(() => withTexts(import("@/pages/policies/Policies"), "reach"), "Policies"),
});
interface ConsentSearch {
  tab?: "suppressions" | "notices";
  customer?: number;
  act?: "add";
  lifted?: 1;
}
const consents = createRoute({
  getParentRoute: () => shell,
  path: "/consents",
  validateSearch: (raw: Raw): ConsentSearch => ({ tab: oneOf(raw, "tab", ["suppressions", "notices"] as const), customer: id(raw, "customer"), act: oneOf(raw, "act", ["add"] as const), lifted: flag(raw, "lifted") }),
  component: lazyRouteComponent(() => withTexts(import("@/pages/consents/Consents"), "reach"), "Consents"),
});
const broadcastsPage = createRoute({
  getParentRoute: () => shell,
  path: "/broadcasts",
  validateSearch: (raw: Raw): { act?: "new" } => ({ act: oneOf(raw, "act", ["new"] as const) }),
  component: lazyRouteComponent(() => withTexts(import("@/pages/broadcasts/Broadcasts"), "reach"), "Broadcasts"),
});
const broadcast = createRoute({
  getParentRoute: () => shell,
  path: "/broadcasts/$name",
  validateSearch: (raw: Raw): { act?: "edit" } => ({ act: oneOf(raw, "act", ["edit"] as const) }),
  component: lazyRouteComponent(() => withTexts(import("@/pages/broadcasts/BroadcastPage"), "reach"), "BroadcastPage"),
});

export const reachRoutes = [deliveries, tasks, messages, messageNew, message, couponsPage, coupon, policies, consents, broadcastsPage, broadcast] as const;

/** Messages, coupons, broadcasts, deliveries, tasks, policies, consent. */
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { DeliveryState, Task } from "@/api/reach";
import { id, oneOf, type Raw, text } from "@/lib/search";
import { STATE_NAMES } from "@/pages/deliveries/states";
import { shell, withTexts } from "./shared";

interface DeliverySearch {
  tab?: "unknown";
  state?: DeliveryState;
  journey?: string;
  broadcast?: string;
  message?: string;
  channel?: string;
  reason?: string;
  customer?: number;
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

export const reachRoutes = [deliveries, tasks] as const;

/** The home page and customers. */
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { count, id, names, oneOf, type Raw, text } from "@/lib/search";
import { shell } from "./shared";

/** The orders a customer list can have, as the server names them. */
export const SORTS = ["-last_seen", "last_seen", "-first_seen", "first_seen", "-spend", "spend", "-orders", "orders", "customer_id"] as const;

/** What can be done in the identity graph of a customer. */
const ACTS = ["merge", "split", "never", "block", "explain"] as const;

/** What a page keeps in its address; all of it may be left out. */
interface CustomersSearch {
  q?: string;
  segment?: string;
  tag?: string;
  value?: string;
  sort?: (typeof SORTS)[number];
  page?: number;
  size?: number;
  cols?: string;
}
interface CustomerSearch {
  tab?: "timeline" | "orders" | "identifiers" | "journeys" | "oneid";
  /** Of the journeys: only this one. */
  journey?: string;
  event?: string;
  channel?: string;
  why?: string;
  view?: "list";
  sel?: string;
  link?: number;
  act?: (typeof ACTS)[number];
  other?: number;
  page?: number;
}

const home = createRoute({ getParentRoute: () => shell, path: "/", component: lazyRouteComponent(() => import("@/pages/home/Home"), "Home") });

const customers = createRoute({
  getParentRoute: () => shell,
  path: "/customers",
  validateSearch: (raw: Raw): CustomersSearch => ({
    q: text(raw, "q"),
    segment: text(raw, "segment"),
    tag: text(raw, "tag"),
    value: text(raw, "value"),
    sort: oneOf(raw, "sort", SORTS),
    page: count(raw, "page"),
    size: count(raw, "size", 200),
    cols: names(raw, "cols")?.join(","),
  }),
  component: lazyRouteComponent(() => import("@/pages/customers/Customers"), "Customers"),
});

const customer = createRoute({
  getParentRoute: () => shell,
  path: "/customers/$id",
  validateSearch: (raw: Raw): CustomerSearch => ({
    tab: oneOf(raw, "tab", ["timeline", "orders", "identifiers", "journeys", "oneid"] as const),
    journey: text(raw, "journey"),
    event: text(raw, "event"),
    channel: text(raw, "channel"),
    why: text(raw, "why"),
    view: oneOf(raw, "view", ["list"] as const),
    sel: text(raw, "sel"),
    link: id(raw, "link"),
    act: oneOf(raw, "act", ACTS),
    other: id(raw, "other"),
    page: count(raw, "page"),
  }),
  component: lazyRouteComponent(() => import("@/pages/customer/CustomerPage"), "CustomerPage"),
});

export const customerRoutes = [home, customers, customer] as const;

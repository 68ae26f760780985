import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet, redirect } from "@tanstack/react-router";
import { ApiError } from "@/api/errors";
import { queries } from "@/api/queries";
import { count, names, oneOf, type Raw, text } from "@/lib/search";
import { cache, whenSignedOut } from "./cache";
import { Failed, Missing } from "./Fallback";
import { Shell } from "./Shell";

/** The orders a customer list can have, as the server names them. */
export const SORTS = ["-last_seen", "last_seen", "-first_seen", "first_seen", "-spend", "spend", "-orders", "orders", "customer_id"] as const;

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
  tab?: "timeline" | "orders" | "identifiers";
  event?: string;
  channel?: string;
  why?: string;
}
interface QuarantineSearch {
  rule?: string;
  touchpoint?: string;
  page?: number;
}

const root = createRootRoute({ component: Outlet, notFoundComponent: Missing });

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: (raw: Raw): { next?: string } => ({ next: text(raw, "next") }),
  component: lazyRouteComponent(() => import("@/pages/login/Login"), "Login"),
});

const shell = createRoute({
  getParentRoute: () => root,
  id: "shell",
  component: Shell,
  beforeLoad: async ({ location }) => {
    try {
      await cache.ensureQueryData(queries.session());
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        throw redirect({ to: "/login", search: { next: location.href === "/" ? undefined : location.href } });
      }
      throw error;
    }
  },
});

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
    tab: oneOf(raw, "tab", ["timeline", "orders", "identifiers"] as const),
    event: text(raw, "event"),
    channel: text(raw, "channel"),
    why: text(raw, "why"),
  }),
  component: lazyRouteComponent(() => import("@/pages/customer/CustomerPage"), "CustomerPage"),
});

const segments = createRoute({ getParentRoute: () => shell, path: "/segments", component: lazyRouteComponent(() => import("@/pages/segments/Segments"), "Segments") });
const segmentNew = createRoute({
  getParentRoute: () => shell,
  path: "/segments/new",
  component: lazyRouteComponent(() => import("@/pages/segments/SegmentEdit"), "SegmentNew"),
});
const segment = createRoute({
  getParentRoute: () => shell,
  path: "/segments/$name",
  validateSearch: (raw: Raw): { page?: number } => ({ page: count(raw, "page") }),
  component: lazyRouteComponent(() => import("@/pages/segments/SegmentDetail"), "SegmentDetail"),
});
const segmentEdit = createRoute({
  getParentRoute: () => shell,
  path: "/segments/$name/edit",
  component: lazyRouteComponent(() => import("@/pages/segments/SegmentEdit"), "SegmentEdit"),
});

const tags = createRoute({ getParentRoute: () => shell, path: "/tags", component: lazyRouteComponent(() => import("@/pages/tags/Tags"), "Tags") });
const tag = createRoute({ getParentRoute: () => shell, path: "/tags/$name", component: lazyRouteComponent(() => import("@/pages/tags/TagDetail"), "TagDetail") });

const quarantine = createRoute({
  getParentRoute: () => shell,
  path: "/quarantine",
  validateSearch: (raw: Raw): QuarantineSearch => ({
    rule: text(raw, "rule"),
    touchpoint: text(raw, "touchpoint"),
    page: count(raw, "page"),
  }),
  component: lazyRouteComponent(() => import("@/pages/quarantine/Quarantine"), "Quarantine"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    login,
    shell.addChildren([home, customers, customer, segments, segmentNew, segment, segmentEdit, tags, tag, quarantine]),
  ]),
  defaultPreload: "intent",
  defaultErrorComponent: Failed,
  scrollRestoration: true,
});

whenSignedOut(() => {
  const here = router.state.location;
  if (here.pathname === "/login") return;
  cache.clear();
  void router.navigate({ to: "/login", search: { next: here.href } });
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

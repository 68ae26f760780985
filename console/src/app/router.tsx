import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet, redirect } from "@tanstack/react-router";
import { ApiError } from "@/api/errors";
import type { Conflict, ReviewItem } from "@/api/identity";
import { queries } from "@/api/queries";
import type { TouchpointState } from "@/api/touchpoints";
import { isObject, type JsonObject } from "@/conditions/model";
import { openTexts } from "@/i18n";
import { count, flag, id, names, oneOf, type Raw, text } from "@/lib/search";
import { GROUPINGS, type Grouping, MODES } from "@/pages/tags/catalogue/state";
import { TAG_TABS, type TagTab } from "@/pages/tags/detail/state";
import { DRIFTS, type DriftWord } from "@/pages/tags/drift";
import { type Start, STARTS } from "@/pages/tags/factory/starts";
import { type Tab, TABS, type View, VIEWS } from "@/pages/map/state";
import { cache, whenSignedOut } from "./cache";
import { Failed, Missing } from "./Fallback";
import { Shell } from "./Shell";

/** The orders a customer list can have, as the server names them. */
export const SORTS = ["-last_seen", "last_seen", "-first_seen", "first_seen", "-spend", "spend", "-orders", "orders", "customer_id"] as const;

/** Why a link may not have joined two customers. */
export const CONFLICT_REASONS = ["limit", "name", "unproved", "size", "never"] as const satisfies readonly Conflict["reason"][];

/** What became of pairs that are not open any more. */
export const DECIDED = ["later", "joined", "merged", "never", "gone"] as const satisfies readonly (ReviewItem["status"] | "later")[];

/** What can be done in the identity graph of a customer. */
const ACTS = ["merge", "split", "never", "block", "explain"] as const;

/** The states of a touchpoint, and the tabs of its page. */
export const TOUCHPOINT_STATES = ["live", "silent", "failing", "paused", "incomplete"] as const satisfies readonly TouchpointState[];
export const TOUCHPOINT_TABS = ["overview", "arrivals", "mapping", "settings", "message"] as const;

/** What a portrait's dimensions are made of. */
const DIMENSIONS = ["tag", "attribute", "channel"] as const;

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
  tab?: "timeline" | "orders" | "identifiers" | "oneid";
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
interface TouchpointsSearch {
  q?: string;
  channel?: string;
  state?: TouchpointState;
  sandbox?: 1;
  connect?: string;
  made?: string;
}
interface TouchpointSearch {
  tab?: (typeof TOUCHPOINT_TABS)[number];
  at?: number;
  sample?: string;
}
interface QuarantineSearch {
  rule?: string;
  field?: string;
  touchpoint?: string;
  page?: number;
}

/** A page of tags, with the texts that only they need. */
async function withTexts<T>(page: Promise<T>): Promise<T> {
  const [module] = await Promise.all([page, openTexts("tags")]);
  return module;
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
    tab: oneOf(raw, "tab", ["timeline", "orders", "identifiers", "oneid"] as const),
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

const EDIT_TABS = ["yaml"] as const;
const segments = createRoute({
  getParentRoute: () => shell,
  path: "/segments",
  validateSearch: (raw: Raw): { q?: string } => ({ q: text(raw, "q") }),
  component: lazyRouteComponent(() => import("@/pages/segments/Segments"), "Segments"),
});
const segmentNew = createRoute({
  getParentRoute: () => shell,
  path: "/segments/new",
  validateSearch: (raw: Raw): { tab?: "yaml"; condition?: JsonObject; title?: string } => ({
    tab: oneOf(raw, "tab", EDIT_TABS),
    condition: isObject(raw.condition) ? raw.condition : undefined,
    title: text(raw, "title"),
  }),
  component: lazyRouteComponent(() => import("@/pages/segments/SegmentEdit"), "SegmentNew"),
});
const segment = createRoute({
  getParentRoute: () => shell,
  path: "/segments/$name",
  validateSearch: (raw: Raw): { page?: number; days?: 7 | 90; why?: number } => ({
    page: count(raw, "page"),
    days: ([7, 90] as const).find((one) => one === count(raw, "days")),
    why: id(raw, "why"),
  }),
  component: lazyRouteComponent(() => import("@/pages/segments/SegmentDetail"), "SegmentDetail"),
});
const segmentEdit = createRoute({
  getParentRoute: () => shell,
  path: "/segments/$name/edit",
  validateSearch: (raw: Raw): { tab?: "yaml" } => ({ tab: oneOf(raw, "tab", EDIT_TABS) }),
  component: lazyRouteComponent(() => import("@/pages/segments/SegmentEdit"), "SegmentEdit"),
});
const segmentVersions = createRoute({
  getParentRoute: () => shell,
  path: "/segments/$name/versions",
  validateSearch: (raw: Raw): { a?: number; b?: number } => ({ a: count(raw, "a"), b: count(raw, "b") }),
  component: lazyRouteComponent(() => import("@/pages/segments/versions/Versions"), "Versions"),
});
const segmentPortrait = createRoute({
  getParentRoute: () => shell,
  path: "/segments/$name/portrait",
  validateSearch: (raw: Raw): { base?: string; kind?: (typeof DIMENSIONS)[number]; q?: string } => ({
    base: text(raw, "base"),
    kind: oneOf(raw, "kind", DIMENSIONS),
    q: text(raw, "q"),
  }),
  component: lazyRouteComponent(() => import("@/pages/portrait/Portrait"), "Portrait"),
});
const overlap = createRoute({
  getParentRoute: () => shell,
  path: "/overlap",
  validateSearch: (raw: Raw): { segments?: string; at?: string } => ({ segments: text(raw, "segments"), at: text(raw, "at") }),
  component: lazyRouteComponent(() => import("@/pages/portrait/overlap/Overlap"), "Overlap"),
});

const LIST_TABS = ["unmatched", "changes"] as const;
const listsPage = createRoute({
  getParentRoute: () => shell,
  path: "/lists",
  validateSearch: (raw: Raw): { q?: string; act?: "new" } => ({ q: text(raw, "q"), act: oneOf(raw, "act", ["new"] as const) }),
  component: lazyRouteComponent(() => import("@/pages/lists/Lists"), "Lists"),
});
const list = createRoute({
  getParentRoute: () => shell,
  path: "/lists/$name",
  validateSearch: (raw: Raw): { tab?: "members" | "unmatched" | "changes"; act?: "upload"; page?: number } => ({
    tab: oneOf(raw, "tab", LIST_TABS),
    act: oneOf(raw, "act", ["upload"] as const),
    page: count(raw, "page"),
  }),
  component: lazyRouteComponent(() => import("@/pages/lists/ListDetail"), "ListDetail"),
});

const tags = createRoute({
  getParentRoute: () => shell,
  path: "/tags",
  validateSearch: (raw: Raw): { q?: string; by?: Grouping; mode?: (typeof MODES)[number]; drift?: DriftWord; unused?: 1 } => ({
    q: text(raw, "q"),
    by: oneOf(raw, "by", GROUPINGS),
    mode: oneOf(raw, "mode", MODES),
    drift: oneOf(raw, "drift", DRIFTS),
    unused: flag(raw, "unused"),
  }),
  component: lazyRouteComponent(() => withTexts(import("@/pages/tags/Tags")), "Tags"),
});
const tagNew = createRoute({
  getParentRoute: () => shell,
  path: "/tags/new",
  validateSearch: (raw: Raw): { kind?: Start } => ({ kind: oneOf(raw, "kind", STARTS) }),
  component: lazyRouteComponent(() => withTexts(import("@/pages/tags/factory/TagEdit")), "TagNew"),
});
const tag = createRoute({
  getParentRoute: () => shell,
  path: "/tags/$name",
  validateSearch: (raw: Raw): { tab?: TagTab; customer?: number; as_of?: string } => ({ tab: oneOf(raw, "tab", TAG_TABS), customer: id(raw, "customer"), as_of: text(raw, "as_of") }),
  component: lazyRouteComponent(() => withTexts(import("@/pages/tags/TagDetail")), "TagDetail"),
});
const tagEdit = createRoute({ getParentRoute: () => shell, path: "/tags/$name/edit", component: lazyRouteComponent(() => withTexts(import("@/pages/tags/factory/TagEdit")), "TagEdit") });
const lineage = createRoute({
  getParentRoute: () => shell,
  path: "/lineage",
  validateSearch: (raw: Raw): { of?: string; view?: "list"; fields?: 1; only?: 1 } => ({ of: text(raw, "of"), view: oneOf(raw, "view", ["list"] as const), fields: flag(raw, "fields"), only: flag(raw, "only") }),
  component: lazyRouteComponent(() => withTexts(import("@/pages/tags/lineage/Lineage")), "Lineage"),
});

const touchpoints = createRoute({
  getParentRoute: () => shell,
  path: "/touchpoints",
  validateSearch: (raw: Raw): TouchpointsSearch => ({
    q: text(raw, "q"),
    channel: text(raw, "channel"),
    state: oneOf(raw, "state", TOUCHPOINT_STATES),
    sandbox: count(raw, "sandbox") === 1 ? 1 : undefined,
    connect: text(raw, "connect"),
    made: text(raw, "made"),
  }),
  component: lazyRouteComponent(() => import("@/pages/touchpoints/Touchpoints"), "Touchpoints"),
});
const touchpoint = createRoute({
  getParentRoute: () => shell,
  path: "/touchpoints/$name",
  validateSearch: (raw: Raw): TouchpointSearch => ({ tab: oneOf(raw, "tab", TOUCHPOINT_TABS), at: id(raw, "at"), sample: text(raw, "sample") }),
  component: lazyRouteComponent(() => import("@/pages/touchpoints/detail/Detail"), "Detail"),
});

const quarantine = createRoute({
  getParentRoute: () => shell,
  path: "/quarantine",
  validateSearch: (raw: Raw): QuarantineSearch => ({
    rule: text(raw, "rule"),
    field: text(raw, "field"),
    touchpoint: text(raw, "touchpoint"),
    page: count(raw, "page"),
  }),
  component: lazyRouteComponent(() => import("@/pages/quarantine/Quarantine"), "Quarantine"),
});

const identity = createRoute({
  getParentRoute: () => shell,
  path: "/identity",
  validateSearch: (raw: Raw): { days?: 90 } => ({ days: count(raw, "days") === 90 ? 90 : undefined }),
  component: lazyRouteComponent(() => import("@/pages/identity/overview/Overview"), "Overview"),
});
const identityIdentifiers = createRoute({
  getParentRoute: () => shell,
  path: "/identity/identifiers",
  validateSearch: (raw: Raw): { type?: string; touchpoint?: string; before?: number } => ({ type: text(raw, "type"), touchpoint: text(raw, "touchpoint"), before: count(raw, "before") }),
  component: lazyRouteComponent(() => import("@/pages/identity/identifiers/Identifiers"), "Identifiers"),
});
const identityReview = createRoute({
  getParentRoute: () => shell,
  path: "/identity/review",
  validateSearch: (raw: Raw): { kind?: "candidate" | "conflict"; status?: (typeof DECIDED)[number]; page?: number; at?: string; sel?: string } => ({
    kind: oneOf(raw, "kind", ["candidate", "conflict"] as const),
    status: oneOf(raw, "status", DECIDED),
    page: count(raw, "page"),
    at: text(raw, "at"),
    sel: text(raw, "sel"),
  }),
  component: lazyRouteComponent(() => import("@/pages/identity/review/Review"), "Review"),
});
const identityConflicts = createRoute({
  getParentRoute: () => shell,
  path: "/identity/conflicts",
  validateSearch: (raw: Raw): { reason?: Conflict["reason"]; page?: number; at?: number } => ({
    reason: oneOf(raw, "reason", CONFLICT_REASONS),
    page: count(raw, "page"),
    at: id(raw, "at"),
  }),
  component: lazyRouteComponent(() => import("@/pages/identity/review/Conflicts"), "Conflicts"),
});
const identityExplain = createRoute({
  getParentRoute: () => shell,
  path: "/identity/explain",
  validateSearch: (raw: Raw): { a?: string; b?: string } => ({ a: text(raw, "a"), b: text(raw, "b") }),
  component: lazyRouteComponent(() => import("@/pages/identity/explain/Explain"), "Explain"),
});
const identityDecisions = createRoute({
  getParentRoute: () => shell,
  path: "/identity/decisions",
  validateSearch: (raw: Raw): { page?: number } => ({ page: count(raw, "page") }),
  component: lazyRouteComponent(() => import("@/pages/identity/decisions/Decisions"), "Decisions"),
});
const identityRules = createRoute({
  getParentRoute: () => shell,
  path: "/identity/rules",
  validateSearch: (raw: Raw): { type?: string; segments?: string } => ({ type: text(raw, "type"), segments: names(raw, "segments")?.join(",") }),
  component: lazyRouteComponent(() => import("@/pages/identity/rules/Rules"), "Rules"),
});
const identityModel = createRoute({
  getParentRoute: () => shell,
  path: "/identity/model",
  validateSearch: (raw: Raw): { near?: "review"; page?: number; pair?: string } => ({
    near: oneOf(raw, "near", ["review"] as const),
    page: count(raw, "page"),
    pair: text(raw, "pair"),
  }),
  component: lazyRouteComponent(() => import("@/pages/identity/model/Model"), "Model"),
});

const map = createRoute({
  getParentRoute: () => shell,
  path: "/map",
  validateSearch: (raw: Raw): { tab?: Tab; view?: View; list?: number; cell?: string; page?: number } => ({
    tab: oneOf(raw, "tab", TABS),
    view: oneOf(raw, "view", VIEWS),
    list: count(raw, "list", 1),
    cell: text(raw, "cell"),
    page: count(raw, "page"),
  }),
  component: lazyRouteComponent(() => import("@/pages/map/DataMap"), "DataMap"),
});
const quality = createRoute({
  getParentRoute: () => shell,
  path: "/quality",
  validateSearch: (raw: Raw): { days?: 7 | 90; touchpoint?: string } => ({ days: ([7, 90] as const).find((one) => one === count(raw, "days")), touchpoint: text(raw, "touchpoint") }),
  component: lazyRouteComponent(() => import("@/pages/quality/Quality"), "Quality"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    login,
    shell.addChildren([
      home,
      customers,
      customer,
      identity,
      identityIdentifiers,
      identityReview,
      identityConflicts,
      identityExplain,
      identityDecisions,
      identityRules,
      identityModel,
      segments,
      segmentNew,
      segment,
      segmentEdit,
      segmentVersions,
      segmentPortrait,
      overlap,
      listsPage,
      list,
      tags,
      tagNew,
      tag,
      tagEdit,
      lineage,
      touchpoints,
      touchpoint,
      quarantine,
      map,
      quality,
    ]),
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

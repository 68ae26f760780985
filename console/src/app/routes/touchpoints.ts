/** Touchpoints, destinations, what waits in quarantine, the data map, quality. */
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { TouchpointState } from "@/api/touchpoints";
import { count, id, oneOf, type Raw, text } from "@/lib/search";
import { type Tab, TABS, type View, VIEWS } from "@/pages/map/state";
import { shell, withTexts } from "./shared";

/** The states of a touchpoint, and the tabs of its page. */
export const TOUCHPOINT_STATES = ["live", "silent", "failing", "paused", "incomplete"] as const satisfies readonly TouchpointState[];
export const TOUCHPOINT_TABS = ["overview", "arrivals", "mapping", "settings", "message"] as const;

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

const imports = createRoute({
  getParentRoute: () => shell,
  path: "/imports",
  validateSearch: (raw: Raw): { job?: string } => ({ job: text(raw, "job") }),
  component: lazyRouteComponent(() => withTexts(import("@/pages/imports/Imports"), "imports"), "Imports"),
});

const map = createRoute({
  getParentRoute: () => shell,
  path: "/map",
  validateSearch: (raw: Raw): { tab?: Tab; view?: View; list?: number; cell?: string; page?: number; at?: string } => ({
    tab: oneOf(raw, "tab", TABS),
    view: oneOf(raw, "view", VIEWS),
    list: count(raw, "list", 1),
    cell: text(raw, "cell"),
    page: count(raw, "page"),
    at: text(raw, "at"),
  }),
  component: lazyRouteComponent(() => import("@/pages/map/DataMap"), "DataMap"),
});
const quality = createRoute({
  getParentRoute: () => shell,
  path: "/quality",
  validateSearch: (raw: Raw): { days?: 7 | 90; touchpoint?: string } => ({ days: ([7, 90] as const).find((one) => one === count(raw, "days")), touchpoint: text(raw, "touchpoint") }),
  component: lazyRouteComponent(() => import("@/pages/quality/Quality"), "Quality"),
});

const destinations = createRoute({
  getParentRoute: () => shell,
  path: "/destinations",
  validateSearch: (raw: Raw): { act?: "new" } => ({ act: oneOf(raw, "act", ["new"] as const) }),
  component: lazyRouteComponent(() => withTexts(import("@/pages/destinations/Destinations"), "destinations", "reach"), "Destinations"),
});
const destination = createRoute({
  getParentRoute: () => shell,
  path: "/destinations/$name",
  validateSearch: (raw: Raw): { act?: "edit" | "preview" } => ({ act: oneOf(raw, "act", ["edit", "preview"] as const) }),
  component: lazyRouteComponent(() => withTexts(import("@/pages/destinations/DestinationPage"), "destinations", "reach"), "DestinationPage"),
});

const databases = createRoute({
  getParentRoute: () => shell,
  path: "/databases",
  validateSearch: (raw: Raw): { at?: string; table?: string } => ({ at: text(raw, "at"), table: text(raw, "table") }),
  component: lazyRouteComponent(() => withTexts(import("@/pages/databases/Databases"), "tables", "destinations", "reach"), "Databases"),
});

export const touchpointRoutes = [touchpoints, touchpoint, quarantine, imports, map, quality, destinations, destination, databases] as const;

/** Segments, their portraits and overlap, lists. */
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { isObject, type JsonObject } from "@/conditions/model";
import { count, id, oneOf, type Raw, text } from "@/lib/search";
import { shell } from "./shared";

/** What a portrait's dimensions are made of. */
const DIMENSIONS = ["tag", "attribute", "channel"] as const;
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

const LIST_TABS = ["unmatched", "past", "changes"] as const;
const listsPage = createRoute({
  getParentRoute: () => shell,
  path: "/lists",
  validateSearch: (raw: Raw): { q?: string; act?: "new" } => ({ q: text(raw, "q"), act: oneOf(raw, "act", ["new"] as const) }),
  component: lazyRouteComponent(() => import("@/pages/lists/Lists"), "Lists"),
});
const list = createRoute({
  getParentRoute: () => shell,
  path: "/lists/$name",
  validateSearch: (raw: Raw): { tab?: "members" | "unmatched" | "past" | "changes"; act?: "upload"; page?: number } => ({
    tab: oneOf(raw, "tab", LIST_TABS),
    act: oneOf(raw, "act", ["upload"] as const),
    page: count(raw, "page"),
  }),
  component: lazyRouteComponent(() => import("@/pages/lists/ListDetail"), "ListDetail"),
});

export const segmentRoutes = [segments, segmentNew, segment, segmentEdit, segmentVersions, segmentPortrait, overlap, listsPage, list] as const;

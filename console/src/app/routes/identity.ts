/** OneID. */
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { Conflict, ReviewItem } from "@/api/identity";
import { count, id, names, oneOf, type Raw, text } from "@/lib/search";
import { shell } from "./shared";

/** Why a link may not have joined two customers. */
export const CONFLICT_REASONS = ["limit", "name", "unproved", "size", "never"] as const satisfies readonly Conflict["reason"][];

/** What became of pairs that are not open any more. */
export const DECIDED = ["later", "joined", "merged", "never", "gone"] as const satisfies readonly (ReviewItem["status"] | "later")[];

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
  validateSearch: (raw: Raw): { near?: "review"; page?: number; pair?: string; version?: number; against?: number } => ({
    near: oneOf(raw, "near", ["review"] as const),
    page: count(raw, "page"),
    pair: text(raw, "pair"),
    version: count(raw, "version"),
    against: count(raw, "against"),
  }),
  component: lazyRouteComponent(() => import("@/pages/identity/model/Model"), "Model"),
});

export const identityRoutes = [identity, identityIdentifiers, identityReview, identityConflicts, identityExplain, identityDecisions, identityRules, identityModel] as const;

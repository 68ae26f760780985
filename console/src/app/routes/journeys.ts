/** Journeys: the list, the gallery, the canvas, reports, versions, runs. */
import { createRoute, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { rangeIn } from "@/journeys/range";
import { type EditorSearch, PANELS, type RangeSearch, RUN_STATES, type RunsSearch, STAGES, type Status, STATUSES, VIEWS } from "@/journeys/state";
import { count, flag, oneOf, type Raw, text } from "@/lib/search";
import { shell, withTexts } from "./shared";

const journeys = createRoute({
  getParentRoute: () => shell,
  path: "/journeys",
  validateSearch: (raw: Raw): { q?: string; status?: Status; folder?: string; waiting?: 1 } => ({ q: text(raw, "q"), status: oneOf(raw, "status", STATUSES), folder: text(raw, "folder"), waiting: flag(raw, "waiting") }),
  component: lazyRouteComponent(() => withTexts(import("@/pages/journeys/Journeys"), "journeys"), "Journeys"),
});
const journeyNew = createRoute({
  getParentRoute: () => shell,
  path: "/journeys/new",
  validateSearch: (raw: Raw): { template?: string; q?: string } => ({ template: text(raw, "template"), q: text(raw, "q") }),
  component: lazyRouteComponent(() => withTexts(import("@/pages/journeys/Gallery"), "journeys"), "Gallery"),
});
const journey = createRoute({
  getParentRoute: () => shell,
  path: "/journeys/$name",
  // No journey can have these names: addresses of the API have them.
  beforeLoad: ({ params }) => {
    if (params.name === "templates") throw redirect({ to: "/journeys/new" });
    if (params.name === "results") throw redirect({ to: "/journeys" });
  },
  validateSearch: (raw: Raw): EditorSearch => ({ view: oneOf(raw, "view", VIEWS), sel: text(raw, "sel"), panel: oneOf(raw, "panel", PANELS), live: flag(raw, "live"), ...rangeIn(raw) }),
  // The forms are made of the controls of the tag factory.
  component: lazyRouteComponent(() => withTexts(import("@/pages/journey/JourneyPage"), "journeys", "tags"), "JourneyPage"),
});
const journeyReport = createRoute({
  getParentRoute: () => shell,
  path: "/journeys/$name/report",
  validateSearch: (raw: Raw): RangeSearch => rangeIn(raw),
  component: lazyRouteComponent(() => withTexts(import("@/pages/journey/report/Report"), "journeys"), "Report"),
});
const journeyVersions = createRoute({
  getParentRoute: () => shell,
  path: "/journeys/$name/versions",
  validateSearch: (raw: Raw): RangeSearch & { a?: number; b?: number } => ({ ...rangeIn(raw), a: count(raw, "a"), b: count(raw, "b") }),
  component: lazyRouteComponent(() => withTexts(import("@/pages/journey/versions/Versions"), "journeys"), "Versions"),
});
// The API calls it so: two versions beside each other are on the page of versions.
const journeyCompare = createRoute({
  getParentRoute: () => shell,
  path: "/journeys/$name/compare",
  validateSearch: (raw: Raw): RangeSearch & { a?: number; b?: number } => ({ ...rangeIn(raw), a: count(raw, "a"), b: count(raw, "b") }),
  beforeLoad: ({ params, search }) => {
    throw redirect({ to: "/journeys/$name/versions", params, search });
  },
});
const journeyRuns = createRoute({
  getParentRoute: () => shell,
  path: "/journeys/$name/runs",
  validateSearch: (raw: Raw): RunsSearch => ({
    node: text(raw, "node"),
    edge: text(raw, "edge"),
    state: oneOf(raw, "state", RUN_STATES),
    reason: text(raw, "reason"),
    reached: text(raw, "reached"),
    left: text(raw, "left"),
    stage: oneOf(raw, "stage", STAGES),
    segment: text(raw, "segment"),
    ...rangeIn(raw),
    run: text(raw, "run"),
    cursor: text(raw, "cursor"),
  }),
  component: lazyRouteComponent(() => withTexts(import("@/pages/journey/runs/Runs"), "journeys"), "Runs"),
});

export const journeyRoutes = [journeys, journeyNew, journey, journeyReport, journeyVersions, journeyCompare, journeyRuns] as const;

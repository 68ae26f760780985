/** Tags, their factory, and lineage. */
import { createRoute, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { flag, id, oneOf, type Raw, text } from "@/lib/search";
import { GROUPINGS, type Grouping, MODES } from "@/pages/tags/catalogue/state";
import { TAG_TABS, type TagTab } from "@/pages/tags/detail/state";
import { DRIFTS, type DriftWord } from "@/pages/tags/drift";
import { type Start, STARTS } from "@/pages/tags/factory/starts";
import { shell, withTexts } from "./shared";

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
  component: lazyRouteComponent(() => withTexts(import("@/pages/tags/Tags"), "tags"), "Tags"),
});
const tagNew = createRoute({
  getParentRoute: () => shell,
  path: "/tags/new",
  validateSearch: (raw: Raw): { kind?: Start } => ({ kind: oneOf(raw, "kind", STARTS) }),
  component: lazyRouteComponent(() => withTexts(import("@/pages/tags/factory/TagEdit"), "tags"), "TagNew"),
});
const tag = createRoute({
  getParentRoute: () => shell,
  path: "/tags/$name",
  // The API has the language of tags there.
  beforeLoad: ({ params }) => {
    if (params.name === "schema") throw redirect({ to: "/tags" });
  },
  validateSearch: (raw: Raw): { tab?: TagTab; customer?: number; as_of?: string } => ({ tab: oneOf(raw, "tab", TAG_TABS), customer: id(raw, "customer"), as_of: text(raw, "as_of") }),
  component: lazyRouteComponent(() => withTexts(import("@/pages/tags/TagDetail"), "tags"), "TagDetail"),
});
const tagEdit = createRoute({ getParentRoute: () => shell, path: "/tags/$name/edit", component: lazyRouteComponent(() => withTexts(import("@/pages/tags/factory/TagEdit"), "tags"), "TagEdit") });
const lineage = createRoute({
  getParentRoute: () => shell,
  path: "/lineage",
  validateSearch: (raw: Raw): { of?: string; view?: "list"; fields?: 1; only?: 1 } => ({ of: text(raw, "of"), view: oneOf(raw, "view", ["list"] as const), fields: flag(raw, "fields"), only: flag(raw, "only") }),
  component: lazyRouteComponent(() => withTexts(import("@/pages/tags/lineage/Lineage"), "tags"), "Lineage"),
});

export const tagRoutes = [tags, tagNew, tag, tagEdit, lineage] as const;

/** What the pages of journeys keep in their addresses. */

/** What a journey is doing, in the order in which lists show it. */
export const STATUSES = ["live", "paused", "draft", "stopping", "stopped"] as const;
export type Status = (typeof STATUSES)[number];

/** How a journey is looked at. */
export const VIEWS = ["list", "yaml"] as const;
export type View = (typeof VIEWS)[number];

/** What stands beside the drawing, when no node does. */
export const PANELS = ["entry", "goal", "policy", "params", "problems", "comments", "simulate"] as const;
export type PanelName = (typeof PANELS)[number];

/** The days that figures are counted over. */
export const SPANS = [7, 30, 90] as const;
export type Days = (typeof SPANS)[number];

/** The runs that figures are about: that entered in the last days, since publication, or between two days; of one version or all. */
export interface RangeSearch {
  days?: Days;
  all?: 1;
  /** Days of the reader's zone, the last one included. */
  from?: string;
  to?: string;
  version?: number;
}

/** What a journey's page keeps in its address. */
export interface EditorSearch extends RangeSearch {
  view?: View;
  sel?: string;
  panel?: PanelName;
  /** Figures on nodes and edges. */
  live?: 1;
}

/** Where a run stands; `live` are all that have not ended. */
export const RUN_STATES = ["live", "held", "ready", "wait_time", "wait_event", "wait_outcome", "paused", "ended"] as const;
export type RunState = (typeof RUN_STATES)[number];

/** How far customers came, as the report's funnel counts them. */
export const STAGES = ["entered", "reached", "delivered", "read", "clicked", "goal"] as const;
export type Stage = (typeof STAGES)[number];

/** Which runs are listed. */
export interface RunsSearch extends RangeSearch {
  node?: string;
  edge?: string;
  /** Runs that came to this step, and runs that went on from it. */
  reached?: string;
  left?: string;
  /** Of customers whom the report's funnel counts there, and of those in a segment. */
  stage?: Stage;
  segment?: string;
  state?: RunState;
  reason?: string;
  run?: string;
  cursor?: string;
}

/** The tabs of a tag's page; a learned tag has its card beside them. */
export const TAG_TABS = ["overview", "model", "runs", "explain", "lineage", "versions"] as const;
export type TagTab = (typeof TAG_TABS)[number];

import type { TagDetail } from "@/api/tags";

/** Whether the tag's value is a number itself, not the layer that it lies in. */
export const isNumber = (tag: TagDetail): boolean => tag.spread !== null && (tag.definition.cut === undefined || tag.definition.cut === null) && tag.kind !== "rfm";

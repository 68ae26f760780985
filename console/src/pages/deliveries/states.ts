import type { DeliveryState } from "@/api/reach";
import type { StatusKind } from "@/parts/Status";

/** In the order in which a message goes through them; the sign that each is shown with. */
export const STATES: Record<DeliveryState, StatusKind> = {
  deferred: "idle",
  queued: "idle",
  claimed: "info",
  retry: "warning",
  task: "info",
  unknown: "error",
  accepted: "ok",
  delivered: "ok",
  read: "ok",
  clicked: "ok",
  suppressed: "warning",
  failed: "error",
  bounced: "error",
  cancelled: "info",
};

export const STATE_NAMES = Object.keys(STATES) as DeliveryState[];

/** States that a journey's figures count together. */
export const GROUPS = {
  sent: ["accepted", "delivered", "read", "clicked"],
  delivered: ["delivered", "read", "clicked"],
  clicked: ["clicked"],
  held: ["suppressed", "cancelled"],
} satisfies Record<string, DeliveryState[]>;
export type Group = keyof typeof GROUPS;
export const GROUP_NAMES = Object.keys(GROUPS) as Group[];

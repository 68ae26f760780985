/** Why a message does not reach somebody: the closed list of the channels. */
export const REASONS = [
  "not_follower",
  "not_friend",
  "refused",
  "no_consent",
  "bad_address",
  "over_limit",
  "capped",
  "quiet_skipped",
  "control",
  "expired",
  "goal_reached",
  "ended",
  "guard_false",
  "template_error",
  "account_error",
  "rate_limited",
  "transient",
  "staff_timeout",
  "unknown",
  "no_stock",
  "erased",
] as const;

/** Those that may pass by themselves. */
export const RETRIED = ["rate_limited", "transient", "account_error"] as const;

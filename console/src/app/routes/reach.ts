/** Messages, coupons, broadcasts, deliveries, tasks, policies, consent. */
export const reachRoutes = [] as const;

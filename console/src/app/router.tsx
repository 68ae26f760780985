import { createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { type Raw, text } from "@/lib/search";
import { cache, whenSignedOut } from "./cache";
import { Failed } from "./Fallback";
import { customerRoutes } from "./routes/customers";
import { identityRoutes } from "./routes/identity";
import { journeyRoutes } from "./routes/journeys";
import { reachRoutes } from "./routes/reach";
import { segmentRoutes } from "./routes/segments";
import { root, shell } from "./routes/shared";
import { tagRoutes } from "./routes/tags";
import { touchpointRoutes } from "./routes/touchpoints";

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: (raw: Raw): { next?: string } => ({ next: text(raw, "next") }),
  component: lazyRouteComponent(() => import("@/pages/login/Login"), "Login"),
});

export const router = createRouter({
  routeTree: root.addChildren([login, shell.addChildren([...customerRoutes, ...identityRoutes, ...segmentRoutes, ...tagRoutes, ...journeyRoutes, ...reachRoutes, ...touchpointRoutes])]),
  defaultPreload: "intent",
  defaultErrorComponent: Failed,
  scrollRestoration: true,
});

whenSignedOut(() => {
  const here = router.state.location;
  if (here.pathname === "/login") return;
  cache.clear();
  void router.navigate({ to: "/login", search: { next: here.href } });
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

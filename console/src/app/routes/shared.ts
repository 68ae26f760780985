/** The roots that all pages hang from: with and without the frame. */
import { createRootRoute, createRoute, Outlet, redirect } from "@tanstack/react-router";
import { ApiError } from "@/api/errors";
import { queries } from "@/api/queries";
import { openTexts, type Part } from "@/i18n";
import { cache } from "../cache";
import { Missing } from "../Fallback";
import { Shell } from "../Shell";

/** A page with the texts that only pages of its kind need. */
export async function withTexts<T>(page: Promise<T>, ...parts: Part[]): Promise<T> {
  const [module] = await Promise.all([page, ...parts.map((part) => openTexts(part))]);
  return module;
}

export const root = createRootRoute({ component: Outlet, notFoundComponent: Missing });

export const shell = createRoute({
  getParentRoute: () => root,
  id: "shell",
  component: Shell,
  beforeLoad: async ({ location }) => {
    try {
      await cache.ensureQueryData(queries.session());
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        throw redirect({ to: "/login", search: { next: location.href === "/" ? undefined : location.href } });
      }
      throw error;
    }
  },
});

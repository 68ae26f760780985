import { Link, useMatchRoute } from "@tanstack/react-router";
import type { PropsWithChildren, ReactNode } from "react";
import { useText } from "@/lib/useText";
import { PageHead } from "@/parts/PageHead";
import "./identity.css";

const places = [
  { to: "/identity", key: "overview" },
  { to: "/identity/identifiers", key: "identifiers" },
  { to: "/identity/review", key: "review" },
  { to: "/identity/conflicts", key: "conflicts" },
  { to: "/identity/explain", key: "explain" },
  { to: "/identity/decisions", key: "decisions" },
  { to: "/identity/rules", key: "rules" },
  { to: "/identity/model", key: "model" },
] as const;

interface Props {
  page: (typeof places)[number]["key"];
  sub?: ReactNode;
  actions?: ReactNode;
}

/** The head of OneID's pages, with the way from one to the other. */
export function Frame({ page, sub, actions, children }: PropsWithChildren<Props>) {
  const { t } = useText();
  const match = useMatchRoute();
  return (
    <>
      <PageHead title={page === "overview" ? "OneID" : t(`oneid.pages.${page}`)} sub={sub ?? t(`oneid.subs.${page}`)} actions={actions} />
      <nav className="op-subnav" aria-label={t("oneid.nav")}>
        {places.map(({ to, key }) => (
          <Link key={key} to={to} activeOptions={{ exact: true, includeSearch: false }} aria-current={match({ to }) !== false ? "page" : undefined} data-testid={`oneid-nav-${key}`}>
            {t(`oneid.pages.${key}`)}
          </Link>
        ))}
      </nav>
      {children}
    </>
  );
}

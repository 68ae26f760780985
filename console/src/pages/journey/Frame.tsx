import { Link, useMatchRoute } from "@tanstack/react-router";
import type { PropsWithChildren, ReactNode } from "react";
import type { JourneyRow } from "@/api/journeys";
import { useText } from "@/lib/useText";
import { PageHead } from "@/parts/PageHead";
import { ApprovalState, JourneyState, JourneyWaits, StopButtons } from "./State";
import "./journey.css";

const places = [
  { to: "/journeys/$name", key: "canvas" },
  { to: "/journeys/$name/report", key: "report" },
  { to: "/journeys/$name/runs", key: "runs" },
  { to: "/journeys/$name/versions", key: "versions" },
] as const;

/** The head of a journey's pages: what it is doing, the way to stop it, the way from one page to the other. */
export function Frame({ journey, actions, children }: PropsWithChildren<{ journey: JourneyRow; actions?: ReactNode }>) {
  const { t, title } = useText();
  const match = useMatchRoute();
  const params = { name: journey.name };
  return (
    <div className="op-journey">
      <PageHead
        crumb={<Link to="/journeys">{t("nav.journeys")}</Link>}
        title={title(journey.title, journey.name)}
        sub={
          <span className="op-row">
            <JourneyState of={journey} />
            {journey.version !== null && <span>{t("journey.version", { version: journey.version })}</span>}
            <ApprovalState of={journey} />
            <JourneyWaits of={journey} />
            <span className="op-code">{journey.name}</span>
          </span>
        }
        actions={
          <>
            {actions}
            <StopButtons journey={journey} />
          </>
        }
      />
      <nav className="op-subnav" aria-label={t("journey.pagesOf")}>
        {places.map(({ to, key }) => (
          <Link key={key} to={to} params={params} activeOptions={{ exact: true, includeSearch: false }} aria-current={match({ to, params }) !== false ? "page" : undefined} data-testid={`journey-nav-${key}`}>
            {t(`journey.pages.${key}`)}
          </Link>
        ))}
      </nav>
      {children}
    </div>
  );
}

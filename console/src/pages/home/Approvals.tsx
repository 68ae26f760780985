import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { approvals, DECIDED, type Decided, type WaitingApproval } from "@/api/approvals";
import { useMay } from "@/lib/session";
import { author } from "@/lib/title";
import { useText } from "@/lib/useText";
import { Time } from "@/parts/Figures";
import { Panel } from "@/parts/PageHead";

const MOST = 5;

type Open = WaitingApproval & { kind: Decided };

function ToPage({ one, children }: { one: Open; children: ReactNode }) {
  const params = { name: one.name };
  if (one.kind === "journey") return <Link to="/journeys/$name" params={params}>{children}</Link>;
  if (one.kind === "message") return <Link to="/messages/$name" params={params}>{children}</Link>;
  return <Link to="/broadcasts/$name" params={params}>{children}</Link>;
}

function Item({ one }: { one: Open }) {
  const { t, title } = useText();
  const called = useQuery(approvals.title(one.kind, one.name)).data;
  return (
    <li>
      <span>
        <span className="op-mute">{t(`home.approvals.kinds.${one.kind}`)}</span> <ToPage one={one}>{title(called, one.name)}</ToPage>
        {one.note !== "" && <span className="op-mute"> · {one.note}</span>}
      </span>
      <span className="op-mute">
        {t("home.approvals.asked", { who: author(one.asked_by) })} <Time at={one.asked_at} show="relative" />
      </span>
    </li>
  );
}

function Card() {
  const { t } = useText();
  const open = (useQuery(approvals.waiting()).data?.items ?? []).filter((one): one is Open => !one.mine && (DECIDED as readonly string[]).includes(one.kind));
  if (open.length === 0) return null;
  return (
    <Panel title={t("home.approvals.title", { count: open.length })}>
      <ul className="op-list" data-testid="home-approvals">
        {open.slice(0, MOST).map((one) => (
          <Item key={one.id} one={one} />
        ))}
        {open.length > MOST && <li className="op-mute">{t("home.approvals.more", { count: open.length - MOST })}</li>}
      </ul>
    </Panel>
  );
}

/** What others asked for and this person may decide on, the oldest first; nothing when nothing waits. */
export function Approvals() {
  return useMay("journeys.approve") ? <Card /> : null;
}

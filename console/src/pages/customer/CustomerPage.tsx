import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Tabs } from "antd";
import { lazy, Suspense } from "react";
import { type Customer, queries } from "@/api/queries";
import { openTexts } from "@/i18n";
import { useMay } from "@/lib/session";
import { useText } from "@/lib/useText";
import { Count, Dash, Figure, Figures, Money, Time } from "@/parts/Figures";
import { Copy, Loaded, Nothing, Waiting } from "@/parts/Loaded";
import { PageHead } from "@/parts/PageHead";
import { Identifiers } from "./Identifiers";
import { Orders } from "./Orders";
import { Attributes } from "./Attributes";
import { SegmentsOf, TagsOf } from "./Known";
import { Timeline } from "./Timeline";
import { WhyDrawer } from "./WhyDrawer";

const ConsentCard = lazy(async () => {
  const [module] = await Promise.all([import("@/pages/consents/Card"), openTexts("reach")]);
  return { default: module.ConsentCard };
});
const Journeys = lazy(async () => {
  const [module] = await Promise.all([import("./Journeys"), openTexts("journeys")]);
  return { default: module.Journeys };
});
const OneId = lazy(() => import("@/pages/identity/graph/OneId").then((module) => ({ default: module.OneId })));

function Summary({ customer }: { customer: Customer }) {
  const { t } = useText();
  const { summary } = customer;
  return (
    <Figures label={t("customer.summary")}>
      <Figure small label={t("customer.orders")}>
        <Count value={summary.orders} />
      </Figure>
      <Figure
        small
        label={t("customer.spend")}
        note={Object.entries(summary.other_currencies).map(([currency, amount]) => (
          <span key={currency}>
            + <Money value={amount} currency={currency} />{" "}
          </span>
        ))}
      >
        <Money value={summary.spend} currency={summary.currency} />
      </Figure>
      <Figure small label={t("customer.average")}>
        {summary.orders > 0 ? <Money value={Number(summary.spend) / summary.orders} currency={summary.currency} /> : <Dash />}
      </Figure>
      <Figure small label={t("customer.events")}>
        <Count value={summary.events} />
      </Figure>
      <Figure small label={t("customer.lastOrder")} note={summary.first_order !== null && <>{t("customer.firstOrder")} <Time at={summary.first_order} show="relative" /></>}>
        <Time at={summary.last_order} show="relative" />
      </Figure>
      <Figure small label={t("customer.lastSeen")} note={customer.first_seen !== null && <>{t("customer.firstSeen")} <Time at={customer.first_seen} show="relative" /></>}>
        <Time at={customer.last_seen} show="relative" />
      </Figure>
    </Figures>
  );
}

function Content({ customer }: { customer: Customer }) {
  const { t } = useText();
  const search = useSearch({ from: "/shell/customers/$id" });
  const navigate = useNavigate({ from: "/customers/$id" });
  const id = customer.customer_id;
  const mayIdentity = useMay("identity.read");
  const mayJourneys = useMay("journeys.read");
  const mayConsents = useMay("consents.read");
  const wide = mayIdentity && search.tab === "oneid";
  const openWhy = (why: string | undefined): void => void navigate({ search: (before) => ({ ...before, why }), replace: true });
  return (
    <>
      <PageHead
        crumb={<Link to="/customers">{t("nav.customers")}</Link>}
        title={customer.name ?? t("customers.numbered", { id })}
        sub={
          <span className="op-num">
            {t("customer.id")} <span data-testid="customer-id">{id}</span> <Copy text={String(id)} label={t("customer.copyId")} />
            {customer.alias_of !== null && <> · {t("customer.merged", { id: customer.alias_of })}</>}
          </span>
        }
      />
      <div className="op-stack">
        <Summary customer={customer} />
        {/* The identity graph needs the whole width; what stands beside the other tabs goes below it. */}
        <div className="op-two" style={{ gridTemplateColumns: wide ? "minmax(0, 1fr)" : "minmax(300px, 380px) minmax(0, 1fr)" }}>
          <div className={wide ? "op-thirds" : "op-stack"} style={{ order: wide ? 1 : 0 }}>
            <TagsOf tags={customer.tags} onWhy={(tag) => openWhy(`tag:${tag}`)} />
            <SegmentsOf segments={customer.segments} onWhy={(segment) => openWhy(`segment:${segment}`)} />
            {mayConsents && (
              <Suspense fallback={<Waiting rows={3} />}>
                <ConsentCard customer={id} />
              </Suspense>
            )}
            <Attributes customer={customer} />
          </div>
          <section className="op-panel" aria-label={t("customer.details")} style={{ padding: "4px 0 0" }}>
            <Tabs
              activeKey={search.tab ?? "timeline"}
              onChange={(tab) => void navigate({ search: (before) => ({ ...before, tab: tab === "timeline" ? undefined : (tab as "orders") }), replace: true })}
              destroyOnHidden
              tabBarStyle={{ padding: "0 16px", marginBottom: 0 }}
              items={[
                { key: "timeline", label: t("customer.timeline"), children: <Timeline id={id} channels={customer.channels} events={customer.events} /> },
                { key: "orders", label: `${t("customer.orders")} ${customer.summary.orders}`, children: <Orders id={id} /> },
                { key: "identifiers", label: `${t("customer.identifiers")} ${customer.identifiers.length}`, children: <Identifiers rows={customer.identifiers} /> },
                ...(mayJourneys ? [{ key: "journeys", label: t("customer.journeys"), children: <Suspense fallback={<Waiting rows={8} />}><Journeys id={id} /></Suspense> }] : []),
                ...(mayIdentity ? [{ key: "oneid", label: "OneID", children: <Suspense fallback={<Waiting rows={10} />}><OneId id={id} /></Suspense> }] : []),
              ]}
            />
          </section>
        </div>
      </div>
      {search.why !== undefined && <WhyDrawer customer={customer} what={search.why} onClose={() => openWhy(undefined)} />}
    </>
  );
}

export function CustomerPage() {
  const { t } = useText();
  const { id } = useParams({ from: "/shell/customers/$id" });
  const number = Number(id);
  const customer = useQuery({ ...queries.customer(number), enabled: Number.isSafeInteger(number), refetchInterval: 10_000 });
  if (!Number.isSafeInteger(number)) return <Nothing title={t("customer.noSuch")} actions={<Link to="/customers">{t("nav.customers")}</Link>} />;
  return (
    <Loaded query={customer} rows={14}>
      {(data) => <Content customer={data} />}
    </Loaded>
  );
}


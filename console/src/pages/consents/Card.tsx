import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button, Drawer, Input, Table } from "antd";
import { useState } from "react";
import { consents, type Standing, usePreferenceLink, useStateWish } from "@/api/consents";
import { useMay } from "@/lib/session";
import { useText } from "@/lib/useText";
import { Dash, Time } from "@/parts/Figures";
import { Copy, Loaded, Problem } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { Status } from "@/parts/Status";
import { LedgerTable } from "./Ledger";

/** One wish written down for the customer; it takes a reason. */
function Wish({ customer, standing, onDone }: { customer: number; standing: Standing; onDone: () => void }) {
  const { t } = useText();
  const state = useStateWish();
  const [reason, setReason] = useState("");
  const granted = !standing.granted;
  return (
    <div className="op-row">
      <Input size="small" style={{ width: 200 }} aria-label={t("reach.consents.how")} placeholder={t("reach.consents.how")} value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} data-testid="wish-reason" />
      <Button
        size="small"
        danger={!granted}
        disabled={reason.trim() === ""}
        loading={state.isPending}
        onClick={() => state.mutate({ customer_id: customer, reason: reason.trim(), choices: [{ granted, purpose: standing.purpose, channel: standing.channel, category: "" }] }, { onSuccess: onDone })}
        data-testid="wish-confirm"
      >
        {t(granted ? "reach.consents.give" : "reach.consents.withdraw")}
      </Button>
      {state.isError && <Problem error={state.error} />}
    </div>
  );
}

/** How a customer stands: each purpose over each channel with its proof; wishes can be written down here. */
function Details({ customer, onClose }: { customer: number; onClose: () => void }) {
  const { t, title } = useText();
  const may = useMay("consents.write");
  // What is written down comes into the ledger with the next tick.
  const query = useQuery({ ...consents.of(customer), refetchInterval: 5_000 });
  const link = usePreferenceLink();
  const [open, setOpen] = useState<string>();
  const url = link.data === undefined ? null : `${window.location.origin}${link.data.path}`;
  return (
    <Drawer open size={860} title={t("reach.consents.card")} onClose={onClose}>
      <Loaded query={query} rows={8}>
        {(data) => (
          <div className="op-stack">
            <Table<Standing>
              size="small"
              rowKey={(one) => `${one.purpose} ${one.channel}`}
              data-testid="standings"
              dataSource={data.standings}
              pagination={false}
              columns={[
                { title: t("reach.consents.purpose"), render: (_, one) => title(one.purpose_title, one.purpose) },
                { title: t("reach.channel"), render: (_, one) => title(one.channel_title, one.channel) },
                {
                  title: t("reach.consents.stands"),
                  render: (_, one) => (
                    <>
                      <Status kind={one.granted ? "ok" : "idle"}>{t(one.granted ? "reach.consents.granted" : one.proof === null ? "reach.consents.never" : "reach.consents.withdrawn")}</Status>
                      {one.stopped !== null && <Status kind="warning">{t(`reach.consents.reasons.${one.stopped as "manual"}`, { defaultValue: one.stopped })}</Status>}
                    </>
                  ),
                },
                {
                  title: t("reach.consents.proof"),
                  render: (_, { proof }) =>
                    proof === null ? (
                      <Dash />
                    ) : (
                      <>
                        <Time at={proof.time} /> <span className="op-mute">{t(`reach.consents.sources.${proof.source as "event"}`, { defaultValue: proof.source })}</span>
                      </>
                    ),
                },
                ...(may
                  ? [
                      {
                        title: t("reach.tasks.acts"),
                        render: (_: unknown, one: Standing) => {
                          const key = `${one.purpose} ${one.channel}`;
                          return open === key ? (
                            <Wish customer={customer} standing={one} onDone={() => setOpen(undefined)} />
                          ) : (
                            <Button size="small" onClick={() => setOpen(key)}>
                              {t(one.granted ? "reach.consents.withdraw" : "reach.consents.give")}
                            </Button>
                          );
                        },
                      },
                    ]
                  : []),
              ]}
            />
            {may && (
              <div className="op-row">
                <Button loading={link.isPending} onClick={() => link.mutate(customer)} data-testid="preference-link">
                  {t("reach.consents.link")}
                </Button>
                {url !== null && (
                  <>
                    <code className="op-code" style={{ overflowWrap: "anywhere" }}>
                      {url}
                    </code>
                    <Copy text={url} label={t("common.copy")} />
                  </>
                )}
              </div>
            )}
            <h3>{t("reach.consents.history")}</h3>
            <LedgerTable rows={data.history} />
            <Link to="/consents" search={{ customer }}>
              {t("common.all")}
            </Link>
          </div>
        )}
      </Loaded>
    </Drawer>
  );
}

/** The customer's consent in short; all of it is a click away. */
export function ConsentCard({ customer }: { customer: number }) {
  const { t, title } = useText();
  const query = useQuery(consents.of(customer));
  const [open, setOpen] = useState(false);
  return (
    <Panel
      title={t("reach.consents.card")}
      testId="consent-card"
      extra={
        <Button size="small" onClick={() => setOpen(true)} data-testid="consent-open">
          {t("common.more")}
        </Button>
      }
    >
      <Loaded query={query} rows={3}>
        {(data) => (
          <ul className="op-list">
            {[...new Set(data.standings.map((one) => one.purpose))].map((purpose) => {
              const mine = data.standings.filter((one) => one.purpose === purpose);
              const yes = mine.filter((one) => one.granted && one.stopped === null && one.channel !== "");
              return (
                <li key={purpose}>
                  <Status kind={yes.length > 0 ? "ok" : "idle"}>{title(mine[0]?.purpose_title, purpose)}</Status>
                  <span className="op-mute">{yes.length === 0 ? t("reach.consents.never") : yes.map((one) => title(one.channel_title, one.channel)).join(t("reach.and"))}</span>
                </li>
              );
            })}
            {data.suppressions.filter((one) => one.live).map((one) => (
              <li key={`suppressed ${one.id}`}>
                <Status kind="warning">{t(`reach.consents.reasons.${one.reason as "manual"}`, { defaultValue: one.reason })}</Status>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
      {open && <Details customer={customer} onClose={() => setOpen(false)} />}
    </Panel>
  );
}

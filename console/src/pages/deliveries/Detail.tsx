import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Drawer, Table } from "antd";
import { type DeliveryDetail, reach } from "@/api/reach";
import { useText } from "@/lib/useText";
import { CustomerName } from "@/parts/CustomerName";
import { Dash, Money, Time } from "@/parts/Figures";
import { Copy, Loaded, Nothing } from "@/parts/Loaded";
import { Status } from "@/parts/Status";
import { STATES } from "./states";

const TIMES = ["planned", "due", "sent", "delivered", "read", "clicked", "concluded", "deadline", "expires"] as const;

function Facts({ one }: { one: DeliveryDetail }) {
  const { t, title } = useText();
  return (
    <dl className="op-facts">
      <dt>{t("reach.state")}</dt>
      <dd>
        <Status kind={STATES[one.state]}>{t(`reach.states.${one.state}`)}</Status>
      </dd>
      {one.reason !== null && (
        <>
          <dt>{t("reach.reason")}</dt>
          <dd>{one.reason_words === null ? one.reason : title(one.reason_words, one.reason)}</dd>
        </>
      )}
      {one.code !== null && one.code !== "" && (
        <>
          <dt>{t("reach.code")}</dt>
          <dd>
            <code className="op-code">{one.code}</code> {one.code_words !== null && title(one.code_words, "")}
          </dd>
        </>
      )}
      <dt>{t("customers.columns.customer")}</dt>
      <dd>
        <CustomerName id={one.customer_id} name={one.name} newTab />
      </dd>
      <dt>{t("reach.address")}</dt>
      <dd>{one.address === null ? <Dash /> : `${one.address_type ?? ""} ${one.address}`}</dd>
      <dt>{t("reach.message")}</dt>
      <dd>
        <code className="op-code">{one.message}</code> v{one.message_version} {one.template}
      </dd>
      <dt>{t("reach.channel")}</dt>
      <dd>
        {one.channel} · {one.touchpoint} · {one.kind}
      </dd>
      <dt>{t("reach.hop")}</dt>
      <dd>{one.hop + 1}</dd>
      {one.staff_id !== null && (
        <>
          <dt>{t("reach.staff")}</dt>
          <dd>{one.staff_id}</dd>
        </>
      )}
      {one.cost !== null && (
        <>
          <dt>{t("reach.cost")}</dt>
          <dd>
            <Money value={one.cost} />
          </dd>
        </>
      )}
      {TIMES.filter((name) => one[name] !== null).map((name) => (
        <div key={name} style={{ display: "contents" }}>
          <dt>{t(`reach.times.${name}`)}</dt>
          <dd>
            <Time at={one[name]} />
          </dd>
        </div>
      ))}
      {one.provider_id !== null && (
        <>
          <dt>{t("reach.providerId")}</dt>
          <dd>
            <code className="op-code">{one.provider_id}</code> <Copy text={one.provider_id} label={t("reach.copyId")} />
          </dd>
        </>
      )}
    </dl>
  );
}

/** One message: what became of it, and every call that was made for it. */
export function Detail({ id, onClose }: { id: string; onClose: () => void }) {
  const { t, title } = useText();
  const query = useQuery({ ...reach.delivery(id), refetchInterval: 10_000 });
  return (
    <Drawer open size={640} title={t("reach.one")} onClose={onClose}>
      <Loaded query={query} rows={8}>
        {(one) => (
          <div className="op-stack" data-testid="delivery">
            <Facts one={one} />
            {one.run_id !== null && (
              <Link to="/journeys/$name/runs" params={{ name: one.journey }} search={{ run: one.run_id }}>
                {t("reach.path")}
              </Link>
            )}
            <h3>{t("reach.attempts")}</h3>
            <Table
              size="small"
              rowKey="number"
              pagination={false}
              dataSource={one.calls}
              locale={{ emptyText: <Nothing title={t("reach.noAttempts")} /> }}
              columns={[
                { title: t("reach.number"), dataIndex: "number" },
                { title: t("reach.at"), render: (_, call) => <Time at={call.at} /> },
                { title: t("reach.result"), render: (_, call) => t(`reach.calls.${call.state as "sent"}`, { defaultValue: call.state }) },
                {
                  title: t("reach.code"),
                  render: (_, call) => (
                    <>
                      {call.code !== null && call.code !== "" && <code className="op-code">{call.code}</code>} {call.code_words !== null ? title(call.code_words, "") : call.detail}
                    </>
                  ),
                },
              ]}
            />
          </div>
        )}
      </Loaded>
    </Drawer>
  );
}

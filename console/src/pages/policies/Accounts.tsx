import { PauseCircleOutlined, PlayCircleOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { App, Button, Table } from "antd";
import { policies, type SendingAccount, useAccountAct } from "@/api/policies";
import { span } from "@/lib/format";
import { usePlaces } from "@/lib/places";
import { useMay } from "@/lib/session";
import { useText } from "@/lib/useText";
import { Dash, Exact, Time } from "@/parts/Figures";
import { Loaded, Nothing, useErrorText } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { Status, type StatusKind } from "@/parts/Status";

const BREAKERS: Record<SendingAccount["breaker"], StatusKind> = { closed: "ok", half_open: "warning", open: "error" };

/** The accounts that send: how fast, what waits, whether the platform takes anything; each can be paused. */
export function Accounts() {
  const { t, title, language } = useText();
  const places = usePlaces();
  const may = useMay("policies.write");
  const { message } = App.useApp();
  const errorText = useErrorText();
  const act = useAccountAct();
  const query = useQuery(policies.accounts());
  const deed = (one: SendingAccount) => (one.paused ? "resume" : "pause");
  // Busy with this deed alone: as soon as the state changed the button does the other one, and must take a click.
  const busy = (one: SendingAccount): boolean => act.isPending && act.variables.touchpoint === one.touchpoint && act.variables.act === deed(one);
  const run = (one: SendingAccount): void => act.mutate({ touchpoint: one.touchpoint, act: deed(one) }, { onError: (error) => void message.error(errorText(error).title) });
  return (
    <Panel title={t("reach.policies.accounts")} flush>
      <Loaded query={query}>
        {({ items }) => (
          <Table<SendingAccount>
            size="middle"
            rowKey="touchpoint"
            data-testid="accounts"
            dataSource={items}
            pagination={false}
            locale={{ emptyText: <Nothing title={t("reach.policies.noAccounts")} text={t("reach.policies.noAccountsText")} actions={<Link to="/touchpoints">{t("nav.touchpoints")}</Link>} /> }}
            columns={[
              {
                title: t("reach.messages.account"),
                render: (_, one) => (
                  <>
                    {title(one.title, one.touchpoint)}
                    <div className="op-mute">{places.channel(one.channel)}</div>
                  </>
                ),
              },
              { title: t("reach.state"), render: (_, one) => (one.paused ? <Status kind="warning">{t("reach.policies.paused")}</Status> : <Status kind="ok">{t("reach.policies.sending")}</Status>) },
              {
                title: t("reach.policies.breaker"),
                render: (_, one) => (
                  <>
                    <Status kind={BREAKERS[one.breaker]}>{t(`reach.policies.breakers.${one.breaker}`)}</Status>
                    {one.breaker !== "closed" && (
                      <div className="op-note">
                        {t("reach.policies.failures", { n: one.failures })} {one.reason} {one.open_until !== null && <Time at={one.open_until} />}
                      </div>
                    )}
                  </>
                ),
              },
              { title: t("reach.policies.waiting"), align: "right", render: (_, one) => <Exact value={one.waiting} /> },
              { title: t("reach.policies.takes"), align: "right", render: (_, one) => (one.seconds === 0 ? <Dash /> : span(one.seconds, language)) },
              ...(may
                ? [
                    {
                      title: t("reach.tasks.acts"),
                      render: (_: unknown, one: SendingAccount) => (
                        <Button size="small" icon={one.paused ? <PlayCircleOutlined /> : <PauseCircleOutlined />} loading={busy(one)} onClick={() => run(one)} data-testid={`account-${one.touchpoint}`}>
                          {t(one.paused ? "reach.policies.resume" : "reach.policies.pause")}
                        </Button>
                      ),
                    },
                  ]
                : []),
            ]}
          />
        )}
      </Loaded>
    </Panel>
  );
}

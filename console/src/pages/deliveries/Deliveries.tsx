import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { App, Button, Input, Select, Table, Tabs } from "antd";
import { type Key, lazy, Suspense, useMemo, useState } from "react";
import { journeys } from "@/api/journeys";
import { reach as reachable } from "@/api/reachable";
import { type Decision, deliveriesUrl, type Delivery, type DeliveryFilter, type DeliveryState, reach, useDecide } from "@/api/reach";
import { touchpoints } from "@/api/touchpoints";
import { asked } from "@/journeys/range";
import { usePlaces } from "@/lib/places";
import { useMay } from "@/lib/session";
import { useTitles } from "@/lib/titles";
import { useText } from "@/lib/useText";
import { CsvLink } from "@/parts/CsvLink";
import { CustomerName } from "@/parts/CustomerName";
import { Dash, Exact, Figure, Figures, Time } from "@/parts/Figures";
import { Loaded, Nothing, useErrorText } from "@/parts/Loaded";
import { PageHead } from "@/parts/PageHead";
import { Status } from "@/parts/Status";
import { GROUPS, STATE_NAMES, STATES } from "./states";

const Detail = lazy(() => import("./Detail").then((part) => ({ default: part.Detail })));

type Narrowing = "journey" | "message" | "channel" | "reason";

function useFilter(): DeliveryFilter {
  const search = useSearch({ from: "/shell/deliveries" });
  const { tab, journey, broadcast, message, channel, reason, state, customer, group, node, hop, days, all, from, to, version } = search;
  // The span moves with the clock: asked for anew only when another one is chosen.
  const entered = useMemo(() => asked({ days, all, from, to }), [days, all, from, to]);
  const states = tab === "unknown" ? (["unknown"] as DeliveryState[]) : state !== undefined ? [state] : group === undefined ? undefined : [...GROUPS[group]];
  return { journey, broadcast, message, channel, reason, customer_id: customer, state: states, node, hop, version, entered_from: entered.from, entered_to: entered.to };
}

/** How many messages are in each state, for which reason: each leads to its messages. */
function Counts({ filter }: { filter: DeliveryFilter }) {
  const { t } = useText();
  const query = useQuery({ ...reach.counts({ ...filter, state: undefined, reason: undefined }), refetchInterval: 15_000 });
  const sums = new Map<DeliveryState, number>();
  for (const one of query.data?.items ?? []) sums.set(one.state, (sums.get(one.state) ?? 0) + one.messages);
  return (
    <Figures label={t("reach.counts")}>
      {STATE_NAMES.filter((name) => sums.has(name)).map((name) => (
        <Figure key={name} small label={t(`reach.states.${name}`)}>
          <Link to="/deliveries" search={(before) => ({ ...before, tab: undefined, group: undefined, state: name })}>
            <Exact value={sums.get(name) ?? 0} />
          </Link>
        </Figure>
      ))}
    </Figures>
  );
}

interface PickProps {
  name: Narrowing;
  rows: { name: string; title: string }[];
}

/** One of what there is; a name in the address that is not among them stands for itself. */
function Pick({ name, rows }: PickProps) {
  const { t } = useText();
  const search = useSearch({ from: "/shell/deliveries" });
  const navigate = useNavigate({ from: "/deliveries" });
  const chosen = search[name];
  const known = chosen === undefined || rows.some((one) => one.name === chosen) ? rows : [{ name: chosen, title: chosen }, ...rows];
  return (
    <Select
      allowClear
      showSearch={{ optionFilterProp: "label" }}
      style={{ width: 170 }}
      aria-label={t(`reach.${name}`)}
      placeholder={t(`reach.${name}`)}
      value={chosen}
      options={known.map((one) => ({ value: one.name, label: one.title }))}
      onChange={(next?: string) => void navigate({ search: (before) => ({ ...before, [name]: next }), replace: true })}
      data-testid={`filter-${name}`}
    />
  );
}

function Filters({ filter }: { filter: DeliveryFilter }) {
  const { t, title } = useText();
  const search = useSearch({ from: "/shell/deliveries" });
  const navigate = useNavigate({ from: "/deliveries" });
  const spanned = [search.days, search.all, search.from, search.to].some((one) => one !== undefined);
  const narrowed = spanned || [search.node, search.hop, search.group, search.version].some((one) => one !== undefined);
  const reads = { journeys: useMay("journeys.read"), messages: useMay("messages.read") };
  const titled = (rows: { name: string; title: { zh: string; en: string } }[] | undefined) => (rows ?? []).map((one) => ({ name: one.name, title: title(one.title, one.name) }));
  const programmes = useQuery({ ...journeys.list(), enabled: reads.journeys, staleTime: 60_000 }).data?.items;
  const messages = useQuery({ ...reachable.messages(), enabled: reads.messages }).data;
  const channels = useQuery(touchpoints.channels()).data?.items.filter((one) => one.messages.length > 0);
  // The reasons that there are: with the state and the reason left open, as the figures above.
  const counted = useQuery(reach.counts({ ...filter, state: undefined, reason: undefined })).data?.items ?? [];
  const reasons = new Map(counted.flatMap((one) => (one.reason === null ? [] : [[one.reason, one.reason_words === null ? one.reason : title(one.reason_words, one.reason)] as const])));
  return (
    <div className="op-row">
      <Pick name="journey" rows={titled(programmes)} />
      <Pick name="message" rows={titled(messages)} />
      <Pick name="channel" rows={titled(channels)} />
      <Pick name="reason" rows={[...reasons].map(([name, said]) => ({ name, title: said }))} />
      {search.tab !== "unknown" && (
        <Select
          allowClear
          style={{ width: 160 }}
          aria-label={t("reach.state")}
          placeholder={t("reach.state")}
          value={search.state}
          onChange={(state?: DeliveryState) => void navigate({ search: (before) => ({ ...before, state, group: undefined }), replace: true })}
          options={STATE_NAMES.map((value) => ({ value, label: t(`reach.states.${value}`) }))}
        />
      )}
      {narrowed && (
        <Button onClick={() => void navigate({ search: (before) => ({ ...before, node: undefined, hop: undefined, group: undefined, version: undefined, days: undefined, all: undefined, from: undefined, to: undefined }) })} data-testid="not-only-step">
          {[
            ...(search.node === undefined ? [] : [t("reach.ofStep", { step: search.node })]),
            ...(search.hop === undefined ? [] : [t("reach.ofHop", { hop: search.hop + 1 })]),
            ...(search.group === undefined ? [] : [t(`reach.groups.${search.group}`)]),
            ...(search.version === undefined ? [] : [t("reach.ofVersion", { version: search.version })]),
            ...(spanned ? [t("reach.ofSpan")] : []),
          ].join(" · ")}{" "}
          ×
        </Button>
      )}
      {search.customer !== undefined && (
        <Button onClick={() => void navigate({ search: (before) => ({ ...before, customer: undefined }) })}>{t("reach.notOnly", { id: search.customer })}</Button>
      )}
    </div>
  );
}

/** What is to become of those that are ticked. Sending again may reach somebody twice, so it says so. */
function Deciding({ ids, done }: { ids: string[]; done: () => void }) {
  const { t } = useText();
  const { message } = App.useApp();
  const errorText = useErrorText();
  const decide = useDecide();
  const [reason, setReason] = useState("");
  const act = (decision: Decision): void =>
    decide.mutate(
      { decision, send_ids: ids, reason },
      {
        onSuccess: ({ decided }) => {
          void message.success(t("reach.decided", { n: decided }));
          done();
        },
        onError: (error) => void message.error(errorText(error).title),
      },
    );
  return (
    <div className="op-row">
      <span>{t("reach.ticked", { n: ids.length })}</span>
      <Input style={{ width: 240 }} aria-label={t("reach.why")} placeholder={t("reach.why")} value={reason} onChange={(event) => setReason(event.target.value)} />
      {(["sent", "drop", "resend"] as const).map((one) => (
        <Button key={one} disabled={ids.length === 0 || reason.trim() === ""} loading={decide.isPending && decide.variables.decision === one} title={t(`reach.decisionNotes.${one}`)} onClick={() => act(one)} data-testid={`decide-${one}`}>
          {t(`reach.decisions.${one}`)}
        </Button>
      ))}
    </div>
  );
}

function Rows({ filter, unknown }: { filter: DeliveryFilter; unknown: boolean }) {
  const { t, title } = useText();
  const titles = useTitles();
  const places = usePlaces();
  const may = useMay("deliveries.decide");
  const navigate = useNavigate({ from: "/deliveries" });
  const query = useInfiniteQuery({ ...reach.deliveries(filter), refetchInterval: ({ state }) => (state.data?.pages.length === 1 ? 15_000 : false) });
  const [ticked, setTicked] = useState<Key[]>([]);
  return (
    <Loaded query={query} rows={8}>
      {(data) => (
        <div className="op-stack">
          {unknown && may && <Deciding ids={ticked.map(String)} done={() => setTicked([])} />}
          <Table<Delivery>
            size="middle"
            rowKey="send_id"
            data-testid="deliveries"
            dataSource={data.pages.flatMap((page) => page.items)}
            pagination={false}
            rowSelection={unknown && may ? { selectedRowKeys: ticked, onChange: setTicked } : undefined}
            locale={{ emptyText: <Nothing title={t(unknown ? "reach.noUnknown" : "reach.none")} text={t(unknown ? "reach.noUnknownText" : "reach.noneText")} /> }}
            columns={[
              {
                title: t("reach.planned"),
                render: (_, one) => (
                  <Button type="link" style={{ padding: 0 }} onClick={() => void navigate({ search: (before) => ({ ...before, send: one.send_id }) })}>
                    <Time at={one.planned} />
                  </Button>
                ),
              },
              { title: t("customers.columns.customer"), render: (_, one) => <CustomerName id={one.customer_id} name={one.name} /> },
              {
                title: t("reach.sender"),
                render: (_, one) =>
                  one.broadcast !== null ? (
                    <Link to="/broadcasts/$name" params={{ name: one.broadcast }}>
                      {one.broadcast}
                    </Link>
                  ) : (
                    <Link to="/journeys/$name" params={{ name: one.journey }} title={one.journey}>
                      {titles.journey(one.journey)}
                    </Link>
                  ),
              },
              { title: t("reach.message"), render: (_, one) => <span title={one.message}>{titles.message(one.message)}</span> },
              { title: t("reach.channel"), render: (_, one) => [...new Set([places.channel(one.channel), ...(one.touchpoint === "" ? [] : [places.touchpoint(one.touchpoint)])])].join(" · ") },
              { title: t("reach.state"), render: (_, one) => (
                  <>
                    <Status kind={STATES[one.state]}>{t(`reach.states.${one.state}`)}</Status>
                    {(one.state === "unknown" || one.state === "task") && one.due !== null && (
                      <div className="op-mute">
                        {t("reach.askedNext")} <Time at={one.due} show="relative" />
                      </div>
                    )}
                  </>
                ) },
              { title: t("reach.reason"), render: (_, one) => (one.reason === null ? <Dash /> : one.reason_words === null ? one.reason : title(one.reason_words, one.reason)) },
              { title: t("reach.times.sent"), align: "right", render: (_, one) => (one.sent === null ? <Dash /> : <Time at={one.sent} />) },
            ]}
          />
          {query.hasNextPage && (
            <Button loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
              {t("reach.more")}
            </Button>
          )}
        </div>
      )}
    </Loaded>
  );
}

/** Every message: what became of it and why; and those of which nobody can tell. */
export function Deliveries() {
  const { t } = useText();
  const { tab = "log", send } = useSearch({ from: "/shell/deliveries" });
  const navigate = useNavigate({ from: "/deliveries" });
  const filter = useFilter();
  return (
    <>
      <PageHead title={t("nav.deliveries")} sub={t("reach.sub")} />
      <div className="op-stack">
        <Counts filter={filter} />
        <Tabs
          activeKey={tab}
          onChange={(key) => void navigate({ search: (before) => ({ ...before, tab: key === "unknown" ? "unknown" : undefined, state: undefined }) })}
          items={[
            { key: "log", label: t("reach.log") },
            { key: "unknown", label: t("reach.unknownQueue") },
          ]}
        />
        <div className="op-row" style={{ justifyContent: "space-between" }}>
          <Filters filter={filter} />
          <CsvLink path={deliveriesUrl(filter)} />
        </div>
        <Rows key={tab} filter={filter} unknown={tab === "unknown"} />
      </div>
      {send !== undefined && (
        <Suspense>
          <Detail id={send} onClose={() => void navigate({ search: (before) => ({ ...before, send: undefined }) })} />
        </Suspense>
      )}
    </>
  );
}

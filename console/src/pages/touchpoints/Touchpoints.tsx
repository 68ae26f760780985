import { ExperimentOutlined, PlusOutlined, UploadOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Button, Input, Select, Table } from "antd";
import { lazy, Suspense } from "react";
import { queries } from "@/api/queries";
import type { Touchpoint } from "@/api/touchpoints";
import { useMay } from "@/lib/session";
import { useText } from "@/lib/useText";
import { Dash, Exact, Time } from "@/parts/Figures";
import { Loaded, Nothing } from "@/parts/Loaded";
import { PageHead } from "@/parts/PageHead";
import { ChannelMark } from "./ChannelMark";
import { SandboxBadge } from "./Sandbox";
import { TouchpointStatus } from "./TouchpointStatus";
import { GROUPS, groupOf, STATES } from "./words";
import "./touchpoints.css";

const ConnectDrawer = lazy(() => import("./connect/ConnectDrawer").then((module) => ({ default: module.ConnectDrawer })));

function useFilters() {
  const search = useSearch({ from: "/shell/touchpoints" });
  const navigate = useNavigate({ from: "/touchpoints" });
  return { search, put: (change: Partial<typeof search>) => void navigate({ search: (before) => ({ ...before, ...change }), replace: true }) };
}

function Filters({ items }: { items: Touchpoint[] }) {
  const { t, title } = useText();
  const { search, put } = useFilters();
  const channels = new Map(items.map((one) => [one.channel, one.channel_title]));
  const groups = GROUPS.map((group) => ({ label: t(`touchpoints.groups.${group}`), options: [...channels].filter(([name]) => groupOf(name) === group).map(([name, titles]) => ({ value: name, label: title(titles, name) })) })).filter((one) => one.options.length > 0);
  return (
    <div className="op-row" data-search>
      <Input allowClear style={{ width: 260 }} aria-label={t("touchpoints.search")} placeholder={t("touchpoints.search")} value={search.q ?? ""} onChange={(event) => put({ q: event.target.value || undefined })} data-testid="touchpoint-search" />
      <Select allowClear showSearch={{ optionFilterProp: "label" }} style={{ width: 190 }} aria-label={t("touchpoints.byChannel")} placeholder={t("touchpoints.byChannel")} value={search.channel} options={groups} onChange={(channel?: string) => put({ channel })} data-testid="filter-channel" />
      <Select allowClear style={{ width: 170 }} aria-label={t("touchpoints.byState")} placeholder={t("touchpoints.byState")} value={search.state} options={STATES.map((state) => ({ value: state, label: `${t(`touchpoints.states.${state}`)} (${items.filter((one) => one.state === state).length})` }))} onChange={(state?: Touchpoint["state"]) => put({ state })} data-testid="filter-state" />
      {(search.sandbox === 1 || items.some((one) => one.sandbox)) && (
        <Button type={search.sandbox === 1 ? "primary" : "default"} ghost={search.sandbox === 1} icon={<ExperimentOutlined />} aria-pressed={search.sandbox === 1} onClick={() => put({ sandbox: search.sandbox === 1 ? undefined : 1 })} data-testid="filter-sandbox">
          {t("touchpoints.inSandbox", { count: items.filter((one) => one.sandbox).length })}
        </Button>
      )}
    </div>
  );
}

export function Touchpoints() {
  const { t, title, language } = useText();
  const may = useMay("touchpoints.write");
  const list = useQuery({ ...queries.touchpoints(), staleTime: 5_000, refetchInterval: 15_000 });
  const navigate = useNavigate({ from: "/touchpoints" });
  const { search } = useFilters();
  const wanted = (one: Touchpoint): boolean =>
    `${one.name} ${one.title.zh} ${one.title.en} ${one.channel_title.zh} ${one.channel_title.en}`.toLowerCase().includes((search.q ?? "").trim().toLowerCase()) &&
    (search.channel ?? one.channel) === one.channel &&
    (search.state ?? one.state) === one.state &&
    (search.sandbox !== 1 || one.sandbox);
  const open = (connect: string | undefined, made?: string): void => void navigate({ search: (before) => ({ ...before, connect, made }) });
  const connect = may && (
    <Button type="primary" icon={<PlusOutlined />} onClick={() => open("gallery")} data-testid="touchpoint-connect">
      {t("touchpoints.connect")}
    </Button>
  );
  return (
    <>
      <PageHead
        title={t("nav.touchpoints")}
        sub={t("touchpoints.sub")}
        actions={
          <>
            <Button icon={<UploadOutlined />} onClick={() => void navigate({ to: "/imports" })} data-testid="touchpoint-import">
              {t("touchpoints.importFile")}
            </Button>
            {connect}
          </>
        }
      />
      <Loaded query={list} rows={10}>
        {(data) =>
          data.items.length === 0 ? (
            <section className="op-panel">
              <Nothing title={t("touchpoints.none")} text={t("touchpoints.noneText")} actions={connect} />
            </section>
          ) : (
            <div className="op-stack">
              <Filters items={data.items} />
              <section className="op-panel" aria-label={t("nav.touchpoints")}>
                <Table<Touchpoint>
                  size="middle"
                  rowKey="name"
                  data-testid="touchpoints-table"
                  dataSource={data.items.filter(wanted)}
                  pagination={data.items.length > 50 ? { pageSize: 50 } : false}
                  showSorterTooltip={false}
                  locale={{ emptyText: <Nothing title={t("touchpoints.noneFound")} text={t("touchpoints.noneFoundText")} /> }}
                  columns={[
                    {
                      title: t("home.touchpoint"),
                      width: 280,
                      sorter: (a, b) => title(a.title, a.name).localeCompare(title(b.title, b.name), language === "en" ? "en" : "zh"),
                      render: (_, one) => (
                        <div className="op-named">
                          <ChannelMark channel={one.channel} />
                          <div>
                            <Link to="/touchpoints/$name" params={{ name: one.name }} style={{ fontWeight: 550 }}>
                              {title(one.title, one.name)}
                            </Link>{" "}
                            {one.sandbox && <SandboxBadge />}
                            <div className="op-mute" style={{ fontSize: 12.5 }}>
                              {title(one.channel_title, one.channel)} · <span className="op-code">{one.name}</span>
                            </div>
                          </div>
                        </div>
                      ),
                    },
                    { title: t("home.state"), width: 250, render: (_, one) => <TouchpointStatus state={one.state} error={one.error} /> },
                    { title: t("home.events24h"), align: "right", width: 150, defaultSortOrder: "descend", sorter: (a, b) => a.events_24h - b.events_24h, render: (_, one) => <Exact value={one.events_24h} /> },
                    {
                      title: t("home.quarantined24h"),
                      align: "right",
                      width: 150,
                      sorter: (a, b) => a.quarantined_24h - b.quarantined_24h,
                      render: (_, one) =>
                        one.quarantined_24h === 0 ? (
                          <Exact value={0} />
                        ) : (
                          <Link to="/quarantine" search={{ touchpoint: one.name }} className="op-num">
                            <Exact value={one.quarantined_24h} />
                          </Link>
                        ),
                    },
                    { title: t("home.lastAt"), align: "right", width: 140, sorter: (a, b) => (a.last_at ?? "").localeCompare(b.last_at ?? ""), render: (_, one) => (one.last_at === null ? <Dash /> : <Time at={one.last_at} show="relative" />) },
                  ]}
                />
              </section>
            </div>
          )
        }
      </Loaded>
      {may && search.connect !== undefined && (
        <Suspense fallback={null}>
          <ConnectDrawer at={search.connect} made={search.made} taken={(list.data?.items ?? []).map((one) => one.name)} go={open} />
        </Suspense>
      )}
    </>
  );
}

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Table } from "antd";
import { queries, type Home as HomeData } from "@/api/queries";
import { compact, exact, percent, span } from "@/lib/format";
import { usePlaces } from "@/lib/places";
import { useText } from "@/lib/useText";
import { Count, Exact, Figure, Figures, Time } from "@/parts/Figures";
import { Loaded, Nothing } from "@/parts/Loaded";
import { PageHead, Panel } from "@/parts/PageHead";
import { Status } from "@/parts/Status";
import { Approvals } from "./Approvals";
import { Series } from "./Series";

function Changed({ today, yesterday }: { today: number; yesterday: number }) {
  const { t, language } = useText();
  return (
    <span>
      {t("home.yesterday", { figure: compact(yesterday, language) })}
      {yesterday > 0 && <span> · {t("home.ofYesterday", { share: percent(today / yesterday, language) })}</span>}
    </span>
  );
}

function Delay({ home }: { home: HomeData }) {
  const { t, language } = useText();
  const behind = home.log_end - home.applied;
  const late = (home.delay_seconds ?? 0) > 60 || behind > 10_000;
  return (
    <Figure
      label={t("home.delay")}
      note={behind > 0 ? t("home.behind", { figure: exact(behind, language) }) : t("home.caughtUp")}
    >
      <span style={{ color: late ? "var(--op-warn)" : undefined }}>{home.delay_seconds === null ? "–" : span(home.delay_seconds, language)}</span>
    </Figure>
  );
}

function Top({ home }: { home: HomeData }) {
  const { t, language } = useText();
  return (
    <Figures label={t("home.figures")}>
      <Figure label={t("home.receivedToday")} note={<Changed today={home.received.today} yesterday={home.received.yesterday} />}>
        <Count value={home.received.today} testId="received-today" />
      </Figure>
      <Figure label={t("home.totalEvents")} note={t("home.ordersNote", { figure: compact(home.orders, language) })}>
        <Count value={home.received.total_events} testId="total-events" />
      </Figure>
      <Figure label={t("home.customers")} note={t("home.identifiersNote", { figure: compact(home.identifiers, language) })}>
        <Link to="/customers" style={{ color: "inherit" }}>
          <Count value={home.customers} testId="customers-total" />
        </Link>
      </Figure>
      <Delay home={home} />
      <Figure label={t("home.quarantine")} note={home.quarantine_open > 0 ? <Link to="/quarantine">{t("home.toQuarantine")}</Link> : t("home.quarantineNone")}>
        <Count value={home.quarantine_open} />
      </Figure>
    </Figures>
  );
}

function Problems({ problems }: { problems: HomeData["problems"] }) {
  const { t, title } = useText();
  return (
    <Panel title={t("home.problems")}>
      {problems.length === 0 ? (
        <Status kind="ok">{t("home.noProblems")}</Status>
      ) : (
        <ul className="op-list">
          {problems.map((problem) => (
            <li key={problem.code + problem.message.en} style={{ display: "block" }}>
              <Status kind={problem.severity}>
                <strong style={{ whiteSpace: "normal" }}>{title(problem.message, problem.code)}</strong>
              </Status>
              {problem.hint !== null && <div className="op-mute">{title(problem.hint, "")}</div>}
              {problem.code.includes("quarantine") && (
                <div>
                  <Link to="/quarantine">{t("home.toQuarantine")}</Link>
                </div>
              )}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Touchpoints({ rows }: { rows: HomeData["touchpoints"] }) {
  const { t, title } = useText();
  const places = usePlaces();
  return (
    <Panel title={t("home.touchpoints")} flush>
      <Table
        size="middle"
        rowKey="name"
        dataSource={rows}
        pagination={rows.length > 10 ? { pageSize: 10, showSizeChanger: false } : false}
        locale={{ emptyText: <Nothing title={t("home.noTouchpoints")} text={t("home.noTouchpointsText")} /> }}
        columns={[
          {
            title: t("home.touchpoint"),
            render: (_, row) => (
              <span title={row.name}>{title(row.title, row.name)}</span>
            ),
          },
          { title: t("home.channel"), render: (_, row) => places.channel(row.channel) },
          { title: t("home.events24h"), align: "right", sorter: (a, b) => a.events_24h - b.events_24h, render: (_, row) => <Exact value={row.events_24h} /> },
          {
            title: t("home.quarantined24h"),
            align: "right",
            render: (_, row) =>
              row.quarantined_24h > 0 ? (
                <Link to="/quarantine" search={{ touchpoint: row.name }}>
                  <Exact value={row.quarantined_24h} />
                </Link>
              ) : (
                <span className="op-num">0</span>
              ),
          },
          { title: t("home.lastAt"), align: "right", render: (_, row) => <Time at={row.last_at} show="relative" /> },
          {
            title: t("home.state"),
            render: (_, row) => {
              const kind = row.last_at === null ? "idle" : row.quarantined_24h > row.events_24h * 0.05 && row.quarantined_24h > 0 ? "warning" : row.events_24h === 0 ? "idle" : "ok";
              return <Status kind={kind}>{t(`home.states.${kind}`)}</Status>;
            },
          },
        ]}
      />
    </Panel>
  );
}

function SegmentSizes({ rows }: { rows: HomeData["segments"] }) {
  const { t, title } = useText();
  return (
    <Panel title={t("home.segments")} extra={<Link to="/segments">{t("common.all")}</Link>}>
      {rows.length === 0 ? (
        <Nothing title={t("segments.none")} text={t("segments.noneText")} actions={<Link to="/segments/new">{t("segments.new")}</Link>} />
      ) : (
        <ul className="op-list">
          {rows.slice(0, 10).map((row) => (
            <li key={row.name}>
              <Link to="/segments/$name" params={{ name: row.name }}>
                {title(row.title, row.name)}
              </Link>
              <span className="op-num">
                <Exact value={row.size} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

export function Home() {
  const { t } = useText();
  const home = useQuery({ ...queries.home(), refetchInterval: 15_000 });
  return (
    <>
      <PageHead title={t("nav.home")} sub={t("home.sub")} />
      <Loaded query={home} rows={10}>
        {(data) => (
          <div className="op-stack">
            <Top home={data} />
            <Approvals />
            <div className="op-two op-stretch">
              <Panel title={t("home.series")}>
                <Series points={data.series} />
              </Panel>
              <Problems problems={data.problems} />
            </div>
            <div className="op-two">
              <Touchpoints rows={data.touchpoints} />
              <SegmentSizes rows={data.segments} />
            </div>
          </div>
        )}
      </Loaded>
    </>
  );
}

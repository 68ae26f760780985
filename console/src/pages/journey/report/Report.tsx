import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { DownloadOutlined } from "@ant-design/icons";
import { Button, Table } from "antd";
import { useMemo } from "react";
import { journeys, type Results } from "@/api/journeys";
import { queries } from "@/api/queries";
import type { Definition } from "@/journeys/model";
import { asked, settled } from "@/journeys/range";
import type { RangeSearch } from "@/journeys/state";
import { saveCsv } from "@/lib/download";
import { exact, money, percent, span } from "@/lib/format";
import { useText } from "@/lib/useText";
import { ChartOrTable } from "@/parts/Chart";
import { Count, Dash, Exact, Figure, Figures } from "@/parts/Figures";
import { Loaded, Nothing } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { Status } from "@/parts/Status";
import { Share } from "@/parts/Share";
import { useEnding } from "../ends";
import { Frame } from "../Frame";
import { Range } from "../Range";
import { Reason } from "../Reason";
import { TryIt } from "../TryIt";
import { useWords, type Words } from "../words";
import { DaysChart, TimeChart } from "./Charts";
import { reportRows } from "./csv";
import { Interval } from "./Interval";

interface Part {
  of: Results;
  name: string;
  /** Which runs the figures are about: the lists behind them are about the same. */
  range: RangeSearch;
}

function Funnel({ of, name, range }: Part) {
  const { t, language } = useText();
  const first = of.funnel[0]?.count ?? 0;
  return (
    <table className="op-grid" data-testid="report-funnel">
      <thead>
        <tr>
          <th scope="col">{t("journey.report.step")}</th>
          <th scope="col" className="op-num">
            {t("journey.report.customers")}
          </th>
          <th scope="col" style={{ width: "45%" }}>
            {t("journey.report.ofFirst")}
          </th>
          <th scope="col" className="op-num">
            {t("journey.report.ofBefore")}
          </th>
        </tr>
      </thead>
      <tbody>
        {of.funnel.map((one, i) => {
          const before = of.funnel[i - 1]?.count ?? one.count;
          const said = one.step === "goal" && of.goal.measure === "order_paid" ? t("journey.report.paid") : t(`journey.report.steps.${one.step}`);
          return (
            <tr key={one.step}>
              <th scope="row">
                {said}
                {one.step === "delivered" && before > one.count && <div className="op-hint">{t("journey.report.awaiting", { figure: exact(before - one.count, language) })}</div>}
              </th>
              <td className="op-num">
                <Link to="/journeys/$name/runs" params={{ name }} search={{ ...range, stage: one.step }} aria-label={`${said} ${exact(one.count, language)}`} data-testid={`funnel-${one.step}`} data-value={one.count}>
                  {exact(one.count, language)}
                </Link>
              </td>
              <td>
                <Share share={first === 0 ? 0 : one.count / first} label={said} />
              </td>
              <td className="op-num">{before === 0 ? "–" : percent(one.count / before, language)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Fallback({ of, name, range, words, definition }: Part & { words: Words; definition: Definition }) {
  const { t, language } = useText();
  if (of.fallback.length === 0) return <p className="op-mute">{t("journey.report.noSends")}</p>;
  return (
    <div className="op-scroll">
      <table className="op-grid" data-testid="report-fallback">
        <thead>
          <tr>
            <th scope="col">{t("journey.publish.step")}</th>
            <th scope="col">{t("journey.report.hop")}</th>
            <th scope="col">{t("journey.hop.channel")}</th>
            <th scope="col" className="op-num">
              {t("journey.report.tried")}
            </th>
            <th scope="col" className="op-num">
              {t("journey.report.accepted")}
            </th>
            <th scope="col">{t("journey.report.why")}</th>
          </tr>
        </thead>
        <tbody>
          {of.fallback.map((one) => (
            <tr key={`${one.node} ${one.hop} ${one.channel}`}>
              <th scope="row" title={one.node}>
                {words.step(definition, one.node)}
              </th>
              <td className="op-num">{one.hop + 1}</td>
              <td>{words.channel(one.channel)}</td>
              <td className="op-num">
                <Link to="/deliveries" search={{ ...range, journey: name, node: one.node, hop: one.hop, channel: one.channel }} data-testid={`tried-${one.node}-${one.hop}`} data-value={one.tried}>
                  {exact(one.tried, language)}
                </Link>
              </td>
              <td className="op-num">
                <Link to="/deliveries" search={{ ...range, journey: name, node: one.node, hop: one.hop, channel: one.channel, group: "sent" }}>
                  {exact(one.accepted, language)}
                </Link>{" "}
                {one.tried > 0 && <span className="op-mute">{percent(one.accepted / one.tried, language)}</span>}
              </td>
              <td>
                <span className="op-chips">
                  {one.reasons.map((each) => (
                    <Link key={each.reason} className="op-chip" to="/deliveries" search={{ ...range, journey: name, node: one.node, hop: one.hop, channel: one.channel, reason: each.reason }} data-testid={`reason-${one.node}-${one.hop}-${each.reason}`}>
                      <Reason name={each.reason} /> <span className="op-num">{exact(each.count, language)}</span>
                    </Link>
                  ))}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Segments({ of, name, range }: Part) {
  const { t, title, language } = useText();
  const behind = (segment: string, stage: "entered" | "goal", count: number) => (
    <Link to="/journeys/$name/runs" params={{ name }} search={{ ...range, stage, segment }} data-testid={`segment-${segment}-${stage}`} data-value={count}>
      <Exact value={count} />
    </Link>
  );
  if (of.segments.length === 0) return <p className="op-mute">{t("journey.report.noSegments")}</p>;
  const rate = (share: number | null) => (share === null ? <Dash /> : <span className="op-num">{percent(share, language)}</span>);
  return (
    <Table
      size="small"
      rowKey="segment"
      dataSource={of.segments}
      pagination={of.segments.length > 12 ? { pageSize: 12, showSizeChanger: false } : false}
      data-testid="report-segments"
      columns={[
        {
          title: t("journey.start.segment"),
          render: (_, row) => (
            <Link to="/segments/$name" params={{ name: row.segment }}>
              {title(row.title, row.segment)}
            </Link>
          ),
        },
        { title: t("journey.list.entered"), align: "right", sorter: (a, b) => a.entered - b.entered, defaultSortOrder: "descend", render: (_, row) => behind(row.segment, "entered", row.entered) },
        { title: t("journey.report.goals"), align: "right", render: (_, row) => behind(row.segment, "goal", row.goals) },
        { title: t("journey.report.rate"), align: "right", sorter: (a, b) => (a.rate ?? -1) - (b.rate ?? -1), render: (_, row) => rate(row.rate) },
        { title: t("journey.report.controlRate"), align: "right", render: (_, row) => rate(row.control_rate) },
      ]}
    />
  );
}

function Content({ of, name, range, words, definition }: Part & { words: Words; definition: Definition }) {
  const { t, language } = useText();
  const ending = useEnding();
  // A goal that needs what only the treated were given can't be compared: paid orders stand for it.
  const paid = of.goal.measure === "order_paid";
  const reached = of.ended.find((one) => one.reason === "goal")?.count ?? 0;
  if (of.entered === 0) return <Nothing title={t("journey.report.none")} text={t("journey.report.noneText")} actions={<TryIt name={name} />} />;
  return (
    <div className="op-stack">
      <Figures label={t("journey.report.summary")}>
        <Figure
          label={t("journey.list.entered")}
          note={
            <Link to="/journeys/$name/runs" params={{ name }} search={{ ...range, state: "live" }} data-testid="report-live">
              {t("journey.report.liveNow", { figure: exact(of.live, language) })}
            </Link>
          }
        >
          <Link to="/journeys/$name/runs" params={{ name }} search={range}>
            <Count value={of.entered} testId="report-entered" />
          </Link>
        </Figure>
        <Figure label={t(paid ? "journey.report.paidRate" : "journey.report.rate")} note={t("journey.report.goalsOf", { goals: exact(of.goal.goals, language), treated: exact(of.goal.treated, language) })}>
          <span data-testid="report-rate" data-value={of.goal.rate ?? ""}>
            {of.goal.rate === null ? <Dash /> : percent(of.goal.rate, language)}
          </span>
        </Figure>
        <Figure label={t("journey.report.median")}>{of.median_seconds === null ? <Dash /> : span(of.median_seconds, language)}</Figure>
        <Figure label={t("journey.report.perSend")} note={of.revenue === null ? undefined : t("journey.report.revenue", { amount: money(of.revenue.amount, of.revenue.currency, language), sends: exact(of.revenue.sends, language), count: of.revenue.sends })}>
          {of.revenue?.per_send == null ? <Dash /> : money(of.revenue.per_send, of.revenue.currency, language)}
        </Figure>
      </Figures>
      {paid && (
        <div data-testid="report-paid">
          <Status kind="info">{t("journey.report.paidHint", { figure: exact(reached, language), count: reached })}</Status>
        </div>
      )}
      <Panel title={t("journey.report.uplift")} testId="report-uplift">
        {of.uplift.length === 0 ? (
          <p className="op-mute">{t("journey.report.noControl")}</p>
        ) : (
          <div className="op-stack">
            {of.uplift.map((one) => (
              <Interval key={one.against} of={one} step={(node) => words.step(definition, node)} />
            ))}
            <p className="op-hint">{t("journey.report.upliftHint")}</p>
          </div>
        )}
      </Panel>
      <div className="op-halves-2 op-report-halves">
        <Panel title={t("journey.report.funnel")}>
          <Funnel of={of} name={name} range={range} />
        </Panel>
        <Panel title={t(paid ? "journey.report.timeToPaid" : "journey.report.timeToGoal")}>
          {of.time_to_goal.every((one) => one.count === 0) ? (
            <p className="op-mute">{t(paid ? "journey.report.noPaid" : "journey.report.noGoals")}</p>
          ) : (
            <ChartOrTable
              chart={<TimeChart of={of} />}
              table={
                <table className="op-grid">
                  <tbody>
                    {of.time_to_goal.map((one) => (
                      <tr key={one.upto_seconds ?? "more"}>
                        <th scope="row">{one.upto_seconds === null ? t("journey.report.later") : t("journey.report.within", { span: span(one.upto_seconds, language) })}</th>
                        <td className="op-num">{exact(one.count, language)}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              }
            />
          )}
        </Panel>
      </div>
      <Panel title={t("journey.report.fallback")}>
        <Fallback of={of} name={name} range={range} words={words} definition={definition} />
      </Panel>
      <div className="op-halves-2 op-report-halves">
        <Panel title={t("journey.report.days")}>
          <ChartOrTable
            chart={<DaysChart of={of} />}
            table={
              <table className="op-grid">
                <thead>
                  <tr>
                    <th scope="col">{t("journey.report.day")}</th>
                    <th scope="col" className="op-num">{t("journey.list.entered")}</th>
                    <th scope="col" className="op-num">{t("journey.report.sends")}</th>
                    <th scope="col" className="op-num">{t("journey.report.goals")}</th>
                  </tr>
                </thead>
                <tbody>
                  {of.days.map((one) => (
                    <tr key={one.day}>
                      <th scope="row">{one.day}</th>
                      <td className="op-num">{exact(one.entered, language)}</td>
                      <td className="op-num">{exact(one.sends, language)}</td>
                      <td className="op-num">{exact(one.goals, language)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            }
          />
        </Panel>
        <Panel title={t("journey.report.ends")}>
          <ul className="op-list" data-testid="report-ends">
            {of.ended.map((one) => (
              <li key={one.reason}>
                <span>{ending(one.reason)}</span>
                <Link to="/journeys/$name/runs" params={{ name }} search={{ ...range, state: "ended", reason: one.reason }} className="op-num" aria-label={`${ending(one.reason)} ${exact(one.count, language)}`} data-testid={`ended-${one.reason}`} data-value={one.count}>
                  {exact(one.count, language)}
                </Link>
              </li>
            ))}
          </ul>
        </Panel>
      </div>
      <Panel title={t("journey.report.segments")} flush>
        <Segments of={of} name={name} range={range} />
      </Panel>
    </div>
  );
}

/** The report's figures as a file. */
function Export({ of, name }: { of: Results; name: string }) {
  const { t } = useText();
  return (
    <Button icon={<DownloadOutlined />} onClick={() => saveCsv(`${name}-report`, reportRows(of))} data-testid="report-csv">
      {t("common.csv")}
    </Button>
  );
}

/** What a journey brought, against those who got nothing. */
export function Report() {
  const { t } = useText();
  const { name } = useParams({ from: "/shell/journeys/$name/report" });
  const { days, all, from, to, version } = useSearch({ from: "/shell/journeys/$name/report" });
  const navigate = useNavigate({ from: "/journeys/$name/report" });
  const journey = useQuery(journeys.one(name));
  const words = useWords(useQuery(queries.names()).data, journey.data?.definition.params);
  const range = useMemo(() => settled({ days, all, from, to, version }, 30), [days, all, from, to, version]);
  const query = useQuery({ ...journeys.results(name, useMemo(() => asked(range), [range])), enabled: journey.data?.published != null, refetchInterval: 30_000 });
  const put = (next: RangeSearch): void => void navigate({ search: (before) => ({ ...before, ...next }), replace: true });
  return (
    <Loaded query={journey} rows={12}>
      {(found) => (
        <Frame journey={found}>
          <div className="op-toolbar">
            {query.data !== undefined && <Export of={query.data} name={name} />}
            <Range of={range} days={30} versions={query.data?.versions} onChange={put} />
          </div>
          {found.published === null ? (
            <Nothing title={t("journey.report.unpublished")} text={t("journey.report.unpublishedText")} actions={<TryIt name={name} />} />
          ) : (
            <Loaded query={query} rows={12}>
              {(data) => <Content of={data} name={name} range={range} words={words} definition={found.published?.definition ?? found.definition} />}
            </Loaded>
          )}
        </Frame>
      )}
    </Loaded>
  );
}

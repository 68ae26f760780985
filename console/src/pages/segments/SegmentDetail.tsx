import { CameraOutlined, DeleteOutlined, QuestionCircleOutlined, ThunderboltOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { App, Button, Drawer, Input, Segmented, Table } from "antd";
import { lazy, Suspense, useState } from "react";
import { useLive } from "@/api/live";
import { queries, type Segment, useDeleteSegment } from "@/api/queries";
import { segmentQueries } from "@/api/segments";
import { headFirst } from "@/conditions/heads";
import type { Json } from "@/conditions/model";
import { percent } from "@/lib/format";
import { said } from "@/lib/said";
import { useMay } from "@/lib/session";
import { author } from "@/lib/title";
import { useText } from "@/lib/useText";
import { SegmentReason } from "@/pages/customer/WhyDrawer";
import { CsvLink } from "@/parts/CsvLink";
import { CustomerName } from "@/parts/CustomerName";
import { Dash, Exact, Figure, Figures, Time } from "@/parts/Figures";
import { Loaded, Nothing, useErrorText } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { Status } from "@/parts/Status";
import { useToast } from "@/parts/undo";
import { UsedBy } from "@/parts/UsedBy";
import { SegmentFrame } from "./SegmentFrame";
import { SizeHistory } from "./SizeHistory";

const Yaml = lazy(() => import("@/parts/Yaml").then((part) => ({ default: part.Yaml })));
const Snapshot = lazy(() => import("./Snapshot").then((part) => ({ default: part.Snapshot })));
/** Days of size history that can be chosen. */
const SPANS = [7, 30, 90] as const;

function Members({ name, live, onWhy }: { name: string; live: Set<number>; onWhy: (id: number) => void }) {
  const { t } = useText();
  const { page = 1 } = useSearch({ from: "/shell/segments/$name" });
  const navigate = useNavigate({ from: "/segments/$name" });
  const size = 20;
  const members = useQuery(queries.members(name, page, size));
  return (
    <Panel
      title={t("segments.members")}
      flush
      testId="segment-members"
      extra={
        <span className="op-row">
          <CsvLink path={`/api/v1/segments/${encodeURIComponent(name)}/members.csv`} />
          <Link to="/customers" search={{ segment: name }}>
            {t("segments.asCustomers")}
          </Link>
        </span>
      }
    >
      <Loaded query={members}>
        {(data) => (
          <Table
            size="middle"
            rowKey="customer_id"
            data-testid="members-table"
            dataSource={data.items}
            pagination={data.total > size ? { current: page, pageSize: size, total: data.total, showSizeChanger: false, onChange: (next) => void navigate({ search: (before) => ({ ...before, page: next }) }), style: { padding: "0 16px" } } : false}
            locale={{ emptyText: <Nothing title={t("segments.noMembers")} text={t("segments.noMembersText")} /> }}
            columns={[
              {
                title: t("customers.columns.customer"),
                render: (_, row) => (
                  <span>
                    <CustomerName id={row.customer_id} name={row.name} testId="member-link" />{" "}
                    {live.has(row.customer_id) && <Status kind="ok">{t("segments.justIn")}</Status>}
                  </span>
                ),
              },
              { title: t("customers.columns.phone"), render: (_, row) => row.phone ?? <Dash /> },
              { title: t("segments.since"), align: "right", render: (_, row) => <Time at={row.since} /> },
              { title: t("customers.columns.last_seen"), align: "right", render: (_, row) => <Time at={row.last_seen} /> },
              {
                title: "",
                align: "right",
                render: (_, row) => (
                  <Button type="text" size="small" icon={<QuestionCircleOutlined />} aria-label={t("why.ofMember", { id: row.customer_id })} onClick={() => onWhy(row.customer_id)} data-testid={`explain-${row.customer_id}`}>
                    {t("why.short")}
                  </Button>
                ),
              },
            ]}
          />
        )}
      </Loaded>
    </Panel>
  );
}

/** There is no undo: a segment that is saved again has everybody enter anew, and its history of sizes begins at nothing. */
function Remove({ segment }: { segment: Segment }) {
  const { t, title } = useText();
  const { modal, message } = App.useApp();
  const navigate = useNavigate();
  const remove = useDeleteSegment();
  const errorText = useErrorText();
  const toast = useToast();
  const ask = (): void => {
    let typed = "";
    modal.confirm({
      title: t("segments.removeTitle"),
      content: (
        <label>
          {t("segments.removeText", { name: segment.name })}
          <Input onChange={(event) => (typed = event.target.value)} style={{ marginTop: 8 }} />
        </label>
      ),
      okText: t("segments.remove"),
      okButtonProps: { danger: true },
      onOk: async () => {
        if (typed !== segment.name) {
          void message.warning(t("segments.removeOther"));
          throw new Error("the name differs");
        }
        try {
          await remove.mutateAsync(segment.name);
        } catch (error) {
          const text = errorText(error);
          void message.error([text.title, ...text.details].join(" "), 8);
          throw error;
        }
        toast({ key: `removed ${segment.name}`, title: t("common.removed", { name: title(segment.title, segment.name) }) });
        await navigate({ to: "/segments" });
      },
    });
  };
  return <Button icon={<DeleteOutlined />} aria-label={t("segments.remove")} title={t("segments.remove")} disabled={segment.used_by.some((user) => !user.startsWith("list:"))} onClick={ask} />;
}

function Live({ name, moves, connected }: { name: string; moves: ReturnType<typeof useLive>["moves"]; connected: boolean }) {
  const { t } = useText();
  const past = useQuery(queries.history(name)).data?.changes ?? [];
  const seen = new Set(moves.map((one) => `${one.customer_id} ${one.type} ${one.at}`));
  const rows = [
    ...moves.map((one) => ({ id: one.customer_id, entered: one.type === "segment_entered", at: one.at, fresh: true })),
    ...past
      .filter((one) => !seen.has(`${one.customer_id} ${one.change === "enter" ? "segment_entered" : "segment_left"} ${one.at}`))
      .map((one) => ({ id: one.customer_id, entered: one.change === "enter", at: one.at, fresh: false })),
  ].slice(0, 12);
  return (
    <Panel title={t("segments.changes")} extra={<Status kind={connected ? "ok" : "idle"}>{t(connected ? "segments.live" : "segments.notLive")}</Status>} testId="segment-live">
      {rows.length === 0 ? (
        <p className="op-mute">{t("segments.noChanges")}</p>
      ) : (
        <ul className="op-list" aria-live="polite">
          {rows.map((row) => (
            <li key={`${row.id} ${row.at} ${row.entered}`} data-fresh={row.fresh}>
              <span className="op-status" data-kind={row.entered ? "ok" : "idle"}>
                {row.fresh && <ThunderboltOutlined aria-hidden />}
                {t(row.entered ? "segments.entered" : "segments.left")}
              </span>
              <CustomerName id={row.id} name={null} />
              <span className="op-num op-mute">
                <Time at={row.at} show="relative" />
              </span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

/** The size over time, by day; the last week by hour. */
function History({ name }: { name: string }) {
  const { t } = useText();
  const { days = 30 } = useSearch({ from: "/shell/segments/$name" });
  const navigate = useNavigate({ from: "/segments/$name" });
  const history = useQuery(segmentQueries.history(name, days, days === 7 ? "hour" : "day"));
  return (
    <Panel title={t("segments.history")} testId="size-history">
      <div style={{ marginBottom: 8 }}>
        <Segmented<number>
          size="small"
          aria-label={t("segments.span")}
          value={days}
          onChange={(next) => void navigate({ search: (before) => ({ ...before, days: next === 7 || next === 90 ? next : undefined }), replace: true })}
          options={SPANS.map((span) => ({ value: span, label: t("segments.days", { count: span }) }))}
        />
      </div>
      <Loaded query={history}>{(data) => <SizeHistory points={data.series} hourly={data.step === "hour"} />}</Loaded>
    </Panel>
  );
}

function Content({ segment }: { segment: Segment }) {
  const { t, title, language } = useText();
  const may = useMay("segments.write");
  const { why } = useSearch({ from: "/shell/segments/$name" });
  const navigate = useNavigate({ from: "/segments/$name" });
  const { moves, connected } = useLive(segment.name);
  const all = useQuery(queries.segments()).data?.customers;
  const history = useQuery(queries.history(segment.name));
  const last = history.data?.series.at(-1);
  const live = new Set(moves.filter((one) => one.type === "segment_entered").map((one) => one.customer_id));
  const [keeping, setKeeping] = useState(false);
  const ask = (id: number | undefined): void => void navigate({ search: (before) => ({ ...before, why: id }), replace: true });
  return (
    <SegmentFrame
      segment={segment}
      actions={
        may && (
          <>
            <Remove segment={segment} />
            <Button icon={<CameraOutlined />} onClick={() => setKeeping(true)} data-testid="segment-snapshot">
              {t("segments.snapshot")}
            </Button>
          </>
        )
      }
    >
      <div className="op-stack">
        <Figures label={t("segments.figures")}>
          <Figure label={t("segments.size")} note={all !== undefined && all > 0 && t("segments.ofAll", { share: percent(segment.size / all, language) })}>
            <Exact value={segment.size} testId="segment-size" />
          </Figure>
          <Figure label={t("segments.enteredLast")} note={last !== undefined && <Time at={last.at} />}>
            {last === undefined ? <Dash /> : <Exact value={last.entered} />}
          </Figure>
          <Figure label={t("segments.leftLast")}>{last === undefined ? <Dash /> : <Exact value={last.left} />}</Figure>
          <Figure small label={t("segments.changed")} note={t("segments.versionBy", { version: segment.version, author: author(segment.author) })}>
            <Time at={segment.changed_at} show="relative" />
          </Figure>
        </Figures>
        {segment.problems.length > 0 && (
          <div className="op-problem" role="alert" data-testid="segment-problems">
            <div>
              <strong>{t("segments.broken")}</strong>
              {segment.problems.map((problem) => (
                <div key={problem.place + problem.message}>
                  <code className="op-code">{problem.place}</code> {said(problem.message, language)}
                </div>
              ))}
            </div>
          </div>
        )}
        {segment.sentence !== null && (
          <p className="op-sentence" data-testid="segment-sentence" style={{ background: "var(--op-panel)" }}>
            {title(segment.sentence, "")}
          </p>
        )}
        <div className="op-two">
          <div className="op-stack">
            <History name={segment.name} />
            <Members name={segment.name} live={live} onWhy={ask} />
          </div>
          <div className="op-stack">
            <Live name={segment.name} moves={moves} connected={connected} />
            <Panel title={t("segments.usedBy")}>
              <UsedBy names={segment.used_by} none={t("segments.unused")} />
            </Panel>
            <Panel title={t("segments.definition")}>
              <Suspense>
                <Yaml value={headFirst(segment.condition as Json)} />
              </Suspense>
            </Panel>
          </div>
        </div>
      </div>
      {keeping && (
        <Suspense>
          <Snapshot segment={segment} onClose={() => setKeeping(false)} onMade={(list) => void navigate({ to: "/lists/$name", params: { name: list } })} />
        </Suspense>
      )}
      <Drawer open={why !== undefined} size={520} onClose={() => ask(undefined)} title={t("why.ofSegment", { segment: title(segment.title, segment.name) })} destroyOnHidden>
        {why !== undefined && <SegmentReason id={why} segment={segment.name} />}
      </Drawer>
    </SegmentFrame>
  );
}

export function SegmentDetail() {
  const { name } = useParams({ from: "/shell/segments/$name" });
  const segment = useQuery(queries.segment(name));
  return <Loaded query={segment} rows={12}>{(data) => <Content key={data.name} segment={data} />}</Loaded>;
}

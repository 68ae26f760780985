import { CopyOutlined, DeleteOutlined, EllipsisOutlined, PlusOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { App, Button, Checkbox, Dropdown, Input, Select, Table } from "antd";
import { type Brought, type JourneyRow, journeys, useDropJourney, useMakeJourney } from "@/api/journeys";
import { cloned } from "@/journeys/cloned";
import { type Status, STATUSES } from "@/journeys/state";
import { percent } from "@/lib/format";
import { useMay } from "@/lib/session";
import { author, sideOf } from "@/lib/title";
import { useText } from "@/lib/useText";
import { Dash, Exact, Time } from "@/parts/Figures";
import { Loaded, Nothing, useErrorText } from "@/parts/Loaded";
import { PageHead } from "@/parts/PageHead";
import { Status as Mark } from "@/parts/Status";
import { useUndoable } from "@/parts/undo";
import { ApprovalState, JourneyState, JourneyWaits } from "../journey/State";
import "../journey/journey.css";

/** How much better those do who are in it, with what is known of that for sure. */
function Goal({ of }: { of: Brought | undefined }) {
  const { t, language } = useText();
  if (of === undefined || of.goal_rate === null) return <Dash />;
  const { uplift } = of;
  const points = (share: number): string => `${share >= 0 ? "+" : "−"}${percent(Math.abs(share), language)}`;
  const sure = uplift !== null && uplift.low > 0;
  return (
    <Link to="/journeys/$name/report" params={{ name: of.name }} className="op-num">
      {percent(of.goal_rate, language)}{" "}
      {uplift !== null && (
        <span title={t("journey.list.interval", { low: points(uplift.low), high: points(uplift.high) })} style={{ color: sure ? "var(--op-ok)" : uplift.high < 0 ? "var(--op-bad)" : "var(--op-text-3)" }}>
          {points(uplift.value)}
        </span>
      )}
    </Link>
  );
}

function Actions({ row, taken }: { row: JourneyRow; taken: ReadonlySet<string> }) {
  const { t, title } = useText();
  const { message } = App.useApp();
  const undoable = useUndoable();
  const navigate = useNavigate();
  const words = useErrorText();
  const make = useMakeJourney();
  const drop = useDropJourney();
  const detail = useQuery({ ...journeys.one(row.name), enabled: false });
  const failed = (error: unknown): void => {
    const said = words(error);
    void message.error([said.title, ...said.details].join(": "));
  };
  const clone = async (): Promise<void> => {
    const found = await detail.refetch();
    if (found.data === undefined) return failed(found.error);
    const definition = cloned(found.data.definition, taken, t("journey.list.copyOf"));
    make.mutate(definition, { onSuccess: (made) => void navigate({ to: "/journeys/$name", params: { name: made.name } }), onError: failed });
  };
  // Taken away at once; the toast brings it back as a draft.
  const away = async (): Promise<void> => {
    const found = await detail.refetch();
    if (found.data === undefined) return failed(found.error);
    const { definition } = found.data;
    await undoable(t("common.removed", { name: title(row.title, row.name) }), drop.mutateAsync(row.name), () => make.mutateAsync(definition));
  };
  const gone = row.status === "draft" || row.status === "stopped";
  return (
    <Dropdown
      trigger={["click"]}
      menu={{
        items: [
          { key: "clone", icon: <CopyOutlined />, label: t("journey.list.clone") },
          { key: "drop", icon: <DeleteOutlined />, label: t("journey.list.drop"), danger: true, disabled: !gone },
        ],
        onClick: ({ key }) => {
          if (key === "clone") void clone();
          else
            void away();
        },
      }}
    >
      <Button type="text" size="small" icon={<EllipsisOutlined />} aria-label={t("journey.list.actions", { name: row.name })} data-testid={`actions-${row.name}`} />
    </Dropdown>
  );
}

/** All journeys: what each is doing, how many are in it, what it brings, what is wrong. */
export function Journeys() {
  const { t, title, language } = useText();
  const { q = "", status, folder, waiting } = useSearch({ from: "/shell/journeys" });
  const navigate = useNavigate({ from: "/journeys" });
  const may = useMay("journeys.write");
  const query = useQuery({ ...journeys.list(), refetchInterval: 20_000 });
  const brought = useQuery(journeys.brought()).data;
  const put = (next: { q?: string; status?: Status; folder?: string; waiting?: 1 }): void => void navigate({ search: (before) => ({ ...before, ...next }), replace: true });
  const fresh = (
    <Button type="primary" icon={<PlusOutlined />} onClick={() => void navigate({ to: "/journeys/new" })} data-testid="journey-new">
      {t("journey.list.new")}
    </Button>
  );
  return (
    <>
      <PageHead title={t("nav.journeys")} sub={t("journey.list.sub")} actions={may && fresh} />
      <Loaded query={query} rows={8}>
        {({ items }) => {
          const folders = [...new Set(items.flatMap((one) => one.folder ?? []))].sort((a, b) => sideOf(a, language).localeCompare(sideOf(b, language), language === "en" ? "en" : "zh"));
          const taken = new Set(items.map((one) => one.name));
          const wanted = q.trim().toLowerCase();
          const shown = items.filter(
            (one) =>
              (wanted === "" || `${one.name} ${one.title.zh} ${one.title.en} ${one.folder ?? ""}`.toLowerCase().includes(wanted)) &&
              (status === undefined || one.status === status) &&
              (folder === undefined || one.folder === folder) &&
              (waiting === undefined || one.approval?.status === "asked"),
          );
          if (items.length === 0) return <Nothing title={t("journey.list.none")} text={t("journey.list.noneText")} actions={may && fresh} />;
          return (
            <section className="op-panel" style={{ padding: 12 }}>
              <div className="op-toolbar" data-search>
                <Input.Search allowClear style={{ width: 240 }} aria-label={t("journey.list.search")} placeholder={t("journey.list.search")} value={q} onChange={(event) => put({ q: event.target.value === "" ? undefined : event.target.value })} data-testid="journeys-search" />
                <Select<Status> allowClear style={{ width: 150 }} aria-label={t("journey.list.status")} placeholder={t("journey.list.status")} value={status} options={STATUSES.map((one) => ({ value: one, label: t(`journey.status.${one}`) }))} onChange={(next?: Status) => put({ status: next })} />
                {folders.length > 0 && <Select allowClear style={{ width: 160 }} aria-label={t("journey.folder")} placeholder={t("journey.folder")} value={folder} options={folders.map((one) => ({ value: one, label: sideOf(one, language) }))} onChange={(next?: string) => put({ folder: next })} />}
                <Checkbox checked={waiting === 1} onChange={(event) => put({ waiting: event.target.checked ? 1 : undefined })}>
                  {t("journey.list.waiting")}
                </Checkbox>
              </div>
              <Table<JourneyRow>
                size="middle"
                rowKey="name"
                dataSource={shown}
                data-testid="journeys-table"
                locale={{ emptyText: t("journey.list.nothingFound") }}
                pagination={shown.length > 30 ? { pageSize: 30, showSizeChanger: false } : false}
                scroll={{ x: 980 }}
                columns={[
                  {
                    title: t("journey.list.name"),
                    sorter: (a, b) => title(a.title, a.name).localeCompare(title(b.title, b.name), language === "en" ? "en" : "zh"),
                    render: (_, row) => (
                      <>
                        <Link to="/journeys/$name" params={{ name: row.name }} data-testid={`journey-${row.name}`}>
                          {title(row.title, row.name)}
                        </Link>
                        <div className="op-mute" style={{ fontSize: 12.5 }}>
                          {row.entry !== null && t(`journey.entries.${row.entry as "did"}`)}
                          {row.folder !== null && ` · ${sideOf(row.folder, language)}`}
                        </div>
                      </>
                    ),
                  },
                  {
                    title: t("journey.list.status"),
                    sorter: (a, b) => STATUSES.indexOf(a.status) - STATUSES.indexOf(b.status),
                    render: (_, row) => (
                      <>
                        <JourneyState of={row} />
                        <div className="op-mute" style={{ fontSize: 12.5 }}>
                          {row.version !== null && t("journey.version", { version: row.version })}
                          {row.version !== null && row.draft !== null && " · "}
                          {row.draft !== null && row.version !== null && t("journey.list.changed")}
                        </div>
                      </>
                    ),
                  },
                  {
                    title: t("journey.list.live"),
                    align: "right",
                    sorter: (a, b) => a.live_runs - b.live_runs,
                    render: (_, row) => (
                      <Link to="/journeys/$name/runs" params={{ name: row.name }} search={{ state: "live" }}>
                        <Exact value={row.live_runs} />
                      </Link>
                    ),
                  },
                  { title: t("journey.list.entered"), align: "right", sorter: (a, b) => a.entered - b.entered, render: (_, row) => <Exact value={row.entered} /> },
                  { title: t("journey.list.goal"), align: "right", sorter: (a, b) => (brought?.get(a.name)?.goal_rate ?? -1) - (brought?.get(b.name)?.goal_rate ?? -1), render: (_, row) => <Goal of={brought?.get(row.name)} /> },
                  {
                    title: t("journey.list.health"),
                    render: (_, row) => (
                      <>
                        {row.last_error !== null ? (
                          <span title={row.last_error.text}>
                            <Mark kind="error">{row.last_error.text.length > 40 ? `${row.last_error.text.slice(0, 40)}…` : row.last_error.text}</Mark>
                          </span>
                        ) : row.draft !== null && row.draft.problems > 0 ? (
                          <Mark kind="warning">{t("journey.list.faults", { count: row.draft.problems })}</Mark>
                        ) : (
                          row.held_back === 0 && row.underway === null && <Mark kind="ok">{t("journey.list.fine")}</Mark>
                        )}
                        <div>
                          <JourneyWaits of={row} />
                        </div>
                        <div>
                          <ApprovalState of={row} />
                        </div>
                      </>
                    ),
                  },
                  {
                    title: t("journey.list.changedAt"),
                    sorter: (a, b) => a.changed_at.localeCompare(b.changed_at),
                    defaultSortOrder: "descend",
                    render: (_, row) => (
                      <>
                        <Time at={row.changed_at} show="relative" />
                        <div className="op-mute" style={{ fontSize: 12.5 }}>
                          {author(row.author)}
                        </div>
                      </>
                    ),
                  },
                  ...(may ? [{ title: <span className="op-visually-hidden">{t("journey.list.more")}</span>, width: 48, render: (_: unknown, row: JourneyRow) => <Actions row={row} taken={taken} /> }] : []),
                ]}
              />
            </section>
          );
        }}
      </Loaded>
    </>
  );
}

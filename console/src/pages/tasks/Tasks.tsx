import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { App, Button, Input, Select, Space, Table } from "antd";
import { useState } from "react";
import { reach, type Task, useTaskAct } from "@/api/reach";
import { dateTime } from "@/lib/format";
import { useMay, useZone } from "@/lib/session";
import { useTitles } from "@/lib/titles";
import { useText } from "@/lib/useText";
import { CustomerName } from "@/parts/CustomerName";
import { Dash, Exact, Time } from "@/parts/Figures";
import { Loaded, Nothing, useErrorText } from "@/parts/Loaded";
import { PageHead } from "@/parts/PageHead";
import { Status, type StatusKind } from "@/parts/Status";

const KINDS: Record<Task["status"], StatusKind> = { open: "idle", done: "ok", expired: "warning", cancelled: "info" };
const NOBODY = "-"; // in the URL, where an empty text is none
const STATUSES = Object.keys(KINDS) as Task["status"][];

/** What can be done about a task: say that it is done, remind, ask the platform, give it to somebody else. */
function Acts({ task }: { task: Task }) {
  const { t } = useText();
  const { message } = App.useApp();
  const errorText = useErrorText();
  const act = useTaskAct();
  const zone = useZone();
  const [staff, setStaff] = useState<string>();
  const run = (what: "done" | "remind" | "reassign" | "ask"): void =>
    act.mutate(
      { id: task.id, act: what, staff },
      {
        onSuccess: () => {
          setStaff(undefined);
          void message.success(t(`reach.tasks.said.${what}`));
        },
        onError: (error) => {
          const text = errorText(error);
          void message.error([text.title, ...text.details].join(" "));
        },
      },
    );
  const busy = (what: "done" | "remind" | "reassign" | "ask"): boolean => act.isPending && act.variables.act === what;
  if (task.status !== "open") return <Dash />;
  if (staff !== undefined) {
    return (
      <Space.Compact>
        <Input style={{ width: 140 }} aria-label={t("reach.staff")} placeholder={t("reach.staff")} value={staff} onChange={(event) => setStaff(event.target.value)} onPressEnter={() => run("reassign")} />
        <Button disabled={staff.trim() === ""} loading={busy("reassign")} onClick={() => run("reassign")}>
          {t("reach.tasks.give")}
        </Button>
        <Button onClick={() => setStaff(undefined)}>{t("reach.tasks.leave")}</Button>
      </Space.Compact>
    );
  }
  return (
    <Space>
      {task.kind === "task" && (
        <Button size="small" loading={busy("done")} onClick={() => run("done")}>
          {t("reach.tasks.done")}
        </Button>
      )}
      <Button size="small" disabled={task.reminders_left === 0 || task.staff_id === ""} loading={busy("remind")} title={t("reach.tasks.left", { count: task.reminders_left })} onClick={() => run("remind")}>
        {t("reach.tasks.remind")}
      </Button>
      {task.asked_at !== null && (
        <Button size="small" loading={busy("ask")} title={t("reach.tasks.askedAt", { at: dateTime(task.asked_at, zone) })} onClick={() => run("ask")} data-testid="task-ask">
          {t("reach.tasks.ask")}
        </Button>
      )}
      {task.kind === "task" && (
        <Button size="small" onClick={() => setStaff("")}>
          {t(task.staff_id === "" ? "reach.tasks.assign" : "reach.tasks.reassign")}
        </Button>
      )}
    </Space>
  );
}

/** The customer of a task; of one that is confirmed for many, how many they are and how many of them are still open. */
function Whom({ task }: { task: Task }) {
  const { t } = useText();
  if (task.customers < 2) return <CustomerName id={task.customer_id} name={task.name} />;
  return (
    <div>
      {t("reach.tasks.customers", { n: task.customers })}
      {task.open > 0 && task.open < task.customers && <div className="op-mute">{t("reach.tasks.openOf", { n: task.open })}</div>}
    </div>
  );
}

/** Who a task of many is for, each with what came of it. */
function Members({ task, status }: { task: Task; status: Task["status"] }) {
  const { t } = useText();
  const query = useQuery(reach.tasksOf(task.id));
  return (
    <Loaded query={query} rows={2}>
      {(data) => (
        <Space wrap size={[16, 4]} data-testid="task-customers">
          {data.items.map((one) => (
            <span key={one.id}>
              <CustomerName id={one.customer_id} name={one.name} /> {one.status !== status && <span className="op-mute">{t(`reach.tasks.status.${one.status}`)}</span>}
            </span>
          ))}
          {data.next !== null && <span className="op-mute">{t("reach.tasks.andMore", { n: task.customers - data.items.length })}</span>}
        </Space>
      )}
    </Loaded>
  );
}

/** What associates have to confirm or to do. */
export function Tasks() {
  const { t } = useText();
  const titles = useTitles();
  const may = useMay("tasks.write");
  const { status = "open", staff } = useSearch({ from: "/shell/tasks" });
  const navigate = useNavigate({ from: "/tasks" });
  const query = useQuery({ ...reach.tasks(status, staff === NOBODY ? "" : staff), refetchInterval: 30_000 });
  return (
    <>
      <PageHead title={t("nav.tasks")} sub={t("reach.tasks.sub")} />
      <div className="op-stack">
        <div className="op-row">
          <Select<Task["status"]>
            style={{ width: 150 }}
            aria-label={t("reach.state")}
            value={status}
            onChange={(value) => void navigate({ search: (before) => ({ ...before, status: value }), replace: true })}
            options={STATUSES.map((value) => ({ value, label: t(`reach.tasks.status.${value}`) }))}
          />
          <Select<string>
            allowClear
            showSearch
            style={{ width: 220 }}
            aria-label={t("reach.staff")}
            placeholder={t("reach.staff")}
            value={staff}
            onChange={(value?: string) => void navigate({ search: (before) => ({ ...before, staff: value }), replace: true })}
            options={(query.data?.staff ?? []).map((one) => ({ value: one.staff_id || NOBODY, label: t("reach.tasks.of", { who: one.staff_id || t("reach.tasks.nobody"), n: one.open }) }))}
          />
        </div>
        <Loaded query={query} rows={6}>
          {(data) => (
            <Table<Task>
              size="middle"
              rowKey={(one) => `${one.kind} ${one.id}`}
              data-testid="tasks"
              scroll={{ x: 1000 }}
              expandable={{ rowExpandable: (one) => one.customers > 1, expandedRowRender: (one) => <Members task={one} status={status} />, showExpandColumn: data.items.some((one) => one.customers > 1) }}
              dataSource={data.items}
              pagination={data.items.length > 50 ? { pageSize: 50 } : false}
              locale={{ emptyText: <Nothing title={t("reach.tasks.none")} text={t("reach.tasks.noneText")} /> }}
              columns={[
                {
                  title: t("reach.tasks.task"),
                  width: "30%",
                  render: (_, one) => (
                    <div>
                      <strong title={one.title}>{one.kind === "message" ? titles.message(one.title) : one.title}</strong>
                      <div className="op-mute">{one.body}</div>
                    </div>
                  ),
                },
                { title: t("customers.columns.customer"), width: 130, render: (_, one) => <Whom task={one} /> },
                { title: t("reach.staff"), render: (_, one) => (one.staff_id === "" ? <span className="op-mute">{t("reach.tasks.nobody")}</span> : one.staff_id) },
                {
                  title: t("reach.sender"),
                  width: 140,
                  render: (_, one) =>
                    one.broadcast === null ? (
                      <Link to="/journeys/$name" params={{ name: one.journey }} title={one.journey}>
                        {titles.journey(one.journey)}
                      </Link>
                    ) : (
                      <Link to="/broadcasts/$name" params={{ name: one.broadcast }}>
                        {one.broadcast}
                      </Link>
                    ),
                },
                { title: t("reach.state"), className: "op-nowrap", render: (_, one) => <Status kind={KINDS[one.status]}>{t(`reach.tasks.status.${one.status}`)}</Status> },
                { title: t("reach.times.deadline"), align: "right", className: "op-nowrap", render: (_, one) => (one.due === null ? <Dash /> : <Time at={one.due} />) },
                { title: t("reach.tasks.reminded"), align: "right", className: "op-nowrap", render: (_, one) => <Exact value={one.reminded} /> },
                ...(may ? [{ title: t("reach.tasks.acts"), render: (_: unknown, one: Task) => <Acts task={one} /> }] : []),
              ]}
            />
          )}
        </Loaded>
      </div>
    </>
  );
}

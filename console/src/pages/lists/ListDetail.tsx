import { DeleteOutlined, TeamOutlined, UploadOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { App, Button, Table, Tabs } from "antd";
import { lazy, Suspense, useState } from "react";
import { type ListDetail as Detail, lists, useDeleteList } from "@/api/lists";
import { useNow } from "@/lib/now";
import { useMay } from "@/lib/session";
import { author } from "@/lib/title";
import { useText } from "@/lib/useText";
import { CustomerName } from "@/parts/CustomerName";
import { Dash, Exact, Figure, Figures, Time } from "@/parts/Figures";
import { Loaded, Nothing, useErrorText } from "@/parts/Loaded";
import { PageHead, Panel } from "@/parts/PageHead";
import { UsedBy } from "@/parts/UsedBy";

const Upload = lazy(() => import("./Upload").then((part) => ({ default: part.Upload })));
const TypedConfirm = lazy(() => import("@/pages/touchpoints/TypedConfirm").then((part) => ({ default: part.TypedConfirm })));

const SIZE = 20;

function usePaging(total: number): { current: number; pageSize: number; total: number; showSizeChanger: false; onChange: (page: number) => void } | false {
  const { page = 1 } = useSearch({ from: "/shell/lists/$name" });
  const navigate = useNavigate({ from: "/lists/$name" });
  return total > SIZE && { current: page, pageSize: SIZE, total, showSizeChanger: false, onChange: (next) => void navigate({ search: (before) => ({ ...before, page: next }) }) };
}

function MemberTable({ data }: { data: { items: { customer_id: number; name: string | null; phone: string | null; since: string; last_seen: string | null }[]; total: number } }) {
  const { t } = useText();
  return (
    <Table
      size="middle"
      rowKey="customer_id"
      data-testid="list-members"
      dataSource={data.items}
      pagination={usePaging(data.total)}
      locale={{ emptyText: <Nothing title={t("lists.noMembers")} text={t("lists.noMembersText")} /> }}
      columns={[
        { title: t("customers.columns.customer"), render: (_, row) => <CustomerName id={row.customer_id} name={row.name} /> },
        { title: t("customers.columns.phone"), render: (_, row) => row.phone ?? <Dash /> },
        { title: t("lists.since"), align: "right", render: (_, row) => <Time at={row.since} /> },
        { title: t("customers.columns.last_seen"), align: "right", render: (_, row) => <Time at={row.last_seen} /> },
      ]}
    />
  );
}

function Members({ name, again }: { name: string; again: number | false }) {
  const { page = 1 } = useSearch({ from: "/shell/lists/$name" });
  const members = useQuery({ ...lists.members(name, page, SIZE), refetchInterval: again });
  return <Loaded query={members}>{(data) => <MemberTable data={data} />}</Loaded>;
}

function UnmatchedTable({ data, entries }: { entries: number; data: { items: { type: string; scope: string; value: string; since: string }[]; total: number } }) {
  const { t } = useText();
  return (
    <>
      <p className="op-mute" style={{ marginBottom: 8 }}>
        {t("lists.unmatchedText")}
      </p>
      <Table
        size="middle"
        rowKey={(row) => `${row.type} ${row.scope} ${row.value} ${row.since}`}
        data-testid="list-unmatched"
        dataSource={data.items}
        pagination={usePaging(data.total)}
        locale={{ emptyText: <Nothing title={t(entries === 0 ? "lists.noMembers" : "lists.allMatched")} /> }}
        columns={[
          { title: t("lists.type"), render: (_, row) => <span className="op-code">{row.scope === "" ? row.type : `${row.type}@${row.scope}`}</span> },
          { title: t("lists.value"), dataIndex: "value" },
          { title: t("lists.since"), align: "right", render: (_, row) => <Time at={row.since} /> },
        ]}
      />
    </>
  );
}

function Unmatched({ name, entries, again }: { name: string; entries: number; again: number | false }) {
  const { page = 1 } = useSearch({ from: "/shell/lists/$name" });
  const found = useQuery({ ...lists.unmatched(name, page, SIZE), refetchInterval: again });
  return <Loaded query={found}>{(data) => <UnmatchedTable data={data} entries={entries} />}</Loaded>;
}

function PastTable({ data }: { data: { items: { customer_id: number; name: string | null; phone: string | null; since: string; until: string }[]; total: number } }) {
  const { t } = useText();
  return (
    <>
      <p className="op-mute" style={{ marginBottom: 8 }}>
        {t("lists.pastText")}
      </p>
      <Table
        size="middle"
        rowKey="customer_id"
        data-testid="list-past"
        dataSource={data.items}
        pagination={usePaging(data.total)}
        locale={{ emptyText: <Nothing title={t("lists.noPast")} /> }}
        columns={[
          { title: t("customers.columns.customer"), render: (_, row) => <CustomerName id={row.customer_id} name={row.name} /> },
          { title: t("customers.columns.phone"), render: (_, row) => row.phone ?? <Dash /> },
          { title: t("lists.pastFrom"), align: "right", render: (_, row) => <Time at={row.since} /> },
          { title: t("lists.pastUntil"), align: "right", render: (_, row) => <Time at={row.until} /> },
        ]}
      />
    </>
  );
}

/** Who was on the list and is no more, from when until when. */
function Past({ name, again }: { name: string; again: number | false }) {
  const { page = 1 } = useSearch({ from: "/shell/lists/$name" });
  const found = useQuery({ ...lists.past(name, page, SIZE), refetchInterval: again });
  return <Loaded query={found}>{(data) => <PastTable data={data} />}</Loaded>;
}

function Changes({ rows }: { rows: Detail["changes"] }) {
  const { t } = useText();
  return (
    <Table
      size="middle"
      rowKey={(row) => `${row.at} ${row.mode}`}
      data-testid="list-changes"
      dataSource={rows}
      pagination={false}
      locale={{ emptyText: <Nothing title={t("lists.noChanges")} /> }}
      columns={[
        { title: t("lists.at"), render: (_, row) => <Time at={row.at} /> },
        { title: t("lists.mode"), render: (_, row) => t(`lists.modes.${row.mode}`) },
        { title: t("lists.source"), dataIndex: "source" },
        { title: t("versions.author"), render: (_, row) => author(row.author) },
        { title: t("lists.figures.read"), align: "right", render: (_, row) => <Exact value={row.read} /> },
        { title: t("lists.figures.entries"), align: "right", render: (_, row) => <Exact value={row.entries} /> },
        { title: t("lists.figures.duplicates"), align: "right", render: (_, row) => <Exact value={row.duplicates} /> },
        { title: t("lists.figures.refused"), align: "right", render: (_, row) => <Exact value={row.refused} /> },
      ]}
    />
  );
}

function Remove({ list }: { list: Detail }) {
  const { t, title } = useText();
  const { message } = App.useApp();
  const navigate = useNavigate();
  const errorText = useErrorText();
  const remove = useDeleteList();
  const [asked, setAsked] = useState(false);
  const used = list.used_by.length > 0;
  const act = (): void =>
    remove.mutate(list.name, {
      onSuccess: () => void navigate({ to: "/lists" }),
      onError: (error) => {
        const text = errorText(error);
        void message.error([text.title, ...text.details].join(" "));
      },
    });
  return (
    <>
      <Button icon={<DeleteOutlined />} disabled={used} aria-label={t("lists.remove")} title={t(used ? "lists.inUse" : "lists.remove")} onClick={() => setAsked(true)} data-testid="list-remove" />
      {asked && (
        <Suspense>
          <TypedConfirm title={t("lists.removeTitle", { name: title(list.title, list.name) })} text={t("lists.removeText")} name={list.name} act={t("lists.remove")} busy={remove.isPending} onConfirm={act} onClose={() => setAsked(false)} />
        </Suspense>
      )}
    </>
  );
}

const TABS = ["members", "unmatched", "past", "changes"] as const;

function Content({ list, again }: { list: Detail; again: number | false }) {
  const { t, title } = useText();
  const may = useMay("segments.write");
  const seesCustomers = useMay("customers.read");
  const { tab = "members", act } = useSearch({ from: "/shell/lists/$name" });
  const navigate = useNavigate({ from: "/lists/$name" });
  const name = title(list.title, list.name);
  return (
    <>
      <PageHead
        crumb={<Link to="/lists">{t("nav.lists")}</Link>}
        title={name}
        sub={
          <>
            <span className="op-code">{list.name}</span> · {t(`lists.kinds.${list.kind}`)}
            {list.description !== "" && ` · ${list.description}`}
          </>
        }
        actions={
          may && (
            <>
              <Remove list={list} />
              <Button icon={<TeamOutlined />} onClick={() => void navigate({ to: "/segments/new", search: { condition: { list: list.name }, title: name.slice(0, 60) } })} data-testid="list-use">
                {t("lists.use")}
              </Button>
              {list.kind === "upload" && (
                <Button type="primary" icon={<UploadOutlined />} onClick={() => void navigate({ search: (before) => ({ ...before, act: "upload" }) })} data-testid="list-upload">
                  {t("lists.upload")}
                </Button>
              )}
            </>
          )
        }
      />
      <div className="op-stack">
        <Figures label={t("lists.figuresOf")}>
          <Figure label={t("lists.customers")}>
            <Exact value={list.size} testId="list-size" />
          </Figure>
          <Figure label={t("lists.entries")}>
            <Exact value={list.entries} testId="list-entries" />
          </Figure>
          <Figure label={t("lists.unmatched")} note={t("lists.unmatchedNote")}>
            <Exact value={list.unmatched} testId="list-unmatched-count" />
          </Figure>
          <Figure small label={t("segments.changed")} note={author(list.author)}>
            <Time at={list.changed_at} show="relative" />
          </Figure>
        </Figures>
        <div className="op-two">
          <section className="op-panel" aria-label={name} style={{ padding: "4px 16px 16px" }}>
            <Tabs
              activeKey={tab}
              destroyOnHidden
              onChange={(next) => void navigate({ search: { tab: next === "members" ? undefined : TABS.find((one) => one === next) }, replace: true })}
              items={[
                ...(seesCustomers
                  ? [
                      { key: "members", label: t("lists.tabs.members"), children: <Members name={list.name} again={again} /> },
                      { key: "past", label: t("lists.tabs.past"), children: <Past name={list.name} again={again} /> },
                      { key: "unmatched", label: t("lists.tabs.unmatched"), children: <Unmatched name={list.name} entries={list.entries} again={again} /> },
                    ]
                  : []),
                { key: "changes", label: t("lists.tabs.changes"), children: <Changes rows={list.changes} /> },
              ]}
            />
          </section>
          <Panel title={t("segments.usedBy")}>
            <UsedBy names={list.used_by} none={t("lists.unused")} />
          </Panel>
        </div>
      </div>
      {act === "upload" && (
        <Suspense>
          <Upload list={list} onClose={() => void navigate({ search: (before) => ({ ...before, act: undefined }) })} />
        </Suspense>
      )}
    </>
  );
}

/** Entries are taken in by the next tick: so long after a change the figures are asked for again. */
const SETTLING_MS = 30_000;
const AGAIN_MS = 2_000;

/** One list: who is on it, which entries nobody is known by, what was uploaded when. */
export function ListDetail() {
  const { name } = useParams({ from: "/shell/lists/$name" });
  const now = useNow().getTime();
  const settling = (data: Detail | undefined): number | false => {
    const at = data?.changes.reduce((latest, one) => Math.max(latest, Date.parse(one.at)), 0) ?? 0;
    return now - at < SETTLING_MS ? AGAIN_MS : false;
  };
  const list = useQuery({ ...lists.one(name), refetchInterval: (query) => settling(query.state.data) });
  return (
    <Loaded query={list} rows={10}>
      {(data) => <Content key={data.name} list={data} again={settling(data)} />}
    </Loaded>
  );
}

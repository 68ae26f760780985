import { ToolOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Button, Select, Table } from "antd";
import { useState } from "react";
import { queries, type Quarantine as Data, type QuarantineItem, type ReplayResult } from "@/api/queries";
import { exact } from "@/lib/format";
import { usePlaces } from "@/lib/places";
import { said } from "@/lib/said";
import { useMay } from "@/lib/session";
import { useText } from "@/lib/useText";
import { Dash, Exact, Time } from "@/parts/Figures";
import { Loaded, Nothing } from "@/parts/Loaded";
import { PageHead, Panel } from "@/parts/PageHead";
import { ReplayButton, ReplayOutcome } from "./Replay";
import { mendable, useRuleWords, useTodo } from "./rules";
import { Sample } from "./Sample";

type Reason = Data["by_rule"][number];

interface Chosen {
  rule?: string;
  field?: string;
  touchpoint?: string;
}

function useChosen() {
  const search = useSearch({ from: "/shell/quarantine" });
  const navigate = useNavigate({ from: "/quarantine" });
  // Another filter begins at its first page.
  return { search, put: (change: Chosen) => void navigate({ search: (before) => ({ ...before, ...change, page: undefined }) }) };
}

function Filters({ reasons }: { reasons: Reason[] }) {
  const { t } = useText();
  const words = useRuleWords();
  const places = usePlaces();
  const { search, put } = useChosen();
  const distinct = (values: (string | null)[]): string[] => [...new Set(values.flatMap((one) => (one ? [one] : [])))].sort();
  return (
    <div className="op-row">
      <Select allowClear showSearch={{ optionFilterProp: "label" }} style={{ width: 260 }} aria-label={t("quarantine.rule")} placeholder={t("quarantine.anyRule")} value={search.rule} onChange={(rule?: string) => put({ rule, field: undefined })} options={distinct(reasons.map((one) => one.rule)).map((rule) => ({ value: rule, label: `${words(rule)} ${rule}` }))} data-testid="filter-rule" />
      <Select allowClear showSearch style={{ width: 180 }} aria-label={t("quarantine.field")} placeholder={t("quarantine.anyField")} value={search.field} onChange={(field?: string) => put({ field })} options={distinct(reasons.filter((one) => search.rule === undefined || one.rule === search.rule).map((one) => one.field)).map((field) => ({ value: field, label: field }))} />
      <Select allowClear showSearch={{ optionFilterProp: "label" }} style={{ width: 220 }} aria-label={t("home.touchpoint")} placeholder={t("quarantine.anyTouchpoint")} value={search.touchpoint} onChange={(touchpoint?: string) => put({ touchpoint })} options={distinct(reasons.map((one) => one.touchpoint)).map((name) => ({ value: name, label: places.touchpoint(name) }))} data-testid="filter-touchpoint" />
    </div>
  );
}

function ByReason({ reasons, onReplayed }: { reasons: Reason[]; onReplayed: (result: ReplayResult) => void }) {
  const { t } = useText();
  const words = useRuleWords();
  const places = usePlaces();
  const may = useMay("quarantine.replay");
  const { search, put } = useChosen();
  const isChosen = (row: Reason): boolean => row.rule === search.rule && (row.field || undefined) === search.field && (row.touchpoint ?? undefined) === search.touchpoint;
  const wanted = reasons.filter((row) => (search.rule ?? row.rule) === row.rule && (search.touchpoint ?? row.touchpoint) === row.touchpoint && (search.field ?? row.field) === row.field);
  return (
    <Panel title={t("quarantine.byRule")} flush>
      <Table<Reason>
        size="middle"
        rowKey={(row) => `${row.rule} ${row.field ?? ""} ${row.touchpoint ?? ""}`}
        data-testid="quarantine-rules"
        dataSource={wanted}
        pagination={wanted.length > 8 ? { pageSize: 8, showSizeChanger: false, style: { padding: "0 16px" } } : false}
        columns={[
          {
            title: t("quarantine.rule"),
            render: (_, row) => (
              <Button type="link" size="small" style={{ padding: 0, fontWeight: isChosen(row) ? 650 : 400 }} aria-pressed={isChosen(row)} onClick={() => put(isChosen(row) ? { rule: undefined, field: undefined, touchpoint: undefined } : { rule: row.rule, field: row.field || undefined, touchpoint: row.touchpoint ?? undefined })}>
                {words(row.rule)} <span className="op-mute op-code">{row.rule}</span>
              </Button>
            ),
          },
          { title: t("quarantine.field"), render: (_, row) => (!row.field ? <Dash /> : <code className="op-code">{row.field}</code>) },
          {
            title: t("home.touchpoint"),
            render: (_, row) =>
              row.touchpoint === null ? (
                <Dash />
              ) : (
                <Link to="/touchpoints/$name" params={{ name: row.touchpoint }}>
                  {places.touchpoint(row.touchpoint)}
                </Link>
              ),
          },
          { title: t("quarantine.count"), align: "right", defaultSortOrder: "descend", sorter: (a, b) => a.count - b.count, render: (_, row) => <Exact value={row.count} /> },
          {
            title: <span className="op-visually-hidden">{t("touchpoints.actions")}</span>,
            align: "right",
            render: (_, row) => may && <ReplayButton size="small" what={{ rule: row.rule, field: row.field, touchpoint: row.touchpoint, ids: [] }} count={row.count} label={t("quarantine.replayRule")} testId="replay-rule" onDone={onReplayed} />,
          },
        ]}
      />
    </Panel>
  );
}

/** What to do about the chosen reason: in words, with the way to the mapping where that mends it. */
function Todo({ rule, sample }: { rule: string; sample: QuarantineItem | undefined }) {
  const { t } = useText();
  const words = useRuleWords();
  const todo = useTodo();
  return (
    <div className="op-sentence" style={{ background: "var(--op-panel)" }} data-testid="quarantine-todo">
      <strong>{words(rule)}</strong> {todo(rule)}
      {sample?.touchpoint != null && mendable(rule) && (
        <Link style={{ display: "block", width: "fit-content", marginTop: 4 }} to="/touchpoints/$name" params={{ name: sample.touchpoint }} search={{ tab: "mapping", sample: sample.id }} data-testid="quarantine-mend">
          <ToolOutlined aria-hidden /> {t("quarantine.mend")}
        </Link>
      )}
    </div>
  );
}

/** What a refused thing would have been: its event in words, or its kind. */
function What({ kind, name }: { kind: QuarantineItem["kind"]; name: QuarantineItem["name"] }) {
  const { t, title } = useText();
  const standard = useQuery(queries.standard()).data;
  if (!kind && !name) return <Dash />;
  const event = standard?.events.find((one) => one.name === name);
  const words = [...(kind && kind !== "event" ? [t(`touchpoints.kinds.${kind}`, { defaultValue: kind })] : []), ...(event === undefined ? [] : [title(event.title, event.name)])];
  return (
    <>
      {words.join(" · ")} {!!name && <span className="op-mute op-code">{name}</span>}
    </>
  );
}

function Items({ data, page, size, loading, onReplayed }: { data: Data; page: number; size: number; loading: boolean; onReplayed: (result: ReplayResult) => void }) {
  const { t, language } = useText();
  const words = useRuleWords();
  const places = usePlaces();
  const navigate = useNavigate({ from: "/quarantine" });
  const may = useMay("quarantine.replay");
  const [selected, setSelected] = useState<string[]>([]);
  return (
    <Panel
      title={t("quarantine.items")}
      flush
      extra={
        may && (
          <ReplayButton
            what={{ ids: selected, rule: null, field: null, touchpoint: null }}
            count={selected.length}
            disabled={selected.length === 0}
            label={t("quarantine.replaySelected", { count: selected.length })}
            testId="replay-selected"
            onDone={(result) => {
              setSelected([]);
              onReplayed(result);
            }}
          />
        )
      }
    >
      <Table<QuarantineItem>
        size="middle"
        rowKey="id"
        data-testid="quarantine-items"
        dataSource={data.items}
        loading={loading}
        rowSelection={may ? { selectedRowKeys: selected, onChange: (keys) => setSelected(keys.map(String)), getCheckboxProps: (row) => ({ "aria-label": t("quarantine.select", { id: row.id }) }) } : undefined}
        pagination={data.total > size ? { current: page, pageSize: size, total: data.total, showSizeChanger: false, onChange: (next) => void navigate({ search: (before) => ({ ...before, page: next }) }), style: { padding: "0 16px" } } : false}
        expandable={{ expandedRowRender: (row) => <Sample id={row.id} /> }}
        columns={[
          { title: t("quarantine.received"), width: 150, render: (_, row) => <Time at={row.received_at} /> },
          { title: t("home.touchpoint"), width: 130, render: (_, row) => (row.touchpoint === null ? <Dash /> : places.touchpoint(row.touchpoint)) },
          { title: t("quarantine.what"), render: (_, row) => <What kind={row.kind} name={row.name} /> },
          {
            title: t("quarantine.why"),
            render: (_, row) => (
              <span>
                {words(row.rule)} {!!row.field && <code className="op-code">{row.field}</code>}
                <span className="op-mute" style={{ display: "block", fontSize: 13, maxWidth: 460, overflowWrap: "anywhere" }}>
                  {said(row.message, language)}
                </span>
                {row.file !== null && (
                  <span className="op-mute" style={{ display: "block", fontSize: 13 }} data-testid="quarantine-place">
                    {t("quarantine.place", { file: row.file, row: row.row })}
                  </span>
                )}
              </span>
            ),
          },
          { title: t("quarantine.attempts"), align: "right", width: 90, render: (_, row) => <span className="op-num">{row.attempts}</span> },
          {
            title: <span className="op-visually-hidden">{t("touchpoints.actions")}</span>,
            align: "right",
            width: 110,
            render: (_, row) =>
              row.touchpoint !== null &&
              mendable(row.rule) && (
                <Link to="/touchpoints/$name" params={{ name: row.touchpoint }} search={{ tab: "mapping", sample: row.id }}>
                  {t("quarantine.mendShort")}
                </Link>
              ),
          },
        ]}
      />
    </Panel>
  );
}

export function Quarantine() {
  const { t, language } = useText();
  const { search } = useChosen();
  const page = search.page ?? 1;
  const size = 20;
  const { rule, field, touchpoint } = search;
  const list = useQuery({ ...queries.quarantine({ rule, field, touchpoint, page, size }), refetchInterval: 15_000 });
  const [replayed, setReplayed] = useState<ReplayResult>();
  return (
    <>
      <PageHead
        title={t("nav.quarantine")}
        sub={list.data === undefined ? t("quarantine.sub") : `${t("quarantine.sub")} ${t("quarantine.open", { count: list.data.total, figure: exact(list.data.total, language) })}`}
      />
      {replayed !== undefined && (
        <div className="op-panel" style={{ padding: "10px 16px", marginBottom: 16 }}>
          <ReplayOutcome key={replayed.offset ?? 0} replay={replayed} />
        </div>
      )}
      <Loaded query={list} rows={10}>
        {(data) =>
          data.total === 0 && data.by_rule.length === 0 ? (
            <section className="op-panel">
              <Nothing title={t("quarantine.none")} text={t("quarantine.noneText")} />
            </section>
          ) : (
            <div className="op-stack">
              <Filters reasons={data.by_rule} />
              <ByReason reasons={data.by_rule} onReplayed={setReplayed} />
              {rule !== undefined && <Todo rule={rule} sample={data.items[0]} />}
              <Items key={`${rule} ${field} ${touchpoint} ${page}`} data={data} page={page} size={size} loading={list.isPlaceholderData} onReplayed={setReplayed} />
            </div>
          )
        }
      </Loaded>
    </>
  );
}

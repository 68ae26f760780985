import { RedoOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { App, Button, Table } from "antd";
import { useState } from "react";
import { queries, type Quarantine as Data, type QuarantineItem, useReplay } from "@/api/queries";
import { exact } from "@/lib/format";
import { useMay } from "@/lib/session";
import { usePlaces } from "@/lib/places";
import { useText } from "@/lib/useText";
import { Dash, Exact, Time } from "@/parts/Figures";
import { Loaded, Nothing, useErrorText } from "@/parts/Loaded";
import { PageHead, Panel } from "@/parts/PageHead";
import { Sample } from "./Sample";

type Rule = Data["by_rule"][number];

/** The words for a rule of the data standard: by its family (`type.money` -> type) where it has one. */
export function useRuleWords(): (rule: string) => string {
  const { t } = useText();
  return (rule) => t(`quarantine.rules.${rule.replaceAll(".", "_") as "missing"}`, { defaultValue: t(`quarantine.rules.${(rule.split(".")[0] ?? rule) as "missing"}`, { defaultValue: rule }) });
}

function useAgain(): { again: (what: Parameters<ReturnType<typeof useReplay>["mutate"]>[0]) => void; busy: boolean } {
  const { t, language } = useText();
  const { message } = App.useApp();
  const replay = useReplay();
  const errorText = useErrorText();
  return {
    busy: replay.isPending,
    again: (what) =>
      replay.mutate(what, {
        onSuccess: (result) => void message.success(t("quarantine.replayed", { count: result.replayed, figure: exact(result.replayed, language) }), 6),
        onError: (error) => {
          const text = errorText(error);
          void message.error([text.title, ...text.details].join(" "), 8);
        },
      }),
  };
}

function ByRule({ rules, chosen }: { rules: Rule[]; chosen: { rule?: string; touchpoint?: string } }) {
  const { t } = useText();
  const words = useRuleWords();
  const places = usePlaces();
  const navigate = useNavigate({ from: "/quarantine" });
  const may = useMay("quarantine.replay");
  const { again, busy } = useAgain();
  const isChosen = (row: Rule): boolean => row.rule === chosen.rule && (row.touchpoint ?? undefined) === chosen.touchpoint;
  return (
    <Panel title={t("quarantine.byRule")} flush>
      <Table<Rule>
        size="middle"
        rowKey={(row) => `${row.rule} ${row.field ?? ""} ${row.touchpoint ?? ""}`}
        data-testid="quarantine-rules"
        dataSource={rules}
        pagination={rules.length > 8 ? { pageSize: 8, showSizeChanger: false } : false}
        columns={[
          {
            title: t("quarantine.rule"),
            render: (_, row) => (
              <Button
                type="link"
                size="small"
                style={{ padding: 0, fontWeight: isChosen(row) ? 650 : 400 }}
                aria-pressed={isChosen(row)}
                onClick={() => void navigate({ search: isChosen(row) ? {} : { rule: row.rule, touchpoint: row.touchpoint ?? undefined } })}
              >
                {words(row.rule)} <span className="op-mute op-code">{row.rule}</span>
              </Button>
            ),
          },
          { title: t("quarantine.field"), render: (_, row) => (row.field === null ? <Dash /> : <code className="op-code">{row.field}</code>) },
          { title: t("home.touchpoint"), render: (_, row) => (row.touchpoint === null ? <Dash /> : places.touchpoint(row.touchpoint)) },
          { title: t("quarantine.count"), align: "right", defaultSortOrder: "descend", sorter: (a, b) => a.count - b.count, render: (_, row) => <Exact value={row.count} /> },
          {
            title: "",
            align: "right",
            render: (_, row) =>
              may && (
                <Button size="small" icon={<RedoOutlined />} loading={busy} onClick={() => again({ rule: row.rule, field: row.field, touchpoint: row.touchpoint, ids: [] })} data-testid="replay-rule">
                  {t("quarantine.replayRule")}
                </Button>
              ),
          },
        ]}
      />
    </Panel>
  );
}

function Items({ data, page, size, loading }: { data: Data; page: number; size: number; loading: boolean }) {
  const { t } = useText();
  const words = useRuleWords();
  const places = usePlaces();
  const navigate = useNavigate({ from: "/quarantine" });
  const may = useMay("quarantine.replay");
  const { again, busy } = useAgain();
  const [selected, setSelected] = useState<string[]>([]);
  return (
    <Panel
      title={t("quarantine.items")}
      flush
      extra={
        may && (
          <Button
            icon={<RedoOutlined />}
            disabled={selected.length === 0}
            loading={busy}
            onClick={() => {
              again({ ids: selected, rule: null, field: null, touchpoint: null });
              setSelected([]);
            }}
            data-testid="replay-selected"
          >
            {t("quarantine.replaySelected", { count: selected.length })}
          </Button>
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
          { title: t("quarantine.received"), render: (_, row) => <Time at={row.received_at} /> },
          { title: t("home.touchpoint"), render: (_, row) => (row.touchpoint === null ? <Dash /> : places.touchpoint(row.touchpoint)) },
          { title: t("quarantine.what"), render: (_, row) => [row.kind, row.name].filter(Boolean).join(" / ") || <Dash /> },
          {
            title: t("quarantine.why"),
            render: (_, row) => (
              <span>
                {words(row.rule)} {row.field !== null && <code className="op-code">{row.field}</code>}
                <span className="op-mute" style={{ display: "block", fontSize: 13, maxWidth: 460, overflowWrap: "anywhere" }}>
                  {row.message}
                </span>
              </span>
            ),
          },
          { title: t("quarantine.attempts"), align: "right", render: (_, row) => <span className="op-num">{row.attempts}</span> },
        ]}
      />
    </Panel>
  );
}

export function Quarantine() {
  const { t, language } = useText();
  const search = useSearch({ from: "/shell/quarantine" });
  const page = search.page ?? 1;
  const size = 20;
  const { rule, touchpoint } = search;
  const list = useQuery({ ...queries.quarantine({ rule, touchpoint, page, size }), refetchInterval: 15_000 });
  return (
    <>
      <PageHead
        title={t("nav.quarantine")}
        sub={list.data === undefined ? t("quarantine.sub") : `${t("quarantine.sub")} ${t("quarantine.open", { count: list.data.total, figure: exact(list.data.total, language) })}`}
      />
      <Loaded query={list} rows={10}>
        {(data) =>
          data.total === 0 && data.by_rule.length === 0 ? (
            <section className="op-panel">
              <Nothing title={t("quarantine.none")} text={t("quarantine.noneText")} />
            </section>
          ) : (
            <div className="op-stack">
              <ByRule rules={data.by_rule} chosen={{ rule, touchpoint }} />
              <Items key={`${rule} ${touchpoint} ${page}`} data={data} page={page} size={size} loading={list.isPlaceholderData} />
            </div>
          )
        }
      </Loaded>
    </>
  );
}

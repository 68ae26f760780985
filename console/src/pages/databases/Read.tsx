import { DeleteOutlined, DownloadOutlined, EditOutlined, PlusOutlined } from "@ant-design/icons";
import { Link } from "@tanstack/react-router";
import { App, Button, Table } from "antd";
import { useState } from "react";
import { changeOf, type Detail, useSaveTouchpoint, useSync } from "@/api/touchpoints";
import { span } from "@/lib/format";
import { useMay } from "@/lib/session";
import { useText } from "@/lib/useText";
import { Dash, Exact, Time } from "@/parts/Figures";
import { Nothing, Problem, useErrorText } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { TestSteps } from "@/pages/touchpoints/connect/TestSteps";
import { StreamStatus } from "@/pages/touchpoints/detail/Streams";
import { TouchpointStatus } from "@/pages/touchpoints/TouchpointStatus";
import { TypedConfirm } from "@/pages/touchpoints/TypedConfirm";
import { useFailure } from "@/pages/touchpoints/words";
import { entriesOf, type Entry, KINDS, listOf, withoutEntry } from "./model";

/** One database: its tables that are read, how often, how it went, and trying the connection. */
export function Read({ touchpoint, onOpen }: { touchpoint: Detail; onOpen: (table?: string) => void }) {
  const { t, title, language } = useText();
  const { message } = App.useApp();
  const may = useMay("touchpoints.write");
  const failure = useFailure();
  const words = useErrorText();
  const sync = useSync(touchpoint.name);
  const save = useSaveTouchpoint();
  const [taking, setTaking] = useState<Entry>();
  const entries = entriesOf(touchpoint.settings);
  const state = (entry: Entry): Detail["streams"][number] | undefined => touchpoint.streams.find((one) => one.name === entry.name);
  // Several tables may be read at once: which, and each one's own end.
  const [busy, setBusy] = useState<ReadonlySet<string>>(new Set());
  const fetch = async (entry: Entry): Promise<void> => {
    setBusy((before) => new Set(before).add(entry.name));
    try {
      const { runs } = await sync.mutateAsync({ stream: entry.name, from_start: false });
      const failed = runs.find((one) => one.error !== "");
      if (failed !== undefined) void message.error(`${entry.table}: ${failure(failed.error)} (${failed.error})`, 8);
      else void message.success(t("tables.fetched", { table: entry.table }), 6);
    } catch (error) {
      const said = words(error);
      void message.error([entry.table, said.title, ...said.details].join(" "), 8);
    } finally {
      setBusy((before) => new Set([...before].filter((one) => one !== entry.name)));
    }
  };
  const leave = (): void => {
    save.reset();
    setTaking(undefined);
  };
  const kind = (entry: Entry): string => {
    const known = KINDS.find((one) => one === entry.kind);
    return known === undefined ? entry.kind : t(`tables.kinds.${known}`);
  };
  return (
    <Panel
      title={title(touchpoint.title, touchpoint.name)}
      flush
      testId={`tables-of-${touchpoint.name}`}
      extra={
        <span className="op-row">
          <TouchpointStatus state={touchpoint.state} />
          <Link to="/touchpoints/$name" params={{ name: touchpoint.name }} search={{ tab: "settings" }}>
            {t("tables.connection")}
          </Link>
          {may && (
            <Button size="small" type="primary" icon={<PlusOutlined />} onClick={() => onOpen()} data-testid={`table-add-${touchpoint.name}`}>
              {t("tables.add")}
            </Button>
          )}
        </span>
      }
    >
      <Table<Entry>
        size="small"
        rowKey="name"
        data-testid={`tables-${touchpoint.name}`}
        dataSource={entries}
        pagination={false}
        scroll={{ x: "max-content" }}
        locale={{ emptyText: <Nothing title={t("tables.noTables")} text={t("tables.noTablesText")} /> }}
        columns={[
          {
            title: t("tables.table"),
            render: (_, one) => (
              <>
                <span className="op-code">{one.table}</span>
                {one.name !== one.table && <div className="op-mute">{one.name}</div>}
              </>
            ),
          },
          { title: t("tables.kind"), render: (_, one) => kind(one) },
          { title: t("tables.cursor"), render: (_, one) => (listOf(one, "cursor").length === 0 ? <span className="op-mute">{t("tables.whole")}</span> : <span className="op-code">{listOf(one, "cursor").join(", ")}</span>) },
          {
            title: t("home.state"),
            width: 240,
            render: (_, one) => {
              const stream = state(one);
              return stream === undefined ? <Dash /> : <StreamStatus stream={stream} />;
            },
          },
          {
            title: t("touchpoints.every"),
            align: "right",
            render: (_, one) => {
              const every = state(one)?.every;
              return every === undefined ? <Dash /> : <span className="op-num">{every === 0 ? t("tables.byHand") : span(every, language)}</span>;
            },
          },
          {
            title: t("touchpoints.lastRun"),
            align: "right",
            render: (_, one) => {
              const at = state(one)?.ran_at ?? null;
              return at === null ? <Dash /> : <Time at={at} show="relative" />;
            },
          },
          {
            title: t("touchpoints.nextRun"),
            align: "right",
            render: (_, one) => {
              const at = state(one)?.next_at ?? null;
              return at === null ? <Dash /> : <Time at={at} show="relative" />;
            },
          },
          { title: t("touchpoints.pages"), align: "right", render: (_, one) => <Exact value={state(one)?.pages ?? 0} /> },
          ...(may
            ? [
                {
                  title: <span className="op-visually-hidden">{t("touchpoints.actions")}</span>,
                  align: "right" as const,
                  render: (_: unknown, one: Entry) => (
                    <span className="op-row" style={{ justifyContent: "flex-end", flexWrap: "nowrap" }}>
                      <Button size="small" icon={<DownloadOutlined />} loading={busy.has(one.name)} onClick={() => void fetch(one)} data-testid={`table-fetch-${one.name}`}>
                        {t("touchpoints.fetchNow")}
                      </Button>
                      <Button size="small" icon={<EditOutlined />} aria-label={t("tables.change", { table: one.table })} onClick={() => onOpen(one.name)} data-testid={`table-edit-${one.name}`} />
                      <Button size="small" icon={<DeleteOutlined />} aria-label={t("tables.remove", { table: one.table })} onClick={() => setTaking(one)} />
                    </span>
                  ),
                },
              ]
            : []),
        ]}
      />
      {may && (
        <div style={{ padding: 16 }}>
          <TestSteps name={touchpoint.name} />
        </div>
      )}
      {taking !== undefined && (
        <TypedConfirm
          title={t("tables.remove", { table: taking.table })}
          text={t("tables.removeText")}
          name={taking.name}
          act={t("tables.removeIt")}
          busy={save.isPending}
          problem={save.isError && <Problem error={save.error} />}
          onConfirm={() => save.mutate({ name: touchpoint.name, secrets: {}, body: { ...changeOf(touchpoint), settings: withoutEntry(touchpoint.settings, taking.name) } }, { onSuccess: leave })}
          onClose={leave}
        />
      )}
    </Panel>
  );
}

import { DownloadOutlined } from "@ant-design/icons";
import { App, Button, Table } from "antd";
import { useState } from "react";
import { type Detail, useSync } from "@/api/touchpoints";
import { exact, span } from "@/lib/format";
import { useMay } from "@/lib/session";
import { useText } from "@/lib/useText";
import { Dash, Exact, Time } from "@/parts/Figures";
import { Problem, useErrorText } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { Status } from "@/parts/Status";
import { TypedConfirm } from "../TypedConfirm";
import { useFailure } from "../words";

type Stream = Detail["streams"][number];

/** How fetching goes. */
export function StreamStatus({ stream }: { stream: Stream }) {
  const { t } = useText();
  const failure = useFailure();
  if (stream.error !== "")
    return (
      <div>
        <Status kind="error">{t("touchpoints.fetchFailed", { count: stream.failures })}</Status>
        <div className="op-mute op-twolines" title={stream.error}>
          {failure(stream.error)}
        </div>
      </div>
    );
  if (stream.ran_at === null) return <Status kind="idle">{t("touchpoints.neverRan")}</Status>;
  return <Status kind="ok">{t(stream.done_at === null ? "touchpoints.fetching" : "touchpoints.fetchedAll")}</Status>;
}

/** What is fetched from the platform: when it ran, when it runs next, and running it now. */
export function Streams({ touchpoint }: { touchpoint: Detail }) {
  const { t, title, language } = useText();
  const { message } = App.useApp();
  const may = useMay("touchpoints.write");
  const sync = useSync(touchpoint.name);
  const errorText = useErrorText();
  const failure = useFailure();
  const [again, setAgain] = useState<Stream>();
  const run = (stream: string, fromStart: boolean): void =>
    sync.mutate(
      { stream, from_start: fromStart },
      {
        onSuccess: ({ runs }) => {
          const failed = runs.find((one) => one.error !== "");
          const pages = runs.reduce((sum, one) => sum + one.pages, 0);
          if (failed !== undefined) void message.error(`${t("touchpoints.fetchFailed", { count: 1 })} ${failure(failed.error)} (${failed.error})`, 8);
          else void message.success(t("touchpoints.fetched", { count: pages, figure: exact(pages, language) }), 6);
        },
        onError: (error) => void message.error([errorText(error).title, ...errorText(error).details].join(" "), 8),
      },
    );
  return (
    <Panel title={t("touchpoints.streams")} flush>
      <Table<Stream>
        size="small"
        rowKey="name"
        data-testid="streams"
        dataSource={touchpoint.streams}
        pagination={false}
        columns={[
          { title: t("touchpoints.stream"), render: (_, one) => <span>{title(one.title, one.name)}</span> },
          { title: t("home.state"), width: 260, render: (_, one) => <StreamStatus stream={one} /> },
          { title: t("touchpoints.every"), align: "right", render: (_, one) => <span className="op-num">{span(one.every, language)}</span> },
          { title: t("touchpoints.lastRun"), align: "right", render: (_, one) => (one.ran_at === null ? <Dash /> : <Time at={one.ran_at} show="relative" />) },
          { title: t("touchpoints.nextRun"), align: "right", render: (_, one) => (one.next_at === null ? <Dash /> : <Time at={one.next_at} show="relative" />) },
          { title: t("touchpoints.pages"), align: "right", render: (_, one) => <Exact value={one.pages} /> },
          {
            title: <span className="op-visually-hidden">{t("touchpoints.actions")}</span>,
            align: "right",
            render: (_, one) =>
              may && (
                <span className="op-row" style={{ justifyContent: "flex-end", flexWrap: "nowrap" }}>
                  <Button size="small" icon={<DownloadOutlined />} loading={sync.isPending && sync.variables.stream === one.name} onClick={() => run(one.name, false)} data-testid={`fetch-${one.name}`}>
                    {t("touchpoints.fetchNow")}
                  </Button>
                  <Button size="small" disabled={sync.isPending} onClick={() => setAgain(one)}>
                    {t("touchpoints.fromStart")}
                  </Button>
                </span>
              ),
          },
        ]}
      />
      {sync.isError && (
        <div style={{ padding: 12 }}>
          <Problem error={sync.error} />
        </div>
      )}
      {again !== undefined && (
        <TypedConfirm
          title={t("touchpoints.fromStartOf", { stream: title(again.title, again.name) })}
          text={t("touchpoints.fromStartText")}
          name={touchpoint.name}
          act={t("touchpoints.fromStart")}
          busy={false}
          onConfirm={() => {
            run(again.name, true);
            setAgain(undefined);
          }}
          onClose={() => setAgain(undefined)}
        />
      )}
    </Panel>
  );
}

import { DeleteOutlined, EditOutlined, EyeOutlined, PauseCircleOutlined, PlayCircleOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { App, Button, Table } from "antd";
import { lazy, Suspense, useState } from "react";
import { type DestinationDetail, destinations, useDeleteDestination, useSaveDestination } from "@/api/destinations";
import { useMay } from "@/lib/session";
import { exact } from "@/lib/format";
import { useText } from "@/lib/useText";
import { Dash, Exact, Figure, Figures, Time } from "@/parts/Figures";
import { Loaded, Nothing, useErrorText } from "@/parts/Loaded";
import { PageHead, Panel } from "@/parts/PageHead";
import { Status } from "@/parts/Status";
import { object, put, text } from "@/pages/messages/definition";
import { columnsOf } from "./model";
import { LastRun, RunState, useWords } from "./words";

const Edit = lazy(() => import("./Edit").then((part) => ({ default: part.Edit })));
const Preview = lazy(() => import("./Preview").then((part) => ({ default: part.Preview })));
const TypedConfirm = lazy(() => import("@/pages/touchpoints/TypedConfirm").then((part) => ({ default: part.TypedConfirm })));

function Actions({ detail }: { detail: DestinationDetail }) {
  const { t } = useText();
  const { message } = App.useApp();
  const navigate = useNavigate({ from: "/destinations/$name" });
  const errorText = useErrorText();
  const save = useSaveDestination();
  const remove = useDeleteDestination();
  const [asked, setAsked] = useState(false);
  const paused = detail.body.paused === true;
  const failed = (error: Error): void => {
    const told = errorText(error);
    void message.error([told.title, ...told.details].join(" "));
  };
  const pause = (): void => save.mutate({ name: detail.name, body: put(detail.body, "paused", paused ? undefined : true), secrets: {}, version: detail.version, reason: "" }, { onError: failed });
  return (
    <>
      <Button icon={<DeleteOutlined />} aria-label={t("outlets.remove")} title={t("outlets.remove")} onClick={() => setAsked(true)} data-testid="destination-remove" />
      <Button icon={paused ? <PlayCircleOutlined /> : <PauseCircleOutlined />} loading={save.isPending} onClick={pause} data-testid="destination-pause">
        {t(paused ? "outlets.resume" : "outlets.pause")}
      </Button>
      <Button icon={<EditOutlined />} onClick={() => void navigate({ search: { act: "edit" } })} data-testid="destination-edit">
        {t("outlets.edit")}
      </Button>
      <Button type="primary" icon={<EyeOutlined />} onClick={() => void navigate({ search: { act: "preview" } })} data-testid="destination-preview">
        {t("outlets.preview")}
      </Button>
      {asked && (
        <Suspense>
          <TypedConfirm
            title={t("outlets.removeTitle", { name: detail.name })}
            text={t("outlets.removeText")}
            name={detail.name}
            act={t("outlets.remove")}
            busy={remove.isPending}
            onConfirm={() => remove.mutate(detail.name, { onSuccess: () => void navigate({ to: "/destinations" }), onError: failed })}
            onClose={() => setAsked(false)}
          />
        </Suspense>
      )}
    </>
  );
}

function Runs({ detail }: { detail: DestinationDetail }) {
  const { t, language } = useText();
  return (
    <Table
      size="middle"
      rowKey="run"
      data-testid="destination-runs"
      dataSource={detail.runs}
      pagination={false}
      locale={{ emptyText: <Nothing title={t("outlets.noRuns")} text={t("outlets.noRunsText")} /> }}
      columns={[
        { title: t("outlets.started"), render: (_, run) => <Time at={run.started_at} /> },
        {
          title: t("outlets.result"),
          render: (_, run) => (
            <>
              <RunState run={run} />
              {run.error !== "" && <div style={{ overflowWrap: "anywhere" }}>{run.error}</div>}
              {run.left_out > 0 && <div className="op-mute">{t("outlets.leftOut", { figure: exact(run.left_out, language) })}</div>}
            </>
          ),
        },
        { title: t("outlets.rows"), align: "right", render: (_, run) => <Exact value={run.rows} /> },
        { title: t("outlets.goneRows"), align: "right", render: (_, run) => <Exact value={run.gone} /> },
        { title: t("outlets.total"), align: "right", render: (_, run) => <Exact value={run.total} /> },
        { title: t("outlets.where"), render: (_, run) => (run.where === "" ? <Dash /> : <span className="op-code" style={{ overflowWrap: "anywhere" }}>{run.where}</span>) },
      ]}
    />
  );
}

function Content({ detail }: { detail: DestinationDetail }) {
  const { t } = useText();
  const words = useWords();
  const may = useMay("destinations.write");
  const { act } = useSearch({ from: "/shell/destinations/$name" });
  const navigate = useNavigate({ from: "/destinations/$name" });
  const close = (): void => void navigate({ search: {} });
  const last = detail.runs[0];
  const gone = (["delete", "mark", "keep"] as const).find((one) => one === detail.body.gone) ?? "delete";
  const named = (["segments", "lists", "tags"] as const).filter((one) => Array.isArray(detail.body[one]));
  return (
    <>
      <PageHead
        crumb={<Link to="/destinations">{t("nav.destinations")}</Link>}
        title={detail.name}
        sub={
          <>
            {words.what(text(detail.body.what))} → {words.to(text(object(detail.body.to).kind))} {detail.body.paused === true && <Status kind="warning">{t("outlets.paused")}</Status>}
          </>
        }
        actions={may && <Actions detail={detail} />}
      />
      <div className="op-stack">
        <Figures label={t("outlets.figures")}>
          <Figure small label={t("outlets.last")}>
            <LastRun run={last ?? null} />
          </Figure>
          <Figure label={t("outlets.rows")}>{last === undefined ? <Dash /> : <Exact value={last.rows} />}</Figure>
          <Figure label={t("outlets.total")}>{last === undefined ? <Dash /> : <Exact value={last.total} testId="destination-total" />}</Figure>
        </Figures>
        <div className="op-two">
          <Panel title={t("outlets.runs")} flush>
            <Runs detail={detail} />
          </Panel>
          <div className="op-stack">
            <Panel title={t("outlets.destination")}>
              <dl className="op-facts">
                {named.map((one) => (
                  <div key={one} style={{ display: "contents" }}>
                    <dt>{t(`outlets.${one}`)}</dt>
                    <dd>{(detail.body[one] as unknown[]).map(String).join(", ")}</dd>
                  </div>
                ))}
                <dt>{t("outlets.mode")}</dt>
                <dd>{words.mode(text(detail.body.mode))}</dd>
                <dt>{t("outlets.gone")}</dt>
                <dd>{t(`outlets.gones.${gone}`)}</dd>
                <dt>{t("outlets.every")}</dt>
                <dd>{words.every(typeof detail.body.every === "number" ? detail.body.every : 3600)}</dd>
                <dt>{t("outlets.purpose")}</dt>
                <dd>{text(detail.body.purpose) || t("outlets.purposeNone")}</dd>
                <dt>{t("outlets.personal")}</dt>
                <dd>{detail.personal.length === 0 ? t("outlets.noPersonal") : <span className="op-code">{detail.personal.join(", ")}</span>}</dd>
              </dl>
            </Panel>
            {object(detail.body.to).kind !== "ads" && (
              <Panel title={t("outlets.columns")} flush>
                <Table
                  size="small"
                  rowKey="name"
                  dataSource={columnsOf(detail.body.columns)}
                  pagination={false}
                  columns={[
                    { title: t("outlets.column"), render: (_, one) => <span className="op-code">{one.name}</span> },
                    { title: t("outlets.source"), render: (_, one) => <span className="op-code">{one.source}</span> },
                  ]}
                />
              </Panel>
            )}
          </div>
        </div>
      </div>
      <Suspense>
        {act === "edit" && <Edit detail={detail} onClose={close} />}
        {act === "preview" && <Preview name={detail.name} onClose={close} />}
      </Suspense>
    </>
  );
}

/** One destination: what it writes where, and how its runs went. */
export function DestinationPage() {
  const { name } = useParams({ from: "/shell/destinations/$name" });
  const query = useQuery({ ...destinations.one(name), refetchInterval: 30_000 });
  return (
    <Loaded query={query} rows={10}>
      {(detail) => <Content key={detail.name} detail={detail} />}
    </Loaded>
  );
}

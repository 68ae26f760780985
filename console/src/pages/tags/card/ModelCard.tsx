import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Select, Table } from "antd";
import { type ModelCard as Card, type Notice, type TagDetail, tags } from "@/api/tags";
import { dateTime, exact, percent } from "@/lib/format";
import { useZone } from "@/lib/session";
import { useText } from "@/lib/useText";
import { Dash, Exact, Figure, Figures, Time } from "@/parts/Figures";
import { Loaded, Nothing } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { Status } from "@/parts/Status";
import { Jobs } from "../detail/Jobs";
import { Calibration, Features, Lift } from "./Charts";
import { Clusters } from "./Clusters";
import "./card.css";

/** Shares are shown as such, other figures with what they need. */
const SHARES = new Set(["base_rate", "repeat_rate", "mean_alive"]);
const ROWS = 14;

function Notices({ list, kind }: { list: Notice[]; kind: "error" | "warning" }) {
  const { title } = useText();
  return (
    <>
      {list.map((one) => (
        <div key={one.code} className="op-notice" data-kind={kind} role={kind === "error" ? "alert" : undefined}>
          <Status kind={kind}>{title(one.words, one.code)}</Status>
          {one.advice !== null && <div className="op-mute">{title(one.advice, "")}</div>}
        </div>
      ))}
    </>
  );
}

function Metrics({ card }: { card: Card }) {
  const { t, language } = useText();
  const known = (name: string): string => {
    const clusters = /^silhouette_(\d+)$/.exec(name)?.[1];
    return clusters === undefined ? t(`card.metrics.${name as "auc"}`, { defaultValue: name }) : t("card.silhouetteAt", { count: Number(clusters) });
  };
  const hint = (name: string): string => t(`card.metricHints.${name as "auc"}`, { defaultValue: "" });
  const rows = Object.entries(card.metrics).map(([name, value]) => ({ name, value }));
  if (rows.length === 0) return null;
  return (
    <Panel title={t("card.quality")} flush testId="card-metrics">
      <Table
        size="small"
        rowKey="name"
        dataSource={rows}
        pagination={rows.length > ROWS ? { pageSize: ROWS, showSizeChanger: false, style: { padding: "0 16px" } } : false}
        columns={[
          {
            title: t("card.metric"),
            render: (_, one) => (
              <>
                {known(one.name)}
                {hint(one.name) !== "" && <div className="op-hint">{hint(one.name)}</div>}
              </>
            ),
          },
          { title: t("tags.value"), align: "right", render: (_, one) => <span className="op-num">{SHARES.has(one.name) ? percent(one.value, language) : exact(one.value, language, Number.isInteger(one.value) ? 0 : Math.abs(one.value) < 100 ? 4 : 1)}</span> },
        ]}
      />
    </Panel>
  );
}

function Parameters({ card }: { card: Card }) {
  const { t } = useText();
  if (card.parameters.length === 0) return null;
  return (
    <Panel title={t("card.parameters")} flush>
      <Table
        size="small"
        rowKey="name"
        dataSource={card.parameters}
        pagination={card.parameters.length > 12 ? { pageSize: 12, showSizeChanger: false } : false}
        columns={[
          { title: t("card.parameter"), render: (_, one) => <span className="op-code">{one.name}</span> },
          { title: t("tags.value"), align: "right", render: (_, one) => <Exact value={one.value} digits={4} /> },
          { title: t("card.error"), align: "right", render: (_, one) => (one.error === null ? <Dash /> : <Exact value={one.error} digits={4} />) },
        ]}
      />
    </Panel>
  );
}

function Samples({ card }: { card: Card }) {
  const { t } = useText();
  if (card.samples.length === 0) return null;
  return (
    <Panel title={t("card.samples")} flush>
      <Table
        size="small"
        rowKey={(one) => `${one.use} ${one.cut_off}`}
        dataSource={card.samples}
        pagination={false}
        columns={[
          { title: t("card.use"), render: (_, one) => t(`card.uses.${one.use}`) },
          { title: t("card.cutOff"), render: (_, one) => <Time at={one.cut_off} /> },
          { title: t("card.rows"), align: "right", render: (_, one) => <Exact value={one.rows} /> },
          { title: t("card.positives"), align: "right", render: (_, one) => (one.positives === null ? <Dash /> : <Exact value={one.positives} />) },
        ]}
      />
    </Panel>
  );
}

function Content({ tag, card }: { tag: TagDetail; card: Card }) {
  const { t, title } = useText();
  return (
    <div className="op-stack" data-testid="model-card">
      {card.refusals.length > 0 && (
        <Panel title={t("card.refused")}>
          <Notices list={card.refusals} kind="error" />
          <p className="op-mute">{t("card.refusedText")}</p>
        </Panel>
      )}
      <p className="op-sentence" style={{ background: "var(--op-panel)" }}>
        {title(card.summary, card.method)}
      </p>
      <Figures label={t("tags.figures")}>
        <Figure small label={t("card.method")}>
          {t(`card.methods.${card.method as "bg_nbd"}`, { defaultValue: card.method })}
        </Figure>
        <Figure label={t("card.learnedFrom")}>
          <Exact value={card.rows} />
        </Figure>
        <Figure label={t("card.scored")}>
          <Exact value={card.scored} />
        </Figure>
        <Figure small label={t("runs.asOf")} note={<Time at={card.trained_at} show="relative" />}>
          <Time at={card.as_of} />
        </Figure>
        <Figure small label={t("tags.version")}>
          {card.version}
        </Figure>
      </Figures>
      {card.warnings.length > 0 && (
        <Panel title={t("card.warnings")}>
          <Notices list={card.warnings} kind="warning" />
        </Panel>
      )}
      {card.clusters.length > 0 && <Clusters tag={tag} clusters={card.clusters} />}
      <div className="op-two" style={{ gridTemplateColumns: "minmax(0, 1fr) minmax(0, 1fr)" }}>
        <div className="op-stack">
          {card.features.length > 0 && <Features features={card.features} />}
          {card.lift.length > 0 && <Lift bins={card.lift} />}
          <Parameters card={card} />
          <Samples card={card} />
        </div>
        <div className="op-stack">
          {card.calibration.length > 0 && <Calibration bins={card.calibration} />}
          <Metrics card={card} />
        </div>
      </div>
    </div>
  );
}

/** What a learned tag was learned from, how good it is, and what speaks against it. */
export function ModelCard({ tag }: { tag: TagDetail }) {
  const { t, title } = useText();
  const zone = useZone();
  const navigate = useNavigate({ from: "/tags/$name" });
  const { as_of } = useSearch({ from: "/shell/tags/$name" });
  const runs = useQuery(tags.models(tag.name)).data?.items ?? [];
  const card = useQuery(tags.model(tag.name, as_of));
  return (
    <div className="op-stack">
      {runs.length > 1 && (
        <div className="op-row">
          <span className="op-mute">{t("card.version")}</span>
          <Select
            style={{ minWidth: 360 }}
            aria-label={t("card.version")}
            value={as_of ?? runs[0]?.as_of}
            onChange={(next: string) => void navigate({ search: { tab: "model", as_of: next === runs[0]?.as_of ? undefined : next } })}
            options={runs.map((one) => ({ value: one.as_of, label: `${dateTime(one.as_of, zone)} · ${one.refused ? t("card.refusedShort") : title(one.headline, one.method)}` }))}
            data-testid="card-version"
          />
        </div>
      )}
      <Loaded query={card} rows={10}>
        {(data) =>
          data === null ? (
            <>
              <section className="op-panel">
                <Nothing title={t("card.none")} text={t("card.noneText")} />
              </section>
              <Jobs tag={tag} />
            </>
          ) : (
            <Content tag={tag} card={data} />
          )
        }
      </Loaded>
    </div>
  );
}

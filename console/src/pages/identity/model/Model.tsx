import { ReloadOutlined } from "@ant-design/icons";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { Alert, Button, Progress } from "antd";
import { lazy, Suspense, useEffect } from "react";
import { identity, type Model as Data, type ModelPage, type Run, useFit } from "@/api/identity";
import { span } from "@/lib/format";
import { useMay } from "@/lib/session";
import { author } from "@/lib/title";
import { useText } from "@/lib/useText";
import { Count, Dash, Exact, Figure, Figures, Time } from "@/parts/Figures";
import { Loaded, Nothing, Problem, Waiting } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { Status } from "@/parts/Status";
import { Frame } from "../Frame";
import { Curve, Histogram } from "./Charts";
import { Blocking, Comparisons } from "./Comparisons";
import { Thresholds } from "./Thresholds";
import { Versions } from "./Versions";

// What stands below the first screen comes after it.
const Pairs = lazy(() => import("./Pairs").then((module) => ({ default: module.Pairs })));

const POLL_MS = 1_500;

/** The run that is on its way: its step, how far it is, and what went wrong. */
function Running({ run }: { run: Run }) {
  const { t } = useText();
  const cache = useQueryClient();
  const now = useQuery({ ...identity.run(), initialData: run, refetchInterval: (query) => (query.state.data?.state === "running" ? POLL_MS : false) }).data;
  const running = now.state === "running";
  useEffect(() => {
    // A run that has ended leaves another model behind.
    if (now.state === "done") void cache.invalidateQueries({ queryKey: ["identity", "model"] });
  }, [now.state, cache]);
  if (now.state === "failed") {
    return (
      <div className="op-panel" style={{ padding: "12px 16px" }} role="alert">
        <Status kind="error">{t("oneid.runFailed")}</Status>
        <p className="op-mute" style={{ overflowWrap: "anywhere" }}>{now.problem}</p>
      </div>
    );
  }
  if (!running) return null;
  return (
    <div className="op-panel" style={{ padding: "12px 16px" }} data-testid="model-run">
      <span aria-live="polite">{t("oneid.running", { step: now.step === null ? "" : t(`oneid.steps.${now.step as "learning"}`, { defaultValue: now.step }) })}</span>
      {now.progress === null ? (
        <Progress percent={100} status="active" showInfo={false} aria-label={t("oneid.progress")} />
      ) : (
        <Progress percent={Math.round(now.progress * 100)} aria-label={t("oneid.progress")} />
      )}
    </div>
  );
}

function Numbers({ page, model }: { page: ModelPage; model: Data }) {
  const { t, language } = useText();
  const run = page.last_run;
  return (
    <Figures label={t("oneid.modelFigures")}>
      <Figure small label={t("oneid.modelVersion")} note={author(model.author)}>
        <span data-testid="model-version">v{model.version}</span>
      </Figure>
      <Figure small label={t("oneid.trainedAt")} note={<Time at={model.at} />}>
        <Time at={model.at} show="relative" />
      </Figure>
      <Figure small label={t("oneid.records")} note={t(`oneid.method.${model.method as "weights"}`, { defaultValue: model.method })}>
        <Count value={model.records} />
      </Figure>
      <Figure small label={t("oneid.labels")} note={t("oneid.labelsNote")}>
        <Count value={model.labels} />
      </Figure>
      <Figure small label={t("oneid.lastRun")} note={run !== null && t("oneid.lastRunNote", { time: span(run.seconds, language) })}>
        {run === null ? <Dash /> : <Time at={run.at} show="relative" />}
      </Figure>
      <Figure small label={t("oneid.candidatesFound")} note={run !== null && <>{t("oneid.ofThemJoined")} <Exact value={run.joined} /></>}>
        {run === null ? <Dash /> : <Count value={run.candidates} />}
      </Figure>
    </Figures>
  );
}

function Content({ page }: { page: ModelPage }) {
  const { t } = useText();
  const may = useMay("identity.rules");
  const fit = useFit();
  const model = page.model;
  const earlier = model !== null && page.versions[0] !== model.version;
  const lines = earlier ? model.thresholds : page.settings;
  const run = fit.data ?? page.run;
  return (
    <Frame
      page="model"
      actions={
        may && (
          <Button type={model === null ? "primary" : "default"} icon={<ReloadOutlined />} loading={fit.isPending} disabled={run.state === "running"} onClick={() => fit.mutate()} data-testid="model-fit">
            {t(model === null ? "oneid.fitFirst" : "oneid.fitAgain")}
          </Button>
        )
      }
    >
      <div className="op-stack">
        {fit.isError && <Problem error={fit.error} />}
        <Running key={`${run.state} ${run.started ?? ""}`} run={run} />
        {model === null ? (
          <section className="op-panel">
            <Nothing title={t("oneid.noModel")} text={t("oneid.noModelText")} />
          </section>
        ) : (
          <>
            {earlier && (
              <Alert
                type="info"
                showIcon
                title={t("oneid.earlierVersion", { version: model.version })}
                action={
                  <Link to="/identity/model" search={{}}>
                    {t("oneid.toPresent")}
                  </Link>
                }
                data-testid="model-earlier"
              />
            )}
            <Numbers page={page} model={model} />
            <div className="op-two">
              <div className="op-stack">
                <Panel title={t("oneid.histogram")}>
                  <Histogram model={model} thresholds={lines} />
                </Panel>
                <Panel title={t("oneid.curve")}>
                  <Curve model={model} thresholds={lines} />
                </Panel>
              </div>
              {!earlier && <Thresholds key={`${page.settings.join} ${page.settings.review} ${page.settings.auto}`} page={page} may={may} />}
            </div>
            <Versions shown={model.version} />
            <Comparisons rows={model.comparisons} />
            <Blocking rows={model.blocking} recall={model.blocking_recall} />
            <Suspense fallback={<Waiting rows={6} />}>
              <Pairs />
            </Suspense>
          </>
        )}
      </div>
    </Frame>
  );
}

/** The model of likelihood: what it weighs, where it draws the lines, and what it found. */
export function Model() {
  const { version } = useSearch({ from: "/shell/identity/model" });
  const page = useQuery(identity.model(version));
  return <Loaded query={page} rows={12}>{(data) => <Content page={data} />}</Loaded>;
}

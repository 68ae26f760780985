import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button, Progress, Table } from "antd";
import { type FileImport, imports, type ImportOutcome, useStopImport } from "@/api/imports";
import { said } from "@/lib/said";
import { useMay } from "@/lib/session";
import { useText } from "@/lib/useText";
import { useRuleWords } from "@/pages/quarantine/rules";
import { Count, Dash, Exact, Figure, Figures } from "@/parts/Figures";
import { Problem } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { Status } from "@/parts/Status";

const KIND = { waiting: "idle", running: "idle", done: "ok", failed: "error", cancelled: "idle", interrupted: "warning" } as const;

export function ImportStatus({ job }: { job: FileImport }) {
  const { t } = useText();
  return <Status kind={KIND[job.status]}>{t(`imports.status.${job.status}`)}</Status>;
}

/** One import: how far it is, then what became of it. */
export function Job({ id }: { id: string }) {
  const { t } = useText();
  const query = useQuery(imports.one(id));
  const stop = useStopImport();
  const may = useMay("touchpoints.write");
  const job = query.data;
  if (query.error !== null) return <Problem error={query.error} />;
  if (job === undefined) return null;
  const open = job.status === "waiting" || job.status === "running";
  return (
    <Panel title={t(job.dry_run ? "imports.tryOf" : "imports.importOf", { name: job.file })} testId="import-job" extra={<ImportStatus job={job} />}>
      <div aria-live="polite" data-testid="import-status" data-status={job.status}>
        {open && (
          <div className="op-row">
            <Progress style={{ flex: 1, minWidth: 200 }} percent={job.total > 0 ? Math.min(100, Math.floor((100 * job.done) / job.total)) : 0} aria-label={t("imports.progress")} />
            <span>{job.step === null ? t(`imports.status.${job.status}`) : t(`imports.steps.${job.step}`)}</span>
            {may && (
              <Button size="small" onClick={() => stop.mutate(id)}>
                {t("imports.stop")}
              </Button>
            )}
          </div>
        )}
        {job.problem !== null && (
          <p role="alert" style={{ color: "var(--op-bad)" }}>
            {job.problem}
          </p>
        )}
        {(job.status === "cancelled" || job.status === "interrupted") && <p>{t("imports.again")}</p>}
        {job.outcome !== null && <Outcome job={job} outcome={job.outcome} />}
      </div>
    </Panel>
  );
}

function Outcome({ job, outcome }: { job: FileImport; outcome: ImportOutcome }) {
  const { t, language } = useText();
  const words = useRuleWords();
  return (
    <div className="op-stack">
      <Figures label={t("imports.result")}>
        <Figure label={t("imports.rows")}>
          <Count value={outcome.rows} testId="import-rows" />
        </Figure>
        <Figure label={t(job.dry_run ? "imports.wouldAccept" : "imports.accepted")}>
          <Count value={outcome.accepted} testId="import-accepted" />
        </Figure>
        <Figure label={t(job.dry_run ? "imports.wouldRefuse" : "imports.refused")}>
          <Count value={outcome.quarantined} testId="import-refused" />
        </Figure>
        <Figure label={t("imports.duplicates")} note={job.dry_run ? t("imports.duplicatesLater") : undefined}>
          {job.dry_run ? <Dash /> : <Count value={outcome.duplicates} testId="import-duplicates" />}
        </Figure>
      </Figures>
      {outcome.totals.length > 0 && <p className="op-mute">{t("imports.totals", { rows: outcome.totals.join(", ") })}</p>}
      {outcome.rows === 0 && <p>{t("imports.nothing")}</p>}
      {outcome.refused.length > 0 && (
        <>
          <p>
            {outcome.refused.map((one) => (
              <span key={one.rule} style={{ marginInlineEnd: 16 }}>
                {words(one.rule)} <span className="op-mute op-code">{one.rule}</span> <Exact value={one.count} />
              </span>
            ))}
          </p>
          {!job.dry_run && (
            <Link style={{ display: "block", width: "fit-content" }} to="/quarantine" search={{ touchpoint: job.touchpoint }} data-testid="import-quarantine">
              {t("imports.toQuarantine")}
            </Link>
          )}
          <Table
            size="small"
            rowKey={(row) => `${row.row} ${row.rule} ${row.field} ${row.id}`}
            data-testid="import-first"
            dataSource={outcome.first}
            pagination={outcome.first.length > 10 ? { pageSize: 10, showSizeChanger: false } : false}
            expandable={{ expandedRowRender: (row) => <pre className="op-pre">{row.sample}</pre> }}
            columns={[
              { title: t("imports.row"), align: "right", width: 80, render: (_, row) => (row.row === null ? <Dash /> : <Exact value={row.row} />) },
              { title: t("quarantine.field"), render: (_, row) => (row.field === null ? <Dash /> : <code className="op-code">{row.field}</code>) },
              { title: t("quarantine.why"), render: (_, row) => <span style={{ overflowWrap: "anywhere" }}>{said(row.message, language)}</span> },
            ]}
          />
        </>
      )}
    </div>
  );
}

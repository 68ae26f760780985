import { CaretRightOutlined, HistoryOutlined } from "@ant-design/icons";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Progress } from "antd";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { type Job, running, type TagDetail, tags, useCancelJob, useRunTag } from "@/api/tags";
import { useMay } from "@/lib/session";
import { author } from "@/lib/title";
import { useText } from "@/lib/useText";
import { Time } from "@/parts/Figures";
import { Problem } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { Status, type StatusKind } from "@/parts/Status";

// Calendars are large: they come when a time is chosen.
const Backfill = lazy(() => import("./Backfill").then((module) => ({ default: module.Backfill })));

const KINDS = { waiting: "idle", running: "info", done: "ok", failed: "error", cancelled: "idle" } as const satisfies Record<Job["status"], StatusKind>;
const SHOWN = 4;

function JobRow({ job, may }: { job: Job; may: boolean }) {
  const { t } = useText();
  const cancel = useCancelJob();
  const on = running(job);
  return (
    <li style={{ display: "block" }} data-testid={`job-${job.status}`}>
      <div className="op-row">
        <Status kind={KINDS[job.status]}>{t(`jobs.statuses.${job.status}`)}</Status>
        <span>{t(`jobs.kinds.${job.kind}`)}</span>
        {job.parts > 1 && <span className="op-mute op-num">{t("jobs.parts", { done: job.done, parts: job.parts })}</span>}
        <span className="op-mute" style={{ marginLeft: "auto" }}>
          {author(job.author)} <Time at={job.finished_at ?? job.started_at ?? job.created_at} show="relative" />
        </span>
      </div>
      {on && (
        <div className="op-row" style={{ flexWrap: "nowrap" }}>
          <Progress percent={Math.round(job.progress * 100)} size="small" aria-label={t("jobs.progress")} />
          {may && (
            <Button size="small" disabled={job.cancelling} loading={cancel.isPending} onClick={() => cancel.mutate(job.id)} data-testid="job-cancel">
              {t(job.cancelling ? "jobs.cancelling" : "jobs.cancel")}
            </Button>
          )}
        </div>
      )}
      {on && job.step !== "" && <div className="op-mute">{job.step}</div>}
      {job.problem !== null && <div className="op-place">{job.problem}</div>}
    </li>
  );
}

/** Computing now or for earlier instants, how far it is, and stopping it. */
export function Jobs({ tag }: { tag: TagDetail }) {
  const { t } = useText();
  const may = useMay("tags.write");
  const cache = useQueryClient();
  const jobs = useQuery(tags.jobs(tag.name)).data?.items ?? [];
  const run = useRunTag(tag.name);
  const [asking, setAsking] = useState(false);
  const busy = jobs.some(running);
  const was = useRef(busy);
  // What a job brings is shown when it is done, not before somebody comes back to the page.
  useEffect(() => {
    if (was.current && !busy) void cache.invalidateQueries({ queryKey: ["tags"] });
    was.current = busy;
  }, [busy, cache]);
  const done = jobs.reduce((sum, one) => sum + one.done, 0);
  useEffect(() => {
    if (done > 0) void cache.invalidateQueries({ queryKey: ["tags", tag.name, "runs"] });
  }, [done, cache, tag.name]);
  if (tag.kind === "import") return null;
  return (
    <Panel
      title={t("jobs.label")}
      testId="tag-jobs"
      extra={
        may && (
          <>
            <Button size="small" icon={<HistoryOutlined />} onClick={() => setAsking(true)} data-testid="tag-backfill">
              {t("jobs.backfill")}
            </Button>
            <Button size="small" type="primary" icon={<CaretRightOutlined />} loading={run.isPending} disabled={busy} onClick={() => run.mutate(null)} data-testid="tag-run">
              {t("jobs.run")}
            </Button>
          </>
        )
      }
    >
      {run.isError && <Problem error={run.error} />}
      {jobs.length === 0 ? (
        <p className="op-mute">{t(tag.mode === "live" ? "jobs.noneLive" : "jobs.none")}</p>
      ) : (
        <ul className="op-list" aria-live="polite">
          {jobs.slice(0, SHOWN).map((job) => (
            <JobRow key={job.id} job={job} may={may} />
          ))}
        </ul>
      )}
      {asking && (
        <Suspense>
          <Backfill tag={tag} onClose={() => setAsking(false)} />
        </Suspense>
      )}
    </Panel>
  );
}

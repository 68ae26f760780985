import { CaretRightOutlined, HistoryOutlined } from "@ant-design/icons";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, DatePicker, Form, Modal, Progress, Select } from "antd";
import dayjs, { type Dayjs } from "dayjs";
import { useEffect, useRef, useState } from "react";
import { type Job, running, type TagDetail, tags, useBackfillTag, useCancelJob, useRunTag } from "@/api/tags";
import { useMay } from "@/lib/session";
import { author } from "@/lib/title";
import { useText } from "@/lib/useText";
import { Time } from "@/parts/Figures";
import { Problem } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { Status, type StatusKind } from "@/parts/Status";

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

function Backfill({ tag, onClose }: { tag: TagDetail; onClose: () => void }) {
  const { t } = useText();
  const backfill = useBackfillTag(tag.name);
  const [range, setRange] = useState<[Dayjs, Dayjs]>(() => [dayjs().subtract(3, "month").startOf("day"), dayjs().startOf("day")]);
  const [every, setEvery] = useState<"day" | "week" | "month">("week");
  const count = Math.floor(range[1].diff(range[0], every)) + 1;
  return (
    <Modal
      open
      title={t("jobs.backfill")}
      okText={t("jobs.backfillStart")}
      cancelText={t("touchpoints.cancel")}
      okButtonProps={{ loading: backfill.isPending, ...{ "data-testid": "backfill-confirm" } }}
      onOk={() => backfill.mutate({ from: range[0].toISOString(), to: range[1].toISOString(), every }, { onSuccess: onClose })}
      onCancel={onClose}
    >
      <p className="op-mute" style={{ marginBottom: 12 }}>
        {t("jobs.backfillText")}
      </p>
      <Form layout="vertical">
        <Form.Item label={t("jobs.range")}>
          <DatePicker.RangePicker
            aria-label={t("jobs.range")}
            allowClear={false}
            value={range}
            maxDate={dayjs()}
            onChange={(next) => {
              if (next?.[0] && next[1]) setRange([next[0].startOf("day"), next[1].startOf("day")]);
            }}
          />
        </Form.Item>
        <Form.Item label={t("jobs.every")}>
          <Select style={{ width: 160 }} aria-label={t("jobs.every")} value={every} onChange={setEvery} options={(["day", "week", "month"] as const).map((value) => ({ value, label: t(`schedule.everies.${value}`) }))} />
        </Form.Item>
      </Form>
      <p className="op-mute">{t("jobs.instants", { count })}</p>
      {backfill.isError && <Problem error={backfill.error} />}
    </Modal>
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
      {asking && <Backfill tag={tag} onClose={() => setAsking(false)} />}
    </Panel>
  );
}

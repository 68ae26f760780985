import { Input, InputNumber, Segmented, Select, TimePicker } from "antd";
import dayjs from "dayjs";
import { useNow } from "@/lib/now";
import { useZone } from "@/lib/session";
import { useText } from "@/lib/useText";
import { Time } from "@/parts/Figures";
import { useFactory } from "./context";
import { nextInstants, parseCron, type Plan, planOf, textOfPlan, WEEKDAYS } from "./cron";
import { kindOf, textAt } from "./definition";
import { Row } from "./Fields";
import { useScheduleWords } from "./scheduleWords";

const FRESH = "0 3 * * *";
const EVERY = ["day", "week", "month", "hours", "text"] as const;
const HOURS = [1, 2, 3, 4, 6, 8, 12];

function Next({ text }: { text: string }) {
  const { t } = useText();
  const now = useNow();
  const zone = useZone() ?? "Asia/Shanghai";
  const cron = parseCron(text);
  if (cron === null) return null;
  const times = nextInstants(cron, now, zone, 3);
  return (
    <div className="op-hint" data-testid="schedule-next">
      {times.length === 0 ? (
        t("schedule.never")
      ) : (
        <>
          {t("schedule.next", { zone })}{" "}
          {times.map((one, i) => (
            <span key={one.getTime()}>
              {i > 0 && " · "}
              <Time at={one.toISOString()} />
            </span>
          ))}
        </>
      )}
    </div>
  );
}

const change = (plan: Plan, every: Plan["every"], text: string): Plan => {
  const at = "at" in plan ? plan.at : "03:00";
  switch (every) {
    case "day":
      return { every, at };
    case "week":
      return { every, at, on: ["mon"] };
    case "month":
      return { every, at, on: 1 };
    case "hours":
      return { every, hours: 6 };
    case "text":
      return { every, text };
  }
};

/** Live as things happen, or at set times. */
export function SchedulePicker() {
  const { t } = useText();
  const words = useScheduleWords();
  const { definition, set } = useFactory();
  const kind = kindOf(definition);
  if (kind === "import") return null;
  // These are computed for all customers at once.
  const never = kind === "sql" || kind === "model";
  const said = textAt(definition, "schedule");
  const text = said !== "" ? said : FRESH;
  const live = !never && definition.schedule === undefined;
  const plan = planOf(text);
  const put = (next: Plan): void => set("schedule", textOfPlan(next));
  const time = (at: string, write: (at: string) => void) => <TimePicker aria-label={t("schedule.at")} format="HH:mm" minuteStep={5} allowClear={false} needConfirm={false} value={dayjs(`2026-01-01T${at}`)} onChange={(next) => next !== null && write(next.format("HH:mm"))} style={{ width: 100 }} />;
  return (
    <Row label={t("schedule.label")} places={["schedule"]} hint={t(never ? "schedule.neverLive" : live ? "schedule.liveHint" : "schedule.scheduledHint")}>
      {!never && (
        <div style={{ marginBottom: live ? 0 : 8 }}>
          <Segmented
            aria-label={t("schedule.label")}
            value={live ? "live" : "scheduled"}
            onChange={(next) => set("schedule", next === "live" ? undefined : FRESH)}
            options={[
              { value: "live", label: t("tags.modes.live") },
              { value: "scheduled", label: t("tags.modes.scheduled") },
            ]}
          />
        </div>
      )}
      {!live && (
        <>
          <span className="op-row">
            <Select style={{ width: 130 }} aria-label={t("schedule.every")} value={plan.every} onChange={(every) => put(change(plan, every, text))} options={EVERY.map((value) => ({ value, label: t(`schedule.everies.${value}`) }))} data-testid="schedule-every" />
            {plan.every === "week" && (
              <Select mode="multiple" style={{ minWidth: 160 }} aria-label={t("schedule.onDays")} value={plan.on} onChange={(on) => put({ ...plan, on: on.length === 0 ? ["mon"] : on })} options={WEEKDAYS.map((value) => ({ value, label: t(`schedule.weekdays.${value}`) }))} />
            )}
            {plan.every === "month" && <InputNumber style={{ width: 90 }} aria-label={t("schedule.onDay")} min={1} max={31} value={plan.on} onChange={(on) => put({ ...plan, on: on ?? 1 })} />}
            {plan.every === "hours" && <Select style={{ width: 90 }} aria-label={t("schedule.hoursLabel")} value={plan.hours} onChange={(hours: number) => put({ every: "hours", hours })} options={HOURS.map((value) => ({ value, label: value }))} />}
            {"at" in plan && time(plan.at, (at) => put({ ...plan, at }))}
            {plan.every === "text" && <Input className="op-code" style={{ width: 200 }} aria-label={t("schedule.crontab")} value={plan.text} status={parseCron(plan.text) === null ? "error" : undefined} onChange={(event) => set("schedule", event.target.value)} />}
          </span>
          <div className="op-hint" data-testid="schedule-words">
            {plan.every === "text" && parseCron(text) === null ? t("schedule.wrong") : words(text)} <code className="op-code">{text}</code>
          </div>
          <Next text={text} />
        </>
      )}
    </Row>
  );
}

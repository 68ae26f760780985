import { DatePicker, Form, Modal, Select } from "antd";
import dayjs, { type Dayjs } from "dayjs";
import { useState } from "react";
import { type TagDetail, useBackfillTag } from "@/api/tags";
import { useText } from "@/lib/useText";
import { Problem } from "@/parts/Loaded";

/** The same computation at earlier instants. */
export function Backfill({ tag, onClose }: { tag: TagDetail; onClose: () => void }) {
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

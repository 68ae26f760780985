import { ClockCircleOutlined, MergeCellsOutlined, RollbackOutlined, StopOutlined } from "@ant-design/icons";
import { Button, Input } from "antd";
import type { Verdict } from "@/api/identity";
import { useMay } from "@/lib/session";
import { useText } from "@/lib/useText";

const icons = { merge: MergeCellsOutlined, never: StopOutlined, later: ClockCircleOutlined, resume: RollbackOutlined };
export const VERDICTS = ["merge", "never", "later"] as const;
export const KEYS: Record<Verdict, string> = { merge: "m", never: "n", later: "l", resume: "r" };

interface Props {
  count: number;
  busy: boolean;
  reason: string;
  keys?: boolean;
  /** The answers offered; without a queue there is no "later". */
  verdicts?: readonly Verdict[];
  onReason: (reason: string) => void;
  onVerdict: (verdict: Verdict) => void;
}

/** The three answers and the reason. One pair or many: the button says how many. */
export function Verdicts({ count, busy, reason, keys = false, verdicts = VERDICTS, onReason, onVerdict }: Props) {
  const { t } = useText();
  const may = useMay("identity.decide");
  if (!may) return <p className="op-mute">{t("oneid.mayNotDecide")}</p>;
  return (
    <div className="op-row" data-testid="verdicts">
      {verdicts.map((verdict) => {
        const Icon = icons[verdict];
        return (
          <Button
            key={verdict}
            type={verdict === "merge" ? "primary" : "default"}
            icon={<Icon aria-hidden />}
            loading={busy}
            disabled={count === 0}
            aria-keyshortcuts={keys ? KEYS[verdict] : undefined}
            onClick={() => onVerdict(verdict)}
            data-testid={`verdict-${verdict}`}
          >
            {count > 1 ? t("oneid.verdictOf", { verdict: t(`oneid.verdict.${verdict}`), count }) : t(`oneid.verdict.${verdict}`)}
          </Button>
        );
      })}
      <Input style={{ flex: "1 1 180px", maxWidth: 320 }} value={reason} maxLength={500} aria-label={t("oneid.reasonLabel")} placeholder={t("oneid.reasonHint")} onChange={(event) => onReason(event.target.value)} data-testid="verdict-reason" />
    </div>
  );
}

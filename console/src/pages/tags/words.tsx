import { ApiOutlined, ClockCircleOutlined, ExperimentOutlined, ThunderboltOutlined } from "@ant-design/icons";
import type { TagRow } from "@/api/tags";
import { exact } from "@/lib/format";
import { useText } from "@/lib/useText";
import { Dash } from "@/parts/Figures";
import { Status } from "@/parts/Status";
import { driftOf } from "./drift";

/** Tag kinds and what a tag says, in words; kinds of plug-ins keep their own name. */
export function useTagWords() {
  const { t } = useText();
  return {
    kind: (kind: string): string => t(`tags.kinds.${kind as "metric"}`, { defaultValue: kind }),
    says: (says: string | null): string => (says === null ? "" : t(`tags.says.${says as "value"}`, { defaultValue: says })),
  };
}

const ICONS = { live: ThunderboltOutlined, scheduled: ClockCircleOutlined, model: ExperimentOutlined, import: ApiOutlined };

/** Live, scheduled, learned or imported. */
export function Mode({ mode }: { mode: TagRow["mode"] }) {
  const { t } = useText();
  const Icon = ICONS[mode];
  return (
    <span style={{ whiteSpace: "nowrap" }}>
      <Icon aria-hidden style={{ color: "var(--op-text-3)" }} /> {t(`tags.modes.${mode}`)}
    </span>
  );
}

/** How much the latest run differs from the one before: a word, and the index. */
export function Drift({ psi }: { psi: number | null }) {
  const { t, language } = useText();
  const drift = driftOf(psi);
  if (psi === null || drift === null) return <Dash />;
  return (
    <span title={t("tags.psi", { psi: exact(psi, language, 3) })} style={{ whiteSpace: "nowrap" }}>
      <Status kind={drift === "steady" ? "ok" : drift === "moved" ? "warning" : "error"}>{t(`tags.drifts.${drift}`)}</Status> <small className="op-mute op-num">{exact(psi, language, 3)}</small>
    </span>
  );
}

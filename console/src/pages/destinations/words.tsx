import type { DestinationRun } from "@/api/destinations";
import { useText } from "@/lib/useText";
import { Time } from "@/parts/Figures";
import { Status } from "@/parts/Status";

export const WHATS = ["profiles", "members", "list_members", "changes", "tags", "orders"] as const;
export const TOS = ["database", "folder", "s3", "webhook", "ads"] as const;
export const EVERIES = [0, 300, 3600, 86_400] as const;

const known = <T extends string>(all: readonly T[], value: string): T | undefined => all.find((one) => one === value);

/** Words for the parts of a definition; what this page does not know is shown as it stands. */
export function useWords(): { what: (value: string) => string; to: (value: string) => string; mode: (value: string) => string; every: (seconds: number) => string } {
  const { t } = useText();
  return {
    what: (value) => {
      const one = known(WHATS, value);
      return one === undefined ? value : t(`outlets.whats.${one}`);
    },
    to: (value) => {
      const one = known(TOS, value);
      return one === undefined ? value : t(`outlets.tos.${one}`);
    },
    mode: (value) => t(value === "full" ? "outlets.modes.full" : "outlets.modes.changes"),
    every: (seconds) => {
      const one = EVERIES.find((every) => every === seconds);
      return one === undefined ? t("outlets.everySeconds", { n: seconds }) : t(`outlets.everies.${one}`);
    },
  };
}

/** How a run went. */
export function RunState({ run }: { run: DestinationRun }) {
  const { t } = useText();
  if (run.error !== "") return <Status kind="error">{t("outlets.failed")}</Status>;
  return run.finished_at === null ? <Status kind="info">{t("outlets.running")}</Status> : <Status kind="ok">{t("outlets.done")}</Status>;
}

/** When it last ran, and how. */
export function LastRun({ run }: { run: DestinationRun | null }) {
  const { t } = useText();
  if (run === null) return <span className="op-mute">{t("outlets.never")}</span>;
  return (
    <span className="op-row" style={{ gap: 6 }}>
      <RunState run={run} /> <Time at={run.started_at} show="relative" />
    </span>
  );
}

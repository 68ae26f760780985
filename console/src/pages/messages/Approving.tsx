import { useQuery } from "@tanstack/react-query";
import { App, Button, Input } from "antd";
import { useState } from "react";
import { type ApprovalKind, type ApprovalStatus, messages, useApproving } from "@/api/messages";
import { useMay } from "@/lib/session";
import { author } from "@/lib/title";
import { useText } from "@/lib/useText";
import { Time } from "@/parts/Figures";
import { useErrorText } from "@/parts/Loaded";
import { Status, type StatusKind } from "@/parts/Status";

const KINDS: Record<ApprovalStatus, StatusKind> = { asked: "idle", approved: "ok", refused: "error", withdrawn: "info" };

export function ApprovalStatusMark({ status }: { status: ApprovalStatus | null }) {
  const { t } = useText();
  return status === null ? <span className="op-mute">{t("reach.approvals.none")}</span> : <Status kind={KINDS[status]}>{t(`reach.approvals.${status}`)}</Status>;
}

/** The approval of one version: ask for it, decide on what somebody else asked for, take one's own question back. */
export function Approving({ kind, name, version, mayAsk, usable }: { kind: ApprovalKind; name: string; version: number; mayAsk: boolean; usable: boolean }) {
  const { t } = useText();
  const { message } = App.useApp();
  const errorText = useErrorText();
  const mayDecide = useMay("journeys.approve");
  const found = useQuery(messages.approvals(kind, name)).data?.items.find((one) => one.version === version);
  const act = useApproving(kind, name);
  const [note, setNote] = useState("");
  const run = (what: Parameters<typeof act.mutate>[0]): void =>
    act.mutate(what, {
      onSuccess: () => setNote(""),
      onError: (error) => {
        const text = errorText(error);
        void message.error([text.title, ...text.details].join(" "));
      },
    });
  const busy = (deed: Parameters<typeof run>[0]["deed"]): boolean => act.isPending && act.variables.deed === deed;
  const open = found?.status === "asked";
  return (
    <div className="op-stack" style={{ gap: 8 }} data-testid="approving">
      <div className="op-row">
        <ApprovalStatusMark status={found?.status ?? null} />
        {found !== undefined && (
          <span className="op-mute">
            {author(open ? found.asked_by : found.decided_by || found.asked_by)} <Time at={found.decided_at ?? found.asked_at} show="relative" />
          </span>
        )}
      </div>
      {found !== undefined && found.note !== "" && <div className="op-mute">{found.note}</div>}
      {!open && found?.status !== "approved" && mayAsk && (
        <div>
          <Button disabled={!usable} loading={busy("ask")} onClick={() => run({ deed: "ask" })} data-testid="approval-ask">
            {t("reach.approvals.ask")}
          </Button>
        </div>
      )}
      {open && mayDecide && !found.mine && <Input aria-label={t("reach.approvals.note")} placeholder={t("reach.approvals.note")} value={note} maxLength={500} onChange={(event) => setNote(event.target.value)} />}
      {open && (
        <div className="op-row">
          {mayDecide && !found.mine && (
            <>
              <Button type="primary" loading={busy("approve")} onClick={() => run({ deed: "approve", id: found.id, note })} data-testid="approval-yes">
                {t("reach.approvals.approve")}
              </Button>
              <Button danger loading={busy("refuse")} onClick={() => run({ deed: "refuse", id: found.id, note })} data-testid="approval-no">
                {t("reach.approvals.refuse")}
              </Button>
            </>
          )}
          {found.mine && (
            <>
              <span className="op-mute">{t("reach.approvals.other")}</span>
              <Button size="small" loading={busy("withdraw")} onClick={() => run({ deed: "withdraw", id: found.id, note })}>
                {t("reach.approvals.withdraw")}
              </Button>
            </>
          )}
        </div>
      )}
    </div>
  );
}

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { queries, type ReplayResult } from "@/api/queries";
import { exact } from "@/lib/format";
import { useMay } from "@/lib/session";
import { useText } from "@/lib/useText";
import { Panel } from "@/parts/PageHead";
import { ReplayButton, ReplayOutcome } from "../../quarantine/Replay";
import { useRuleWords } from "../../quarantine/rules";

/** What of this touchpoint waits in quarantine: to be tried again once the mapping is saved. */
export function WaitingHere({ touchpoint, unsaved }: { touchpoint: string; unsaved: boolean }) {
  const { t, language } = useText();
  const may = useMay("quarantine.replay");
  const words = useRuleWords();
  const [replayed, setReplayed] = useState<ReplayResult>();
  const list = useQuery({ ...queries.quarantine({ touchpoint, page: 1, size: 1 }), refetchInterval: 10_000 });
  const reasons = (list.data?.by_rule ?? []).filter((one) => one.touchpoint === touchpoint);
  if (reasons.length === 0 && replayed === undefined) return null;
  return (
    <Panel title={t("mapping.waiting")} testId="waiting-here">
      {replayed !== undefined && <ReplayOutcome key={replayed.offset ?? 0} replay={replayed} />}
      <ul className="op-list">
        {reasons.map((one) => (
          <li key={`${one.rule} ${one.field}`}>
            <Link to="/quarantine" search={{ rule: one.rule, field: one.field || undefined, touchpoint }}>
              {words(one.rule)}
            </Link>
            {!!one.field && <code className="op-code op-mute">{one.field}</code>}
            <span className="op-num">{exact(one.count, language)}</span>
            <span className="op-end">{may && <ReplayButton size="small" what={{ rule: one.rule, field: one.field, touchpoint, ids: [] }} count={one.count} label={t("quarantine.replayRule")} disabled={unsaved} testId={`replay-${one.rule}`} onDone={setReplayed} />}</span>
          </li>
        ))}
      </ul>
      {unsaved && reasons.length > 0 && <p className="op-mute">{t("mapping.saveFirst")}</p>}
    </Panel>
  );
}

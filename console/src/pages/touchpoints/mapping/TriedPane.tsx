import { Spin } from "antd";
import type { UseQueryResult } from "@tanstack/react-query";
import type { Arrival } from "@/api/touchpoints";
import { useText } from "@/lib/useText";
import { Problem } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { Status } from "@/parts/Status";
import { FaultRow, StandardRow } from "../detail/ArrivalCard";

interface Props {
  query: UseQueryResult<{ items: Arrival[] }>;
  current: boolean;
  shown: Arrival | undefined;
}

/** What the draft makes of the chosen payload, and in short of all of them. */
export function TriedPane({ query, current, shown }: Props) {
  const { t } = useText();
  const items = query.data?.items ?? [];
  const good = items.filter((one) => one.refused.length === 0 && one.rows.length > 0).length;
  return (
    <Panel title={t("mapping.tried")} testId="tried-pane" extra={(query.isFetching || !current) && query.error === null && items.length > 0 ? <Spin size="small" aria-label={t("common.loading")} /> : undefined}>
      <div aria-live="polite" data-current={current} data-testid="tried" data-good={good} data-count={items.length} style={{ opacity: current ? 1 : 0.65 }}>
        {query.isError ? (
          <Problem error={query.error} />
        ) : shown === undefined ? (
          <p className="op-mute">{t("mapping.nothingTried")}</p>
        ) : (
          <>
            {items.length > 1 && (
              <p style={{ marginBottom: 8 }}>
                <Status kind={good === items.length ? "ok" : good === 0 ? "error" : "warning"}>{t("mapping.goodOf", { good, count: items.length })}</Status>
              </p>
            )}
            {shown.rows.map((row, i) => (
              <StandardRow key={`${i} ${row.name}`} row={row} />
            ))}
            {shown.refused.map((fault, i) => (
              <FaultRow key={`${i} ${fault.rule}`} fault={fault} />
            ))}
            {shown.rows.length === 0 && shown.refused.length === 0 && <p className="op-mute">{t("touchpoints.nothingIn")}</p>}
          </>
        )}
      </div>
    </Panel>
  );
}

import { ArrowRightOutlined } from "@ant-design/icons";
import { Table } from "antd";
import type { RulesPreview } from "@/api/identity";
import { exact, span } from "@/lib/format";
import { said } from "@/lib/said";
import { useText } from "@/lib/useText";
import { CustomerName } from "@/parts/CustomerName";
import { Exact } from "@/parts/Figures";
import { IdentifierSet, SegmentEffects, Signed } from "../decisions/Effects";

const SAMPLES = 5;

function Heading({ text }: { text: string }) {
  return <h3 style={{ fontSize: 14, marginBottom: 4 }}>{text}</h3>;
}

/** What other rules would do to all customers. */
export function Outcome({ of }: { of: RulesPreview }) {
  const { t, language } = useText();
  if (of.problems.length > 0) {
    return (
      <ul className="op-list" aria-label={t("preview.problems")} data-testid="rules-problems">
        {of.problems.map((one) => (
          <li key={one.place + one.message} style={{ display: "block" }}>
            <code className="op-code">{one.place}</code>
            <div style={{ color: "var(--op-bad)" }}>{said(one.message, language)}</div>
          </li>
        ))}
      </ul>
    );
  }
  const rows = [
    { name: t("oneid.customers"), before: of.customers_before, after: of.customers_after },
    { name: t("oneid.openConflicts"), before: of.conflicts_before, after: of.conflicts_after },
  ];
  return (
    <div className="op-stack" data-testid="rules-outcome">
      <p aria-live="polite">
        {t("oneid.outcome", { merged: exact(of.merged, language), split: exact(of.split, language), moved: exact(of.identifiers_moved, language) })}{" "}
        <span className="op-mute">{t("oneid.computedIn", { time: span(of.seconds, language) })}</span>
      </p>
      <Table
        size="small"
        rowKey="name"
        dataSource={rows}
        pagination={false}
        columns={[
          { title: "", dataIndex: "name" },
          { title: t("oneid.before"), align: "right", render: (_, row) => <Exact value={row.before} /> },
          { title: t("oneid.after"), align: "right", render: (_, row) => <Exact value={row.after} /> },
          { title: t("oneid.difference"), align: "right", render: (_, row) => <Signed value={row.after - row.before} /> },
        ]}
      />
      {of.largest.length > 0 && (
        <div>
          <Heading text={t("oneid.largestAfter")} />
          <ul className="op-list">
            {of.largest.slice(0, SAMPLES).map((one) => (
              <li key={one.customer_id}>
                <CustomerName id={one.customer_id} name={null} newTab />
                <span className="op-num">{t("oneid.identifierCount", { count: one.identifiers })}</span>
              </li>
            ))}
          </ul>
        </div>
      )}
      {of.samples.length > 0 && (
        <div data-testid="rules-samples">
          <Heading text={t("oneid.samples")} />
          <div className="op-stack">
            {of.samples.slice(0, SAMPLES).map((one, i) => (
              <div key={i} className="op-effects">
                {[one.before, one.after].map((sets, side) => [
                  side === 1 && <ArrowRightOutlined key="arrow" aria-hidden />,
                  <div key={side} className="op-sets" role="group" aria-label={t(side === 0 ? "oneid.before" : "oneid.after")}>
                    {sets.map((set, k) => (
                      <div key={k} className="op-set">
                        <IdentifierSet identifiers={set} />
                      </div>
                    ))}
                  </div>,
                ])}
              </div>
            ))}
          </div>
        </div>
      )}
      <div>
        <Heading text={t("oneid.segmentEffects")} />
        <SegmentEffects segments={of.segments} />
      </div>
    </div>
  );
}

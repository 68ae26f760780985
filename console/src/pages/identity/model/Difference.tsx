import { useQuery } from "@tanstack/react-query";
import { Table } from "antd";
import { identity, type ModelDifference } from "@/api/identity";
import { exact, percent, span } from "@/lib/format";
import { useText } from "@/lib/useText";
import { CustomerName } from "@/parts/CustomerName";
import { Dash } from "@/parts/Figures";
import { Loaded } from "@/parts/Loaded";
import { Identifier } from "../Identifier";
import { useBits } from "../review/Weights";
import { useWords } from "../words";

const WEIGHTS = 12;
const PAIRS = 10;

function Heading({ text }: { text: string }) {
  return <h3 style={{ fontSize: 14, marginBottom: 4 }}>{text}</h3>;
}

/** What two versions say differently: thresholds and outcome, weights, rules that find pairs, pairs of another answer. */
export function Difference({ of }: { of: ModelDifference }) {
  const { t, title, language } = useText();
  const bits = useBits();
  const words = useWords();
  const yes = (value: boolean): string => t(value ? "common.yes" : "common.no");
  const number = (value: number): string => exact(value, language, 3);
  const lines = [
    { name: t("oneid.likelihood.join"), before: number(of.before.join), after: number(of.after.join) },
    { name: t("oneid.likelihood.review"), before: number(of.before.review), after: number(of.after.review) },
    { name: t("oneid.likelihood.auto"), before: yes(of.before.auto), after: yes(of.after.auto) },
    { name: t("oneid.records"), before: number(of.before.records), after: number(of.after.records) },
    { name: t("oneid.labels"), before: number(of.before.labels), after: number(of.after.labels) },
    { name: t("oneid.thresholdOutcome.pairs_joined"), before: number(of.verdicts_before.joined), after: number(of.verdicts_after.joined) },
    { name: t("oneid.thresholdOutcome.pairs_review"), before: number(of.verdicts_before.review), after: number(of.verdicts_after.review) },
    { name: t("oneid.thresholdOutcome.expected_wrong"), before: exact(of.verdicts_before.expected_wrong, language, 2), after: exact(of.verdicts_after.expected_wrong, language, 2) },
  ];
  const weight = (value: number | null) => (value === null ? <Dash /> : <span className="op-num">{bits(value)}</span>);
  return (
    <div className="op-stack" data-testid="model-difference" data-value={of.changed}>
      <Table
        size="small"
        rowKey="name"
        dataSource={lines}
        pagination={false}
        columns={[
          { title: <span className="op-mute">{t("oneid.computedIn", { time: span(of.seconds, language) })}</span>, dataIndex: "name" },
          { title: t("oneid.versionOf", { version: of.before.version }), align: "right", render: (_, row) => <span className="op-num">{row.before}</span> },
          { title: t("oneid.versionOf", { version: of.after.version }), align: "right", render: (_, row) => <span className="op-num" style={{ fontWeight: row.before === row.after ? 400 : 600 }}>{row.after}</span> },
        ]}
      />
      {of.weights.length === 0 ? (
        <p className="op-mute">{t("oneid.sameWeights")}</p>
      ) : (
        <div>
          <Heading text={t("oneid.weightsChanged", { number: number(of.weights.length) })} />
          <Table
            size="small"
            rowKey={(row) => `${row.comparison} ${row.level}`}
            dataSource={of.weights}
            pagination={of.weights.length > WEIGHTS ? { pageSize: WEIGHTS, showSizeChanger: false } : false}
            columns={[
              { title: t("oneid.comparison"), render: (_, row) => title(row.title, row.comparison) },
              { title: t("oneid.level"), render: (_, row) => words.level(row.level) },
              { title: t("oneid.before"), align: "right", render: (_, row) => weight(row.before) },
              { title: t("oneid.after"), align: "right", render: (_, row) => weight(row.after) },
            ]}
          />
        </div>
      )}
      {of.blocking_added.length + of.blocking_removed.length > 0 && (
        <div>
          <Heading text={t("oneid.blocking")} />
          <ul className="op-list">
            {of.blocking_added.map((rule) => (
              <li key={rule}>{t("oneid.ruleAdded", { rule })}</li>
            ))}
            {of.blocking_removed.map((rule) => (
              <li key={rule}>{t("oneid.ruleRemoved", { rule })}</li>
            ))}
          </ul>
        </div>
      )}
      <div>
        <Heading text={t("oneid.pairsChanged", { number: number(of.changed) })} />
        {of.pairs.length > 0 && (
          <Table
            size="small"
            rowKey={(row) => `${row.a.identifier_id} ${row.b.identifier_id}`}
            data-testid="model-difference-pairs"
            dataSource={of.pairs}
            pagination={of.pairs.length > PAIRS ? { pageSize: PAIRS, showSizeChanger: false } : false}
            scroll={{ x: "max-content" }}
            columns={[
              ...(["a", "b"] as const).map((side) => ({
                title: t(side === "a" ? "oneid.left" : "oneid.right"),
                render: (_: unknown, row: ModelDifference["pairs"][number]) => (
                  <span>
                    <CustomerName id={row[side].customer_id} name={null} newTab /> <Identifier of={row[side]} />
                  </span>
                ),
              })),
              { title: t("oneid.before"), render: (_, row) => `${t(`oneid.bands.${row.before}`)} ${percent(row.probability_before, language)}` },
              { title: t("oneid.after"), render: (_, row) => `${t(`oneid.bands.${row.after}`)} ${percent(row.probability_after, language)}` },
            ]}
          />
        )}
      </div>
    </div>
  );
}

/** The difference of two versions, computed when it is looked at. */
export function DifferenceOf({ before, after }: { before: number; after: number }) {
  const found = useQuery(identity.modelDifference(before, after));
  return <Loaded query={found} rows={6}>{(data) => <Difference of={data} />}</Loaded>;
}

import { Table } from "antd";
import type { Model } from "@/api/identity";
import { exact, percent } from "@/lib/format";
import { useText } from "@/lib/useText";
import { Dash, Exact } from "@/parts/Figures";
import { Panel } from "@/parts/PageHead";
import { useBits } from "../review/Weights";
import { useWords } from "../words";

type Level = Model["comparisons"][number]["levels"][number];

function Bar({ level, most }: { level: Level; most: number }) {
  const bits = useBits();
  const share = (Math.abs(level.weight) / most) * 50;
  return (
    <span style={{ display: "grid", gridTemplateColumns: "minmax(90px, 1fr) 56px", gap: 10, alignItems: "center" }}>
      <span className="op-weight" data-against={level.weight < 0} aria-hidden>
        <span style={level.weight < 0 ? { right: "50%", width: `${share}%` } : { left: "50%", width: `${share}%` }} />
      </span>
      <span className="op-num" style={{ textAlign: "right" }}>
        {bits(level.weight)}
      </span>
    </span>
  );
}

/** How each attribute is compared, and what each level of agreement weighs. */
export function Comparisons({ rows }: { rows: Model["comparisons"] }) {
  const { t, title, language } = useText();
  const words = useWords();
  const most = Math.max(1, ...rows.flatMap((one) => one.levels.map((level) => Math.abs(level.weight))));
  const flat = rows.flatMap((one) => one.levels.map((level, i) => ({ ...level, key: `${one.name} ${level.label}`, of: one, first: i === 0 })));
  const share = (value: number) => <span className="op-num">{value > 0 && value < 0.001 ? exact(value, language, 7) : percent(value, language)}</span>;
  return (
    <Panel title={t("oneid.comparisons")} flush>
      <p className="op-mute" style={{ padding: "0 16px 8px" }}>
        {t("oneid.comparisonsText")}
      </p>
      <Table
        size="small"
        rowKey="key"
        data-testid="model-comparisons"
        dataSource={flat}
        pagination={false}
        scroll={{ x: "max-content" }}
        columns={[
          {
            title: t("oneid.comparison"),
            onCell: (row) => ({ rowSpan: row.first ? row.of.levels.length : 0 }),
            render: (_, row) => (
              <span>
                {title(row.of.title, row.of.name)}
                <span className="op-mute op-code" style={{ display: "block" }}>{row.of.kind}</span>
              </span>
            ),
          },
          { title: t("oneid.level"), render: (_, row) => words.level(row.label) },
          { title: t("oneid.m"), align: "right", render: (_, row) => share(row.m) },
          { title: t("oneid.u"), align: "right", render: (_, row) => share(row.u) },
          { title: t("oneid.weight"), width: 280, render: (_, row) => <Bar level={row} most={most} /> },
          { title: t("oneid.pairs"), align: "right", render: (_, row) => <Exact value={row.count} /> },
          { title: t("oneid.matches"), align: "right", render: (_, row) => <Exact value={row.matches} /> },
        ]}
      />
    </Panel>
  );
}

/** The rules that find pairs worth comparing. */
export function Blocking({ rows, recall }: { rows: Model["blocking"]; recall: number | null }) {
  const { t, language } = useText();
  return (
    <Panel title={t("oneid.blocking")} flush extra={recall !== null && <span className="op-mute">{t("oneid.findTogether", { share: percent(recall, language) })}</span>}>
      <p className="op-mute" style={{ padding: "0 16px 8px" }}>
        {t("oneid.blockingText")}
      </p>
      <Table
        size="small"
        rowKey="rule"
        data-testid="model-blocking"
        dataSource={rows}
        pagination={false}
        columns={[
          { title: t("quarantine.rule"), render: (_, row) => <code className="op-code">{row.rule}</code> },
          { title: t("oneid.pairs"), align: "right", render: (_, row) => <Exact value={row.pairs} /> },
          { title: t("oneid.finds"), align: "right", render: (_, row) => (row.recall === null ? <Dash /> : <span className="op-num">{percent(row.recall, language)}</span>) },
        ]}
      />
    </Panel>
  );
}

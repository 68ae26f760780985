import { Table } from "antd";
import type { Comparison } from "@/api/identity";
import { exact } from "@/lib/format";
import { useText } from "@/lib/useText";
import { ChartOrTable } from "@/parts/Chart";
import { Dash } from "@/parts/Figures";
import { useWords } from "../words";

/** Bits of evidence with their sign: "+6.2" for one person, "−3" against. */
export function useBits(): (weight: number) => string {
  const { language } = useText();
  return (weight) => `${weight > 0 ? "+" : weight < 0 ? "−" : ""}${exact(Math.abs(weight), language, 1)}`;
}

/** Why a pair was proposed: each comparison with its weight, left against and right for one person; as bars or as a table. */
export function Weights({ why }: { why: Comparison[] }) {
  const { t, title } = useText();
  const words = useWords();
  const bits = useBits();
  const most = Math.max(1, ...why.map((one) => Math.abs(one.weight)));
  const sum = why.reduce((total, one) => total + one.weight, 0);
  return (
    <div style={{ position: "relative", paddingTop: 40 }} data-testid="weights">
      <p className="op-mute" style={{ position: "absolute", top: 14 }}>
        {t("oneid.weightsSum", { sum: bits(sum) })}
      </p>
      <ChartOrTable
        chart={
          <ul className="op-weights">
            {why.map((one) => {
              const share = (Math.abs(one.weight) / most) * 50;
              return (
                <li key={one.comparison}>
                  <span>{title(one.title, one.comparison)}</span>
                  <span className="op-weight" data-against={one.weight < 0} role="img" aria-label={`${title(one.title, one.comparison)} ${bits(one.weight)}`}>
                    <span style={one.weight < 0 ? { right: "50%", width: `${share}%` } : { left: "50%", width: `${share}%` }} />
                  </span>
                  <span className="op-num" style={{ textAlign: "right" }}>
                    {bits(one.weight)}
                  </span>
                  <span className="op-mute">{words.level(one.level)}</span>
                </li>
              );
            })}
          </ul>
        }
        table={
          <Table
            size="small"
            rowKey="comparison"
            dataSource={why}
            pagination={false}
            columns={[
              { title: t("oneid.comparison"), render: (_, one) => title(one.title, one.comparison) },
              { title: t("oneid.left"), render: (_, one) => one.a ?? <Dash /> },
              { title: t("oneid.right"), render: (_, one) => one.b ?? <Dash /> },
              { title: t("oneid.level"), render: (_, one) => words.level(one.level) },
              { title: t("oneid.weight"), align: "right", render: (_, one) => <span className="op-num">{bits(one.weight)}</span> },
            ]}
          />
        }
      />
    </div>
  );
}

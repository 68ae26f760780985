import { useQuery } from "@tanstack/react-query";
import { Table } from "antd";
import { ApiError } from "@/api/errors";
import { tags } from "@/api/tags";
import { exact } from "@/lib/format";
import { useText } from "@/lib/useText";
import { Problem, Waiting } from "@/parts/Loaded";
import { Value } from "@/parts/Value";
import "./card.css";

/** Which features moved one customer's score, and how far. */
export function Contributions({ tag, id }: { tag: string; id: number }) {
  const { t, title, language } = useText();
  const why = useQuery(tags.modelWhy(tag, String(id)));
  if (why.isPending) return <Waiting rows={4} />;
  if (why.isError) return why.error instanceof ApiError && why.error.code === "model-none" ? <p className="op-mute">{t("card.none")}</p> : <Problem error={why.error} retry={() => void why.refetch()} />;
  const { figures, contributions, number } = why.data;
  const most = Math.max(0, ...contributions.map((one) => Math.abs(one.effect)));
  return (
    <div className="op-stack" style={{ gap: 12 }} data-testid="contributions">
      {number === null && figures.length === 0 && contributions.length === 0 && <p className="op-mute">{t("card.noScore")}</p>}
      {number !== null && (
        <p>
          <span className="op-mute">{t("card.score")}</span> <strong className="op-num">{exact(number, language, 4)}</strong>
        </p>
      )}
      {figures.length > 0 && (
        <dl className="op-facts">
          {figures.map((one) => (
            <div key={one.name} style={{ display: "contents" }}>
              <dt>{title(one.title, one.name)}</dt>
              <dd>
                <Value value={one.value} />
              </dd>
            </div>
          ))}
        </dl>
      )}
      {contributions.length > 0 && (
        <Table
          size="small"
          rowKey="name"
          dataSource={contributions}
          pagination={contributions.length > 12 ? { pageSize: 12, showSizeChanger: false } : false}
          columns={[
            {
              title: t("card.feature"),
              render: (_, one) => (
                <>
                  <div>{title(one.title, one.name)}</div>
                  <div className="op-mute" style={{ fontSize: 12.5 }}>
                    {title(one.sentence, "")}
                  </div>
                </>
              ),
            },
            { title: t("card.itsValue"), align: "right", render: (_, one) => <Value value={one.value} /> },
            {
              title: t("card.effect"),
              width: 220,
              render: (_, one) => (
                <span className="op-effect" data-up={one.effect > 0}>
                  <span aria-hidden style={{ width: `${most === 0 ? 0 : (Math.abs(one.effect) / most) * 50}%` }} />
                  <span className="op-num">
                    {one.effect > 0 ? "+" : one.effect < 0 ? "\u2212" : ""}
                    {exact(Math.abs(one.effect), language, 3)}
                  </span>
                </span>
              ),
            },
          ]}
        />
      )}
    </div>
  );
}

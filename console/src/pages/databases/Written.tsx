import { Link } from "@tanstack/react-router";
import { Table } from "antd";
import type { DestinationRow } from "@/api/destinations";
import { useText } from "@/lib/useText";
import { LastRun, useWords } from "@/pages/destinations/words";
import { Dash, Exact } from "@/parts/Figures";
import { Nothing } from "@/parts/Loaded";

/** Tables that are written to; they are set up with the destinations. */
export function Written({ items }: { items: DestinationRow[] }) {
  const { t } = useText();
  const words = useWords();
  return (
    <Table<DestinationRow>
      size="small"
      rowKey="name"
      data-testid="tables-written-to"
      dataSource={items}
      pagination={false}
      locale={{ emptyText: <Nothing title={t("tables.noneWritten")} text={t("tables.noneWrittenText")} actions={<Link to="/destinations">{t("nav.destinations")}</Link>} /> }}
      columns={[
        {
          title: t("outlets.destination"),
          render: (_, one) => (
            <Link to="/destinations/$name" params={{ name: one.name }}>
              {one.name}
            </Link>
          ),
        },
        { title: t("outlets.what"), render: (_, one) => words.what(one.what) },
        { title: t("outlets.every"), render: (_, one) => words.every(one.every) },
        {
          title: t("outlets.last"),
          render: (_, one) => (
            <>
              <LastRun run={one.last} />
              {one.last !== null && one.last.error !== "" && <div className="op-mute">{one.last.error}</div>}
            </>
          ),
        },
        { title: t("outlets.total"), align: "right", render: (_, one) => (one.last === null ? <Dash /> : <Exact value={one.last.total} />) },
      ]}
    />
  );
}

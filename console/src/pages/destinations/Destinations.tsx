import { PlusOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Button, Table } from "antd";
import { lazy, Suspense } from "react";
import { type DestinationRow, destinations } from "@/api/destinations";
import { useMay } from "@/lib/session";
import { useText } from "@/lib/useText";
import { Dash, Exact } from "@/parts/Figures";
import { Loaded, Nothing } from "@/parts/Loaded";
import { PageHead } from "@/parts/PageHead";
import { Status } from "@/parts/Status";
import { LastRun, useWords } from "./words";

const Edit = lazy(() => import("./Edit").then((part) => ({ default: part.Edit })));

/** All destinations: what goes where, how often, and how the last run went. */
export function Destinations() {
  const { t, language } = useText();
  const words = useWords();
  const all = useQuery({ ...destinations.all(), refetchInterval: 30_000 });
  const may = useMay("destinations.write");
  const { act } = useSearch({ from: "/shell/destinations" });
  const navigate = useNavigate({ from: "/destinations" });
  const begin = (
    <Button type="primary" icon={<PlusOutlined />} onClick={() => void navigate({ search: { act: "new" } })} data-testid="destination-new">
      {t("outlets.new")}
    </Button>
  );
  return (
    <>
      <PageHead title={t("nav.destinations")} sub={t("outlets.sub")} actions={may && all.data?.items.length !== 0 && begin} />
      <Loaded query={all} rows={6}>
        {({ items }) => (
          <section className="op-panel" aria-label={t("nav.destinations")}>
            {items.length === 0 ? (
              <Nothing title={t("outlets.none")} text={t("outlets.noneText")} actions={may && begin} />
            ) : (
              <Table<DestinationRow>
                size="middle"
                rowKey="name"
                data-testid="destinations"
                dataSource={items}
                pagination={items.length > 50 ? { pageSize: 50 } : false}
                showSorterTooltip={false}
                columns={[
                  {
                    title: t("outlets.destination"),
                    sorter: (a, b) => a.name.localeCompare(b.name, language === "en" ? "en" : "zh"),
                    render: (_, one) => (
                      <>
                        <Link to="/destinations/$name" params={{ name: one.name }} style={{ fontWeight: 550 }}>
                          {one.name}
                        </Link>{" "}
                        {one.paused && <Status kind="warning">{t("outlets.paused")}</Status>}
                        {one.purpose !== "" && <div className="op-mute">{one.purpose}</div>}
                      </>
                    ),
                  },
                  { title: t("outlets.what"), render: (_, one) => words.what(one.what) },
                  { title: t("outlets.to"), render: (_, one) => words.to(one.to) },
                  { title: t("outlets.every"), render: (_, one) => words.every(one.every) },
                  { title: t("outlets.last"), render: (_, one) => <LastRun run={one.last} /> },
                  { title: t("outlets.total"), align: "right", render: (_, one) => (one.last === null ? <Dash /> : <Exact value={one.last.total} />) },
                ]}
              />
            )}
          </section>
        )}
      </Loaded>
      {act === "new" && (
        <Suspense>
          <Edit detail={undefined} onClose={() => void navigate({ search: {} })} />
        </Suspense>
      )}
    </>
  );
}

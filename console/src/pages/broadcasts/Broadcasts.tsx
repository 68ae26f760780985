import { PlusOutlined } from "@ant-design/icons";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Button, Table } from "antd";
import { lazy, Suspense } from "react";
import { type BroadcastRow, broadcasts } from "@/api/broadcasts";
import { usePlaces } from "@/lib/places";
import { useMay } from "@/lib/session";
import { author } from "@/lib/title";
import { useTitles } from "@/lib/titles";
import { useText } from "@/lib/useText";
import { Exact, Time } from "@/parts/Figures";
import { Loaded, Nothing } from "@/parts/Loaded";
import { PageHead } from "@/parts/PageHead";
import { BroadcastState, Deeds, RUNNING } from "./words";

const Edit = lazy(() => import("./Edit").then((part) => ({ default: part.Edit })));

/** All broadcasts, the latest first; those under way can be stopped from here. */
export function Broadcasts() {
  const { t, title } = useText();
  const places = usePlaces();
  const titles = useTitles();
  const may = useMay("journeys.write");
  const { act } = useSearch({ from: "/shell/broadcasts" });
  const navigate = useNavigate({ from: "/broadcasts" });
  const query = useInfiniteQuery({ ...broadcasts.all(), refetchInterval: 10_000 });
  const begin = (
    <Button type="primary" icon={<PlusOutlined />} onClick={() => void navigate({ search: { act: "new" } })} data-testid="broadcast-new">
      {t("reach.broadcasts.new")}
    </Button>
  );
  return (
    <>
      <PageHead title={t("nav.broadcasts")} sub={t("reach.broadcasts.sub")} actions={may && query.data?.pages[0]?.items.length !== 0 && begin} />
      <Loaded query={query} rows={6}>
        {({ pages }) => (
          <section className="op-panel" aria-label={t("nav.broadcasts")}>
            <Table<BroadcastRow>
              size="middle"
              rowKey="name"
              data-testid="broadcasts"
              dataSource={pages.flatMap((page) => page.items)}
              pagination={false}
              locale={{ emptyText: <Nothing title={t("reach.broadcasts.none")} text={t("reach.broadcasts.noneText")} actions={may && begin} /> }}
              columns={[
                {
                  title: t("reach.broadcasts.broadcast"),
                  render: (_, one) => (
                    <div>
                      <Link to="/broadcasts/$name" params={{ name: one.name }} style={{ fontWeight: 550 }}>
                        {title(one.title, one.name)}
                      </Link>
                      <div className="op-mute op-code">{one.name}</div>
                    </div>
                  ),
                },
                { title: t("reach.state"), render: (_, one) => <BroadcastState of={one} /> },
                { title: t("reach.message"), render: (_, one) => `${titles.message(one.message)} · ${places.channel(one.channel)}` },
                { title: t("reach.broadcasts.total"), align: "right", render: (_, one) => <Exact value={one.total} /> },
                { title: t("reach.broadcasts.sent"), align: "right", render: (_, one) => <Exact value={one.sent} /> },
                { title: t("reach.states.suppressed"), align: "right", render: (_, one) => <Exact value={one.suppressed} /> },
                { title: t("reach.states.failed"), align: "right", render: (_, one) => <Exact value={one.failed} /> },
                {
                  title: t("reach.at"),
                  align: "right",
                  render: (_, one) => (
                    <div>
                      <Time at={one.started ?? one.start ?? one.created} show="relative" />
                      <div className="op-mute">{author(one.author)}</div>
                    </div>
                  ),
                },
                ...(may ? [{ title: t("reach.tasks.acts"), render: (_: unknown, one: BroadcastRow) => RUNNING.includes(one.status) && <Deeds broadcast={one} mayStart={false} /> }] : []),
              ]}
            />
            {query.hasNextPage && (
              <div style={{ padding: 12 }}>
                <Button loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                  {t("reach.more")}
                </Button>
              </div>
            )}
          </section>
        )}
      </Loaded>
      {act === "new" && (
        <Suspense>
          <Edit onClose={() => void navigate({ search: {} })} />
        </Suspense>
      )}
    </>
  );
}

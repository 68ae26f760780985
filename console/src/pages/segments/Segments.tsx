import { BlockOutlined, PlusOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Button, Input, Table } from "antd";
import { queries, type Segment } from "@/api/queries";
import { exact } from "@/lib/format";
import { useMay } from "@/lib/session";
import { author } from "@/lib/title";
import { useText } from "@/lib/useText";
import { Exact, Time } from "@/parts/Figures";
import { Loaded, Nothing } from "@/parts/Loaded";
import { PageHead } from "@/parts/PageHead";
import { Share, Spark } from "@/parts/Share";

function SizeLine({ name }: { name: string }) {
  const { t, language } = useText();
  const series = useQuery({ ...queries.history(name), staleTime: 60_000 }).data?.series;
  if (series === undefined || series.length < 2) return null;
  const sizes = series.map((point) => point.size);
  return <Spark values={sizes} label={t("segments.spark", { from: exact(sizes[0] ?? 0, language), to: exact(sizes.at(-1) ?? 0, language) })} />;
}

export function NewSegment() {
  const { t } = useText();
  const navigate = useNavigate();
  return (
    <Button type="primary" icon={<PlusOutlined />} onClick={() => void navigate({ to: "/segments/new" })} data-testid="segment-new">
      {t("segments.new")}
    </Button>
  );
}

export function Segments() {
  const { t, title, language } = useText();
  // Members follow with the tick after a segment was saved, and go on moving: what was read before then is not the size.
  const list = useQuery({ ...queries.segments(), staleTime: 0, refetchInterval: 10_000 });
  const may = useMay("segments.write");
  const { q: typed = "" } = useSearch({ from: "/shell/segments" });
  const navigate = useNavigate({ from: "/segments" });
  const setTyped = (q: string): void => void navigate({ search: { q: q === "" ? undefined : q }, replace: true });
  const wanted = (one: Segment): boolean => `${one.name} ${one.title.zh} ${one.title.en}`.toLowerCase().includes(typed.trim().toLowerCase());
  return (
    <>
      <PageHead
        title={t("nav.segments")}
        sub={t("segments.sub")}
        actions={
          <>
            <Button icon={<BlockOutlined />} onClick={() => void navigate({ to: "/overlap" })} data-testid="segments-overlap">
              {t("overlap.title")}
            </Button>
            {may && <NewSegment />}
          </>
        }
      />
      <div className="op-stack">
        <Loaded query={list} rows={8}>
          {(data) => (
            <>
              <div data-search style={{ maxWidth: 320 }}>
                <Input allowClear aria-label={t("segments.search")} placeholder={t("segments.search")} value={typed} onChange={(event) => setTyped(event.target.value)} />
              </div>
              <section className="op-panel" aria-label={t("nav.segments")}>
                <Table<Segment>
                  size="middle"
                  rowKey="name"
                  data-testid="segments-table"
                  dataSource={data.items.filter(wanted)}
                  pagination={data.items.length > 50 ? { pageSize: 50 } : false}
                  showSorterTooltip={false}
                  locale={{ emptyText: <Nothing title={t("segments.none")} text={t("segments.noneText")} actions={may && <NewSegment />} /> }}
                  columns={[
                    {
                      title: t("segments.name"),
                      sorter: (a, b) => title(a.title, a.name).localeCompare(title(b.title, b.name), language === "en" ? "en" : "zh"),
                      render: (_, one) => (
                        <div style={{ maxWidth: 460 }}>
                          <Link to="/segments/$name" params={{ name: one.name }} style={{ fontWeight: 550 }}>
                            {title(one.title, one.name)}
                          </Link>
                          <div className="op-mute" style={{ fontSize: 13, overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" }} title={title(one.sentence, "")}>
                            {title(one.sentence, "")}
                          </div>
                        </div>
                      ),
                    },
                    { title: t("segments.size"), align: "right", defaultSortOrder: "descend", sorter: (a, b) => a.size - b.size, render: (_, one) => <Exact value={one.size} /> },
                    { title: t("segments.share"), width: 180, render: (_, one) => <Share share={data.customers === 0 ? 0 : one.size / data.customers} label={t("segments.share")} /> },
                    { title: t("segments.trend"), width: 120, render: (_, one) => <SizeLine name={one.name} /> },
                    { title: t("segments.version"), align: "right", render: (_, one) => <span className="op-num">{one.version}</span> },
                    {
                      title: t("segments.changed"),
                      align: "right",
                      render: (_, one) => (
                        <div>
                          <Time at={one.changed_at} show="relative" />
                          <div className="op-mute" style={{ fontSize: 12.5 }}>{author(one.author)}</div>
                        </div>
                      ),
                    },
                  ]}
                />
              </section>
            </>
          )}
        </Loaded>
      </div>
    </>
  );
}

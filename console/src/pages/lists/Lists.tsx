import { PlusOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Button, Input, Table } from "antd";
import { type CustomerList, lists } from "@/api/lists";
import { useMay } from "@/lib/session";
import { author } from "@/lib/title";
import { useText } from "@/lib/useText";
import { Exact, Time } from "@/parts/Figures";
import { Loaded, Nothing } from "@/parts/Loaded";
import { PageHead } from "@/parts/PageHead";
import { NewList } from "./NewList";

/** All lists: what was uploaded, and what was copied from segments. */
export function Lists() {
  const { t, title, language } = useText();
  const all = useQuery({ ...lists.all(), refetchInterval: 15_000 });
  const may = useMay("segments.write");
  const { q = "", act } = useSearch({ from: "/shell/lists" });
  const navigate = useNavigate({ from: "/lists" });
  const wanted = (one: CustomerList): boolean => `${one.name} ${one.title.zh} ${one.title.en}`.toLowerCase().includes(q.trim().toLowerCase());
  const begin = (
    <Button type="primary" icon={<PlusOutlined />} onClick={() => void navigate({ search: (before) => ({ ...before, act: "new" }) })} data-testid="list-new">
      {t("lists.new")}
    </Button>
  );
  return (
    <>
      <PageHead title={t("nav.lists")} sub={t("lists.sub")} actions={may && all.data?.items.length !== 0 && begin} />
      <div className="op-stack">
        <Loaded query={all} rows={6}>
          {({ items }) => (
            <>
              {items.length > 0 && (
                <div data-search style={{ maxWidth: 320 }}>
                  <Input allowClear aria-label={t("lists.search")} placeholder={t("lists.search")} value={q} onChange={(event) => void navigate({ search: (before) => ({ ...before, q: event.target.value === "" ? undefined : event.target.value }), replace: true })} />
                </div>
              )}
              <section className="op-panel" aria-label={t("nav.lists")}>
                {items.length === 0 ? (
                  <Nothing title={t("lists.none")} text={t("lists.noneText")} actions={may && begin} />
                ) : (
                  <Table<CustomerList>
                    size="middle"
                    rowKey="name"
                    data-testid="lists-table"
                    dataSource={items.filter(wanted)}
                    pagination={items.length > 50 ? { pageSize: 50 } : false}
                    showSorterTooltip={false}
                    locale={{ emptyText: <Nothing title={t("lists.noneFound")} /> }}
                    columns={[
                      {
                        title: t("lists.list"),
                        sorter: (a, b) => title(a.title, a.name).localeCompare(title(b.title, b.name), language === "en" ? "en" : "zh"),
                        render: (_, one) => (
                          <div>
                            <Link to="/lists/$name" params={{ name: one.name }} style={{ fontWeight: 550 }}>
                              {title(one.title, one.name)}
                            </Link>
                            <div className="op-mute op-code">{one.name}</div>
                          </div>
                        ),
                      },
                      {
                        title: t("lists.kind"),
                        render: (_, one) =>
                          one.segment === null ? (
                            t(`lists.kinds.${one.kind}`)
                          ) : (
                            <>
                              {t("lists.kinds.snapshot")}{" "}
                              <Link to="/segments/$name" params={{ name: one.segment }} className="op-code">
                                {one.segment}
                              </Link>
                            </>
                          ),
                      },
                      { title: t("lists.customers"), align: "right", sorter: (a, b) => a.size - b.size, render: (_, one) => <Exact value={one.size} /> },
                      { title: t("lists.entries"), align: "right", render: (_, one) => <Exact value={one.entries} /> },
                      { title: t("lists.unmatched"), align: "right", render: (_, one) => <Exact value={one.unmatched} /> },
                      { title: t("segments.usedBy"), align: "right", render: (_, one) => <span className="op-num">{one.used_by.length}</span> },
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
                )}
              </section>
            </>
          )}
        </Loaded>
      </div>
      {act === "new" && <NewList onClose={() => void navigate({ search: (before) => ({ ...before, act: undefined }) })} />}
    </>
  );
}

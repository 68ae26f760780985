import { PlusOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Button, Input, Table } from "antd";
import { type MessageRow, messages } from "@/api/messages";
import { usePlaces } from "@/lib/places";
import { useMay } from "@/lib/session";
import { author } from "@/lib/title";
import { useText } from "@/lib/useText";
import { Time } from "@/parts/Figures";
import { Loaded, Nothing } from "@/parts/Loaded";
import { PageHead } from "@/parts/PageHead";
import { Status } from "@/parts/Status";
import { ApprovalStatusMark } from "./Approving";
import { Users } from "./Users";

/** All messages, where they go out and whether they may. */
export function Messages() {
  const { t, title, language } = useText();
  const places = usePlaces();
  const may = useMay("messages.write");
  const all = useQuery(messages.all());
  const { q = "" } = useSearch({ from: "/shell/messages" });
  const navigate = useNavigate({ from: "/messages" });
  const wanted = (one: MessageRow): boolean => `${one.name} ${one.title.zh} ${one.title.en}`.toLowerCase().includes(q.trim().toLowerCase());
  const begin = (
    <Link to="/messages/new">
      <Button type="primary" icon={<PlusOutlined />} data-testid="message-new">
        {t("reach.messages.new")}
      </Button>
    </Link>
  );
  return (
    <>
      <PageHead title={t("nav.messages")} sub={t("reach.messages.sub")} actions={may && all.data?.items.length !== 0 && begin} />
      <div className="op-stack">
        <Loaded query={all} rows={6}>
          {({ items, approval }) => (
            <>
              {items.length > 0 && (
                <div data-search style={{ maxWidth: 320 }}>
                  <Input allowClear aria-label={t("reach.messages.search")} placeholder={t("reach.messages.search")} value={q} onChange={(event) => void navigate({ search: { q: event.target.value === "" ? undefined : event.target.value }, replace: true })} />
                </div>
              )}
              <section className="op-panel" aria-label={t("nav.messages")}>
                {items.length === 0 ? (
                  <Nothing title={t("reach.messages.none")} text={t("reach.messages.noneText")} actions={may && begin} />
                ) : (
                  <Table<MessageRow>
                    size="middle"
                    rowKey="name"
                    data-testid="messages"
                    dataSource={items.filter(wanted)}
                    pagination={items.length > 50 ? { pageSize: 50 } : false}
                    showSorterTooltip={false}
                    locale={{ emptyText: <Nothing title={t("reach.messages.noneFound")} /> }}
                    columns={[
                      {
                        title: t("reach.message"),
                        sorter: (a, b) => title(a.title, a.name).localeCompare(title(b.title, b.name), language === "en" ? "en" : "zh"),
                        render: (_, one) => (
                          <div>
                            <Link to="/messages/$name" params={{ name: one.name }} style={{ fontWeight: 550 }}>
                              {title(one.title, one.name)}
                            </Link>
                            <div className="op-mute op-code">{one.name}</div>
                          </div>
                        ),
                      },
                      { title: t("reach.channel"), render: (_, one) => one.channels.map(places.channel).join(t("reach.and")) },
                      { title: t("reach.category"), render: (_, one) => t(`reach.categories.${one.category as "promotion"}`, { defaultValue: one.category }) },
                      { title: t("segments.usedBy"), render: (_, one) => <Users names={one.used_by} none={t("reach.unused")} /> },
                      {
                        title: t("reach.messages.checks"),
                        render: (_, one) => (
                          <Status kind={one.problems > 0 ? "error" : one.warnings > 0 ? "warning" : "ok"}>
                            {one.problems > 0 ? t("reach.messages.problems", { count: one.problems }) : one.warnings > 0 ? t("reach.messages.warnings", { count: one.warnings }) : t("reach.messages.fine")}
                          </Status>
                        ),
                      },
                      { title: t("reach.approvals.title"), render: (_, one) => (one.approval === null && !approval ? <span className="op-mute">{t("reach.approvals.unneeded")}</span> : <ApprovalStatusMark status={one.approval} />) },
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
    </>
  );
}

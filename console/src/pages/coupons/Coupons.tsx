import { PlusOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Button, Table } from "antd";
import { lazy, Suspense } from "react";
import { type CouponRow, coupons } from "@/api/coupons";
import { useMay } from "@/lib/session";
import { useText } from "@/lib/useText";
import { Exact } from "@/parts/Figures";
import { Loaded, Nothing } from "@/parts/Loaded";
import { PageHead } from "@/parts/PageHead";
import { Status } from "@/parts/Status";
import { Users } from "@/pages/messages/Users";
import { Redeemed, Stock, useFace } from "./words";

const Edit = lazy(() => import("./Edit").then((part) => ({ default: part.Edit })));

/** All batches: how many codes are left, given out, used. */
export function Coupons() {
  const { t, title, language } = useText();
  const all = useQuery({ ...coupons.all(), refetchInterval: 30_000 });
  const may = useMay("messages.write");
  const face = useFace();
  const { act } = useSearch({ from: "/shell/coupons" });
  const navigate = useNavigate({ from: "/coupons" });
  const begin = (
    <Button type="primary" icon={<PlusOutlined />} onClick={() => void navigate({ search: { act: "new" } })} data-testid="coupon-new">
      {t("reach.coupons.new")}
    </Button>
  );
  return (
    <>
      <PageHead title={t("nav.coupons")} sub={t("reach.coupons.sub")} actions={may && all.data?.items.length !== 0 && begin} />
      <Loaded query={all} rows={6}>
        {({ items }) => (
          <section className="op-panel" aria-label={t("nav.coupons")}>
            {items.length === 0 ? (
              <Nothing title={t("reach.coupons.none")} text={t("reach.coupons.noneText")} actions={may && begin} />
            ) : (
              <Table<CouponRow>
                size="middle"
                rowKey="name"
                data-testid="coupons"
                dataSource={items}
                pagination={items.length > 50 ? { pageSize: 50 } : false}
                showSorterTooltip={false}
                columns={[
                  {
                    title: t("reach.coupons.batch"),
                    sorter: (a, b) => title(a.title, a.name).localeCompare(title(b.title, b.name), language === "en" ? "en" : "zh"),
                    render: (_, one) => (
                      <div>
                        <Link to="/coupons/$name" params={{ name: one.name }} style={{ fontWeight: 550 }}>
                          {title(one.title, one.name)}
                        </Link>{" "}
                        {one.paused && <Status kind="warning">{t("reach.coupons.paused")}</Status>}
                        <div className="op-mute op-code">{one.name}</div>
                      </div>
                    ),
                  },
                  { title: t("reach.coupons.face"), render: (_, one) => face(one.face) },
                  { title: t("reach.coupons.codes"), render: (_, one) => t(`reach.coupons.kinds.${one.codes}`) },
                  { title: t("reach.coupons.stock"), render: (_, one) => <Stock coupon={one} /> },
                  { title: t("reach.coupons.given"), align: "right", sorter: (a, b) => a.figures.given - b.figures.given, render: (_, one) => <Exact value={one.figures.given} /> },
                  { title: t("reach.coupons.redeemed"), align: "right", sorter: (a, b) => a.figures.redeemed - b.figures.redeemed, render: (_, one) => <Redeemed coupon={one} /> },
                  { title: t("segments.usedBy"), render: (_, one) => <Users names={one.used_by} none={t("reach.unused")} /> },
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

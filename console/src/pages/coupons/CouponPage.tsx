import { DownloadOutlined, EditOutlined } from "@ant-design/icons";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { App, Button, Input, InputNumber, Select, Table, Upload } from "antd";
import { lazy, Suspense, useState } from "react";
import { type CodeStatus, codesUrl, type CouponCode, type CouponDetail, coupons, useGenerate, useUploadCodes, useVoidFree } from "@/api/coupons";
import { exact } from "@/lib/format";
import { usePlaces } from "@/lib/places";
import { useLength } from "@/lib/length";
import { useMay } from "@/lib/session";
import { author } from "@/lib/title";
import { useText } from "@/lib/useText";
import { Users } from "@/pages/messages/Users";
import { CustomerName } from "@/parts/CustomerName";
import { Dash, Exact, Figure, Figures, Time } from "@/parts/Figures";
import { Loaded, Nothing, useErrorText } from "@/parts/Loaded";
import { PageHead, Panel } from "@/parts/PageHead";
import { Status } from "@/parts/Status";
import { CODE_KINDS, CODE_STATES, Redeemed, Stock, useFace } from "./words";

const Edit = lazy(() => import("./Edit").then((part) => ({ default: part.Edit })));

function Codes({ coupon }: { coupon: CouponDetail }) {
  const { t } = useText();
  const { status } = useSearch({ from: "/shell/coupons/$name" });
  const navigate = useNavigate({ from: "/coupons/$name" });
  const query = useInfiniteQuery(coupons.codes(coupon.name, status));
  return (
    <Panel
      flush
      title={t("reach.coupons.list")}
      extra={
        <div className="op-row">
          <Select<CodeStatus>
            allowClear
            style={{ width: 130 }}
            aria-label={t("reach.state")}
            placeholder={t("reach.state")}
            value={status}
            onChange={(next?: CodeStatus) => void navigate({ search: (before) => ({ ...before, status: next }), replace: true })}
            options={CODE_STATES.map((value) => ({ value, label: t(`reach.coupons.states.${value}`) }))}
          />
          {coupon.codes_in_clear && (
            <Button href={codesUrl(coupon.name, status)} download icon={<DownloadOutlined />} title={t("reach.coupons.exportNote")}>
              {t("reach.coupons.export")}
            </Button>
          )}
        </div>
      }
    >
      <Loaded query={query} rows={6}>
        {({ pages }) => (
          <>
            {pages[0]?.masked === true && <p className="op-mute" style={{ padding: "0 16px" }}>{t("reach.coupons.masked")}</p>}
            <Table<CouponCode>
              size="middle"
              rowKey="id"
              data-testid="codes"
              dataSource={pages.flatMap((page) => page.items)}
              pagination={false}
              locale={{ emptyText: <Nothing title={t("reach.coupons.noCodes")} text={t(`reach.coupons.noCodesText.${coupon.codes}`)} /> }}
              columns={[
                { title: t("reach.coupons.code"), render: (_, one) => <span className="op-code">{one.code}</span> },
                { title: t("reach.state"), render: (_, one) => <Status kind={CODE_KINDS[one.status]}>{t(`reach.coupons.states.${one.status}`)}</Status> },
                { title: t("customers.columns.customer"), render: (_, one) => (one.customer_id === null ? <Dash /> : <CustomerName id={Number(one.customer_id)} name={one.name} />) },
                { title: t("reach.coupons.issuedAt"), align: "right", render: (_, one) => <Time at={one.issued_at} /> },
                { title: t("reach.coupons.until"), align: "right", render: (_, one) => <Time at={one.valid_until} /> },
                { title: t("reach.coupons.redeemedAt"), align: "right", render: (_, one) => <Time at={one.redeemed_at} /> },
                { title: t("reach.coupons.order"), render: (_, one) => one.order_id ?? <Dash /> },
              ]}
            />
            {query.hasNextPage && (
              <div style={{ padding: 12 }}>
                <Button loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                  {t("reach.more")}
                </Button>
              </div>
            )}
          </>
        )}
      </Loaded>
    </Panel>
  );
}

/** More codes, or fewer: made here, from a file; taken out of use with a reason. */
function Supply({ coupon }: { coupon: CouponDetail }) {
  const { t, language } = useText();
  const { message } = App.useApp();
  const errorText = useErrorText();
  const generate = useGenerate(coupon.name);
  const upload = useUploadCodes(coupon.name);
  const voiding = useVoidFree(coupon.name);
  const [count, setCount] = useState<number | null>(1000);
  const [reason, setReason] = useState("");
  const onError = (error: unknown): void => {
    const text = errorText(error);
    void message.error([text.title, ...text.details].join(" "));
  };
  return (
    <Panel title={t("reach.coupons.supply")}>
      <div className="op-stack" style={{ gap: 12 }}>
        {coupon.codes === "generated" && (
          <>
            {coupon.on_demand && <p className="op-mute" style={{ margin: 0 }}>{t("reach.coupons.onDemand")}</p>}
            <div className="op-row">
              <InputNumber aria-label={t("reach.coupons.howMany")} min={1} max={10_000_000} precision={0} value={count} onChange={setCount} data-testid="generate-count" />
              <Button
                disabled={count === null}
                loading={generate.isPending}
                onClick={() => generate.mutate(count ?? 1, { onSuccess: ({ made }) => void message.success(t("reach.coupons.made", { n: exact(made, language) })), onError })}
                data-testid="generate"
              >
                {t("reach.coupons.generate")}
              </Button>
            </div>
          </>
        )}
        {coupon.codes === "uploaded" && (
          <>
            <Upload
              accept=".csv,.txt"
              maxCount={1}
              showUploadList={false}
              beforeUpload={(file) => {
                upload.mutate(file, { onError });
                return false;
              }}
            >
              <Button loading={upload.isPending}>{t("reach.coupons.upload")}</Button>
            </Upload>
            <div className="op-mute" role="status">
              {upload.data === undefined ? t("reach.coupons.uploadNote") : t("reach.coupons.uploaded", { added: upload.data.added, duplicates: upload.data.duplicates, refused: upload.data.refused })}
            </div>
          </>
        )}
        {coupon.codes === "shared" && <p className="op-mute">{t("reach.coupons.sharedNote")}</p>}
        {coupon.figures.free > 0 && (
          <div className="op-row">
            <Input style={{ width: 180 }} aria-label={t("reach.coupons.voidReason")} placeholder={t("reach.coupons.voidReason")} value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />
            <Button
              danger
              disabled={reason.trim().length < 3}
              loading={voiding.isPending}
              onClick={() =>
                voiding.mutate(reason.trim(), {
                  onSuccess: ({ voided }) => {
                    setReason("");
                    void message.success(t("reach.coupons.voided", { n: exact(voided, language) }));
                  },
                  onError,
                })
              }
              data-testid="void"
            >
              {t("reach.coupons.voidFree", { n: exact(coupon.figures.free, language) })}
            </Button>
          </div>
        )}
      </div>
    </Panel>
  );
}

function Content({ coupon }: { coupon: CouponDetail }) {
  const length = useLength();
  const { t, title } = useText();
  const places = usePlaces();
  const may = useMay("messages.write");
  const face = useFace();
  const { act } = useSearch({ from: "/shell/coupons/$name" });
  const navigate = useNavigate({ from: "/coupons/$name" });
  return (
    <>
      <PageHead
        crumb={<Link to="/coupons">{t("nav.coupons")}</Link>}
        title={title(coupon.title, coupon.name)}
        sub={
          <>
            <span className="op-code">{coupon.name}</span> · {face(coupon.face)} · {t("reach.version", { version: coupon.version })} · {author(coupon.author)} <Time at={coupon.changed_at} show="relative" />
          </>
        }
        actions={
          may && (
            <Button type="primary" icon={<EditOutlined />} onClick={() => void navigate({ search: (before) => ({ ...before, act: "edit" }) })} data-testid="coupon-edit">
              {t("reach.coupons.edit")}
            </Button>
          )
        }
      />
      <div className="op-stack">
        {coupon.paused && <Status kind="warning">{t("reach.coupons.pausedText")}</Status>}
        <Figures label={t("reach.coupons.figures")}>
          <Figure small label={t("reach.coupons.stock")}>
            <Stock coupon={coupon} />
          </Figure>
          <Figure label={t("reach.coupons.given")} note={t("reach.coupons.perCustomerNote", { n: coupon.per_customer })}>
            <Exact value={coupon.figures.given} testId="coupon-given" />
          </Figure>
          <Figure label={t("reach.coupons.redeemed")}>
            <Redeemed coupon={coupon} />
          </Figure>
          <Figure label={t("reach.coupons.states.expired")}>
            <Exact value={coupon.figures.expired} />
          </Figure>
          <Figure label={t("reach.coupons.states.free")}>
            <Exact value={coupon.figures.free} testId="coupon-free" />
          </Figure>
          {coupon.codes === "shared" && (
            <Figure label={t("reach.coupons.strays")} note={t("reach.coupons.straysNote")}>
              <Exact value={coupon.figures.strays} />
            </Figure>
          )}
        </Figures>
        <div className="op-two">
          <Codes coupon={coupon} />
          <div className="op-stack">
            {may && <Supply coupon={coupon} />}
            <Panel title={t("reach.coupons.rules")}>
              <dl className="op-facts">
                <dt>{t("reach.coupons.validFor")}</dt>
                <dd>{coupon.valid_for === null ? <Dash /> : length(coupon.valid_for)}</dd>
                <dt>{t("reach.coupons.until")}</dt>
                <dd>
                  <Time at={coupon.valid_until} />
                </dd>
                <dt>{t("reach.coupons.where")}</dt>
                <dd>{coupon.touchpoints.length === 0 ? t("reach.coupons.everywhere") : coupon.touchpoints.map(places.touchpoint).join(t("reach.and"))}</dd>
                <dt>{t("segments.usedBy")}</dt>
                <dd>
                  <Users names={coupon.used_by} none={t("reach.unused")} />
                </dd>
              </dl>
            </Panel>
          </div>
        </div>
      </div>
      {act === "edit" && (
        <Suspense>
          <Edit detail={coupon} onClose={() => void navigate({ search: (before) => ({ ...before, act: undefined }) })} />
        </Suspense>
      )}
    </>
  );
}

export function CouponPage() {
  const { name } = useParams({ from: "/shell/coupons/$name" });
  const query = useQuery({ ...coupons.one(name), refetchInterval: 15_000 });
  return (
    <Loaded query={query} rows={12}>
      {(coupon) => <Content coupon={coupon} />}
    </Loaded>
  );
}

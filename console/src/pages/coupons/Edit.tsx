import { useNavigate } from "@tanstack/react-router";
import { Button, Checkbox, Drawer, Input, InputNumber, Select, Tabs } from "antd";
import { lazy, Suspense, useState } from "react";
import { type CouponDetail, useSaveCoupon } from "@/api/coupons";
import type { JsonObject } from "@/conditions/model";
import { useText } from "@/lib/useText";
import { Problem, Waiting } from "@/parts/Loaded";
import { object, put, text, titles } from "@/pages/messages/definition";

const YamlEdit = lazy(() => import("@/pages/messages/YamlEdit").then((part) => ({ default: part.YamlEdit })));

const KINDS = ["generated", "uploaded", "shared"] as const;
type Kind = (typeof KINDS)[number];
const EMPTY: JsonObject = { coupon: "", title: { zh: "", en: "" }, face: { amount: 20, min_spend: 99, currency: "CNY" }, valid: { for: "30 days" }, codes: { generated: { length: 10 } }, stock: 10_000, per_customer: 1 };
const CODES: Record<Kind, JsonObject> = { generated: { generated: { length: 10 } }, uploaded: { uploaded: true }, shared: { shared: "" } };

const number = (value: unknown): number | null => (typeof value === "number" ? value : null);

function Fields({ value, fresh, onChange }: { value: JsonObject; fresh: boolean; onChange: (value: JsonObject) => void }) {
  const { t } = useText();
  const named = titles(value.title);
  const face = object(value.face);
  const valid = object(value.valid);
  const codes = object(value.codes);
  const kind = KINDS.find((one) => one in codes) ?? "generated";
  const worth = "percent" in face ? "percent" : "amount";
  const turn = (to: "amount" | "percent"): void => {
    const { amount: _amount, percent: _percent, ...rest } = face;
    onChange({ ...value, face: { [to]: to === "percent" ? 10 : 20, ...rest } });
  };
  return (
    <div className="op-stack" style={{ gap: 12 }}>
      <label>
        <span className="op-mute">{t("reach.titleZh")}</span>
        <Input value={named.zh} maxLength={60} onChange={(event) => onChange({ ...value, title: { zh: event.target.value, en: named.en === "" || named.en === named.zh ? event.target.value : named.en } })} data-testid="coupon-title" />
      </label>
      {fresh && (
        <label>
          <span className="op-mute">{t("editor.name")}</span>
          <Input className="op-code" value={text(value.coupon)} placeholder="CPN_NEW_20" onChange={(event) => onChange({ ...value, coupon: event.target.value })} data-testid="coupon-name" />
        </label>
      )}
      <div className="op-row">
        <Select aria-label={t("reach.coupons.face")} style={{ width: 120 }} value={worth} onChange={turn} options={(["amount", "percent"] as const).map((one) => ({ value: one, label: t(`reach.coupons.worths.${one}`) }))} />
        <InputNumber aria-label={t(`reach.coupons.worths.${worth}`)} min={0.01} max={worth === "percent" ? 100 : undefined} value={number(face[worth])} onChange={(next) => onChange({ ...value, face: { ...face, [worth]: next } })} data-testid="coupon-worth" />
        <label className="op-row">
          {t("reach.coupons.minSpend")}
          <InputNumber min={0} value={number(face.min_spend) ?? 0} onChange={(next) => onChange({ ...value, face: { ...face, min_spend: next ?? 0 } })} />
        </label>
      </div>
      <div className="op-row">
        <label>
          <span className="op-mute">{t("reach.coupons.validFor")}</span>
          <Input value={text(valid.for)} placeholder={text(object(EMPTY.valid).for)} onChange={(event) => onChange({ ...value, valid: put(valid, "for", event.target.value) })} />
        </label>
        <label>
          <span className="op-mute">{t("reach.coupons.until")}</span>
          <Input value={text(valid.until)} placeholder="2026-12-31" onChange={(event) => onChange({ ...value, valid: put(valid, "until", event.target.value) })} />
        </label>
      </div>
      <div>
        <span className="op-mute">{t("reach.coupons.codes")}</span>
        <Select style={{ width: "100%" }} aria-label={t("reach.coupons.codes")} disabled={!fresh} value={kind} onChange={(next: Kind) => onChange({ ...value, codes: CODES[next] })} options={KINDS.map((one) => ({ value: one, label: t(`reach.coupons.kinds.${one}`) }))} />
      </div>
      {kind === "shared" && (
        <label>
          <span className="op-mute">{t("reach.coupons.sharedCode")}</span>
          <Input className="op-code" value={text(codes.shared)} onChange={(event) => onChange({ ...value, codes: { shared: event.target.value } })} />
        </label>
      )}
      <div className="op-row">
        <label className="op-row">
          <span className="op-mute">{t("reach.coupons.stock")}</span>
          <InputNumber style={{ width: 140 }} min={1} precision={0} value={number(value.stock)} onChange={(next) => onChange(put(value, "stock", next ?? undefined))} data-testid="coupon-stock" />
        </label>
        <label className="op-row">
          <span className="op-mute">{t("reach.coupons.perCustomer")}</span>
          <InputNumber style={{ width: 100 }} min={1} precision={0} value={number(value.per_customer) ?? 1} onChange={(next) => onChange({ ...value, per_customer: next ?? 1 })} />
        </label>
        <label className="op-row">
          <span className="op-mute">{t("reach.coupons.lowAt")}</span>
          <InputNumber style={{ width: 120 }} min={0} precision={0} value={number(value.low)} onChange={(next) => onChange(put(value, "low", next ?? undefined))} />
        </label>
      </div>
      <Checkbox checked={value.paused === true} onChange={(event) => onChange(put(value, "paused", event.target.checked ? true : undefined))}>
        {t("reach.coupons.pause")}
      </Checkbox>
    </div>
  );
}

/** A batch by its fields or as YAML. */
export function Edit({ detail, onClose }: { detail: CouponDetail | undefined; onClose: () => void }) {
  const { t } = useText();
  const navigate = useNavigate();
  const save = useSaveCoupon(detail?.name);
  const [value, setValue] = useState<JsonObject>(detail?.definition ?? EMPTY);
  const [broken, setBroken] = useState(false);
  const [reason, setReason] = useState("");
  const [tab, setTab] = useState("form");
  const fresh = detail === undefined;
  const act = (): void =>
    save.mutate(
      { definition: value, version: detail?.version, reason },
      {
        onSuccess: (saved) => {
          if (fresh) void navigate({ to: "/coupons/$name", params: { name: saved.name } });
          else onClose();
        },
      },
    );
  return (
    <Drawer
      open
      size={560}
      title={fresh ? t("reach.coupons.new") : t("reach.coupons.edit")}
      onClose={onClose}
      footer={
        <div className="op-row" style={{ justifyContent: "flex-end" }}>
          {!fresh && <Input style={{ width: 220 }} aria-label={t("reach.changeReason")} placeholder={t("reach.changeReason")} value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />}
          <Button type="primary" disabled={broken || text(value.coupon) === ""} loading={save.isPending} onClick={act} data-testid="coupon-save">
            {t("common.save")}
          </Button>
        </div>
      }
    >
      {save.isError && <Problem error={save.error} />}
      <Tabs
        activeKey={tab}
        destroyOnHidden
        onChange={setTab}
        items={[
          { key: "form", label: t("reach.messages.tabs.form"), disabled: broken, children: <Fields value={value} fresh={fresh} onChange={setValue} /> },
          {
            key: "yaml",
            label: "YAML",
            children: (
              <Suspense fallback={<Waiting rows={8} />}>
                <YamlEdit value={value} readOnly={false} onChange={setValue} onBroken={setBroken} />
              </Suspense>
            ),
          },
        ]}
      />
    </Drawer>
  );
}

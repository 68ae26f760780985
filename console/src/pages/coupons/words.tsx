import type { CodeStatus, CouponRow } from "@/api/coupons";
import { exact, money, percent } from "@/lib/format";
import { useText } from "@/lib/useText";
import { Exact } from "@/parts/Figures";
import { Share } from "@/parts/Share";
import { Status, type StatusKind } from "@/parts/Status";

export const CODE_KINDS: Record<CodeStatus, StatusKind> = { free: "idle", issued: "info", redeemed: "ok", expired: "warning", void: "error" };
export const CODE_STATES = Object.keys(CODE_KINDS) as CodeStatus[];

/** What a coupon is worth, in a phrase. */
export function useFace(): (face: CouponRow["face"]) => string {
  const { t, language } = useText();
  return ({ amount, percent: off, min_spend, currency }) => {
    const worth = amount !== null ? t("reach.coupons.amountOff", { amount: money(amount, currency, language) }) : t("reach.coupons.percentOff", { percent: percent((off ?? 0) / 100, language) });
    return min_spend > 0 ? t("reach.coupons.atLeast", { worth, least: money(min_spend, currency, language) }) : worth;
  };
}

/** How much of what may be given out is left; a warning where it is little. */
export function Stock({ coupon }: { coupon: CouponRow }) {
  const { t, language } = useText();
  const { left, given, low } = coupon.figures;
  if (left === null) return <span className="op-mute">{t("reach.coupons.endless")}</span>;
  const all = left + given;
  return (
    <div style={{ minWidth: 150 }}>
      <Share share={all === 0 ? 0 : left / all} label={t("reach.coupons.left")} />
      <div className="op-note">
        {t("reach.coupons.leftOf", { left: exact(left, language), all: exact(all, language) })} {low && <Status kind="warning">{t("reach.coupons.low")}</Status>}
      </div>
    </div>
  );
}

/** Redeemed ones of those given out. */
export function Redeemed({ coupon }: { coupon: CouponRow }) {
  const { language } = useText();
  const { redeemed, given } = coupon.figures;
  return (
    <>
      <Exact value={redeemed} />
      {given > 0 && <div className="op-note">{percent(redeemed / given, language)}</div>}
    </>
  );
}

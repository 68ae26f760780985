"""Coupons: batches of codes, given out exactly once for each key, redeemed by events, expired by the clock."""

from onepool.reach.coupons.codes import CodesError, Loaded, generate, load, void
from onepool.reach.coupons.figures import STATUSES, Figures, all_figures, counted, figures_of, running_low
from onepool.reach.coupons.issue import forget, issue
from onepool.reach.coupons.model import ALPHABET, Coupon, CouponError, coupon_schema, parse_coupon
from onepool.reach.coupons.moving import moved, parted, returned
from onepool.reach.coupons.redeem import EVENT, expire, fold
from onepool.reach.coupons.store import UnknownCoupon, all_batches, load_batch

__all__ = [
    "ALPHABET",
    "EVENT",
    "STATUSES",
    "CodesError",
    "Coupon",
    "CouponError",
    "Figures",
    "Loaded",
    "UnknownCoupon",
    "all_batches",
    "all_figures",
    "counted",
    "coupon_schema",
    "expire",
    "figures_of",
    "fold",
    "forget",
    "generate",
    "issue",
    "load",
    "load_batch",
    "moved",
    "parse_coupon",
    "parted",
    "returned",
    "running_low",
    "void",
]

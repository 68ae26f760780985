"""Tables of coupons: the codes of each batch."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, String, Table

from onepool.state.tables import Id, metadata

coupon_codes = Table(
    "coupon_codes",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("batch", String(128), nullable=False),
    Column("code", String(64), nullable=False),
    Column("status", String(16), nullable=False),  # free | issued | redeemed | expired | void
    Column("key", BigInteger, nullable=True),  # hash of run, node, visit: the same key gets the same code again
    Column("customer_id", BigInteger, nullable=True),
    Column("run_id", BigInteger, nullable=True),
    Column("loaded", BigInteger, nullable=False),
    Column("issued", BigInteger, nullable=True),
    Column("valid_from", BigInteger, nullable=True),
    Column("valid_until", BigInteger, nullable=True),
    Column("redeemed", BigInteger, nullable=True),
    Column("order_id", String(128), nullable=True),
)
# A code may be shared by a whole batch (then every issue is a row); issued keys are told apart all the same.
Index("coupon_codes_key", coupon_codes.c.batch, coupon_codes.c.key, unique=True)
Index("coupon_codes_code", coupon_codes.c.batch, coupon_codes.c.code)
Index("coupon_codes_customer", coupon_codes.c.customer_id)
Index("coupon_codes_free", coupon_codes.c.batch, coupon_codes.c.status)

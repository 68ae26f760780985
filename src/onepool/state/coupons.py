"""Tables of coupons: the codes of each batch, and how many of them are what."""

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
Index(
    "coupon_codes_key",
    coupon_codes.c.batch,
    coupon_codes.c.key,
    unique=True,
    sqlite_where=coupon_codes.c.key.is_not(None),
    postgresql_where=coupon_codes.c.key.is_not(None),
)
Index("coupon_codes_code", coupon_codes.c.code, coupon_codes.c.batch)
Index(
    "coupon_codes_customer",
    coupon_codes.c.customer_id,
    sqlite_where=coupon_codes.c.customer_id.is_not(None),
    postgresql_where=coupon_codes.c.customer_id.is_not(None),
)
Index("coupon_codes_status", coupon_codes.c.batch, coupon_codes.c.status, coupon_codes.c.id)
Index(
    "coupon_codes_until",
    coupon_codes.c.valid_until,
    sqlite_where=coupon_codes.c.status == "issued",
    postgresql_where=coupon_codes.c.status == "issued",
)

# Codes of each batch by status, kept in the transactions that change them (reach/coupons/figures.py): a count of a
# million rows would take longer than issuing a thousand. `strays`: a shared code redeemed by somebody who never got it.
coupon_batches = Table(
    "coupon_batches",
    metadata,
    Column("batch", String(128), primary_key=True),
    Column("free", BigInteger, nullable=False, default=0),
    Column("issued", BigInteger, nullable=False, default=0),
    Column("redeemed", BigInteger, nullable=False, default=0),
    Column("expired", BigInteger, nullable=False, default=0),
    Column("void", BigInteger, nullable=False, default=0),
    Column("strays", BigInteger, nullable=False, default=0),
    Column("changed", BigInteger, nullable=False),
)

# To which customer (the number of one of the identifiers) codes were given out that went over to others in merges, so
# that they go with that identifier when customers are split.
coupon_origins = Table(
    "coupon_origins",
    metadata,
    Column("code_id", BigInteger, primary_key=True, autoincrement=False),
    Column("customer_id", BigInteger, nullable=False),
    Index("coupon_origins_customer", "customer_id"),
)

# Codes of each batch that are void and had been given out: a shop may honour them all the same, so that they count
# towards the stock.
coupon_recalls = Table(
    "coupon_recalls",
    metadata,
    Column("batch", String(128), primary_key=True),
    Column("count", BigInteger, nullable=False),
)

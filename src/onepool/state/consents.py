"""Tables of consent: every word that somebody said (append-only), the notices they were shown, and what holds now."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from onepool.state.tables import Id, metadata

# What somebody said about being written to, as it came in. Never changed, never deleted before the person asks for it.
consent_ledger = Table(
    "consent_ledger",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("seq", BigInteger, nullable=False),  # place in the log: of words at one instant the later counts
    Column("identifier_id", BigInteger, nullable=False),
    Column("purpose", String(64), nullable=False),  # `all`: every purpose; `template:ID`: messages of one template
    Column("category", String(32), nullable=False, default=""),  # empty: every category
    Column("channel", String(32), nullable=False, default=""),  # empty: every channel
    Column("action", String(16), nullable=False),  # granted | withdrawn
    Column("time", BigInteger, nullable=False),  # when it was said
    Column("at", BigInteger, nullable=False),  # when it was written here
    # What the event's field `method` says (reply, one_click, page, complaint, api, preference_page …), else `event`.
    Column("source", String(64), nullable=False),
    Column("touchpoint", String(128), nullable=False, default=""),
    Column("event_id", LargeBinary(16), nullable=True),
    Column("notice", String(64), nullable=False, default=""),  # name@version of the text shown
    Column("notice_hash", String(64), nullable=False, default=""),
    Column("evidence", Text, nullable=False, default=""),  # JSON, no personal data in clear
    UniqueConstraint("seq", "purpose", "category", "channel", name="consent_ledger_once"),
    Index("consent_ledger_identifier", "identifier_id", "time"),
)

# The fold of the ledger: the latest word of each identifier, purpose, category and channel.
consent_states = Table(
    "consent_states",
    metadata,
    Column("identifier_id", BigInteger, primary_key=True, autoincrement=False),
    Column("purpose", String(64), primary_key=True),
    Column("category", String(32), primary_key=True),
    Column("channel", String(32), primary_key=True),
    Column("granted", Boolean, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
)

# Texts that people were shown when they were asked, by version.
consent_notices = Table(
    "consent_notices",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("name", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("language", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("author", String(256), nullable=False),
    UniqueConstraint("name", "version", "language"),
)

# Links to somebody's own preference page: the digest of the token, whose it is.
preference_links = Table(
    "preference_links",
    metadata,
    Column("token", LargeBinary(32), primary_key=True),
    Column("identifier_id", BigInteger, nullable=False),
    Column("send_id", BigInteger, nullable=True),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Index("preference_links_identifier", "identifier_id"),
)

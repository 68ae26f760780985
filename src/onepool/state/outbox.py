"""Tables of reach: the outbox, attempts, broadcasts, pace and health of accounts."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, LargeBinary, String, Table, Text, text

from onepool.state.tables import Id, metadata

# The outbox: one row per message and hop of a chain. It is the ledger of caps too (what was claimed and not failed).
sends = Table(
    "sends",
    metadata,
    Column(
        "send_id", Id, primary_key=True, autoincrement=False
    ),  # hash of run (or broadcast, customer), node, visit, hop
    Column("run_id", BigInteger, nullable=True),
    Column("broadcast_id", BigInteger, nullable=True),
    Column("version_id", BigInteger, nullable=True),  # of the journey
    Column("journey", String(128), nullable=False, default=""),  # its name; of broadcasts `broadcast:ID`
    Column("customer_id", BigInteger, nullable=False),
    Column("node", Integer, nullable=False, default=0),
    Column("visit", Integer, nullable=False, default=0),
    Column("hop", Integer, nullable=False, default=0),
    Column("channel", String(32), nullable=False),
    Column("touchpoint", String(128), nullable=False),
    Column("kind", String(64), nullable=False),  # of message, in the channel's manifest
    Column("message", String(128), nullable=False),
    Column("message_version", Integer, nullable=False),
    Column("identifier_id", BigInteger, nullable=True),  # where it goes; never the address itself
    Column("staff_id", String(128), nullable=True),  # who is to confirm it
    Column("template", String(128), nullable=True),  # the content of the message; null: the only one of the channel
    Column("policy", BigInteger, nullable=False),  # send_policies
    Column("category", String(32), nullable=False),  # transactional | service | promotion …
    Column("purpose", String(64), nullable=True),  # null: the category's
    Column("priority", Integer, nullable=False),  # class (0 transactional, 1 triggered, 2 scheduled) * 1000 + 999 - own
    Column("state", Integer, nullable=False),  # reach/states.py
    Column("reason", String(32), nullable=True),
    Column("due", BigInteger, nullable=True),  # not before; of a task: ask again then
    Column("planned", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=True),
    Column("claimed", BigInteger, nullable=True),  # when the latest call was begun: what caps count by
    Column("claimer", String(32), nullable=True),
    Column("concluded", BigInteger, nullable=True),  # when its outcome was final for the chain
    Column("deadline", BigInteger, nullable=True),  # of a task: by when somebody has to confirm
    Column("told", Boolean, nullable=False, default=False),  # whether the executor has taken the outcome
    Column("attempts", Integer, nullable=False, default=0),
    Column("provider_id", String(128), nullable=True),
    Column("code", String(64), nullable=True),
    Column("delivered", BigInteger, nullable=True),
    Column("read", BigInteger, nullable=True),
    Column("clicked", BigInteger, nullable=True),
    Column("vars", Text, nullable=True),  # JSON: values of the run that the message needs
    Column("cost", Float, nullable=True),
    Column("changed", BigInteger, nullable=False, default=0),  # when the row was last written: the pool follows by it
)
_WAITING = text("state IN (1, 2, 4)")
"""May still be claimed: `states.WAITING` as it stands in the queries that use the index."""

Index(
    "sends_waiting_kind",
    sends.c.touchpoint,
    sends.c.journey,
    sends.c.priority,
    sends.c.kind,
    sends.c.due,
    sqlite_where=_WAITING,
    postgresql_where=_WAITING,
)
_BUSY = text("state IN (3, 5, 6)")
Index("sends_busy", sends.c.touchpoint, sends.c.state, sends.c.due, sqlite_where=_BUSY, postgresql_where=_BUSY)
_UNTOLD = text("concluded IS NOT NULL AND told = false")
Index("sends_untold", sends.c.concluded, sqlite_where=_UNTOLD, postgresql_where=_UNTOLD)
Index("sends_changed", sends.c.changed)
Index("sends_planned", sends.c.planned)
Index("sends_customer", sends.c.customer_id, sends.c.claimed)
for _name, _columns in {
    "provider": (sends.c.provider_id,),
    "broadcast": (sends.c.broadcast_id, sends.c.state),
}.items():
    _known = _columns[0].is_not(None)
    Index(f"sends_{_name}", *_columns, sqlite_where=_known, postgresql_where=_known)

# What holds for messages of one kind (reach/rules.py), by the hash of its text: what the claim asks again.
send_policies = Table(
    "send_policies",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),  # canonical JSON
)

# Every call that was made for a message.
send_attempts = Table(
    "send_attempts",
    metadata,
    Column("send_id", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("ended", BigInteger, nullable=True),
    Column("state", String(16), nullable=False),  # calling | sent | task | refused | retry | unknown
    Column("reason", String(32), nullable=True),
    Column("code", String(64), nullable=True),
    Column("provider_id", String(128), nullable=True),
    Column("detail", Text, nullable=False, default=""),
)

# Pace and health of each account: GCRA's theoretical arrival time by limit, and the circuit breaker.
reach_accounts = Table(
    "reach_accounts",
    metadata,
    Column("touchpoint", String(128), primary_key=True),
    Column("buckets", Text, nullable=False, default="{}"),  # JSON: limit -> theoretical arrival time, microseconds
    Column("breaker", String(16), nullable=False, default="closed"),  # closed | open | half_open
    Column("failures", Integer, nullable=False, default=0),
    Column("open_until", BigInteger, nullable=True),
    Column("reason", String(200), nullable=False, default=""),
    Column("paused", Boolean, nullable=False, default=False),
    Column("changed", BigInteger, nullable=False),
)

# Deficit round robin: what each journey (or broadcast) is owed at an account.
reach_shares = Table(
    "reach_shares",
    metadata,
    Column("touchpoint", String(128), primary_key=True),
    Column("sender", String(160), primary_key=True),  # journey:name | broadcast:id
    Column("deficit", Float, nullable=False),
)

# Messages to a whole segment, once.
broadcasts = Table(
    "broadcasts",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("name", String(128), nullable=False, unique=True),
    Column("body", Text, nullable=False),  # JSON, see reach/broadcasts
    Column("version", Integer, nullable=False, default=1),  # grows with every change of the body
    Column(
        "status", String(16), nullable=False
    ),  # draft | asked | scheduled | planning | sending | paused | done | cancelled
    Column("author", String(256), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("start", BigInteger, nullable=True),
    Column("started", BigInteger, nullable=True),
    Column("ended", BigInteger, nullable=True),
    Column("audience", LargeBinary, nullable=True),  # pyroaring bitmap, frozen at the start
    Column("total", BigInteger, nullable=False, default=0),
    Column("planned", BigInteger, nullable=False, default=0),  # customers of the audience seen so far
    Column("duplicates", BigInteger, nullable=False, default=0),  # of them, whose address had a message already
)

# The version of its message that a broadcast goes out with: as it was when a second person was asked, or at the start.
broadcast_messages = Table(
    "broadcast_messages",
    metadata,
    Column("broadcast_id", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),  # of the broadcast
    Column("message_version", Integer, nullable=False),
)

# Addresses and customers that get nothing (of a category, over a channel), whatever they agreed to. `customer_id` is
# the number of the person when it was written: the id of one of their identifiers, so it stands for whoever bears that
# one now. `identifier_id`: that address only.
suppressions = Table(
    "suppressions",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("customer_id", BigInteger, nullable=True),
    Column("identifier_id", BigInteger, nullable=True),
    Column("channel", String(32), nullable=False, default=""),  # empty: all
    Column("category", String(32), nullable=False, default=""),  # empty: all but transactional
    Column("purpose", String(64), nullable=False, default=""),  # empty: all
    Column("reason", String(64), nullable=False),  # hard_bounce | complaint | opted_out | manual | erased | dead_number
    Column("source", String(128), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=True),
    Column("lifted", BigInteger, nullable=True),
    Column("lifted_by", String(256), nullable=False, default=""),
    Column("author", String(256), nullable=False, default=""),
    Column("note", Text, nullable=False, default=""),
    # Of a word that is in the log and not yet in the ledger: its record. Lifted by the tick that takes the record in.
    Column("log_offset", BigInteger, nullable=True),
    Index("suppressions_customer", "customer_id"),
    Index("suppressions_identifier", "identifier_id"),
    Index(
        "suppressions_pending",
        "log_offset",
        sqlite_where=text("log_offset IS NOT NULL AND lifted IS NULL"),
        postgresql_where=text("log_offset IS NOT NULL AND lifted IS NULL"),
    ),
)

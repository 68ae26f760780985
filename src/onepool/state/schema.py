"""Tables of the state. Instants are integers: microseconds since 1970 in UTC, the same on every engine."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from onepool.state.tables import Id as _Id
from onepool.state.tables import metadata

VERSION = 4

meta = Table("meta", metadata, Column("key", String(64), primary_key=True), Column("value", Text, nullable=False))

identifiers = Table(
    "identifiers",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=False),
    Column("key", LargeBinary(16), nullable=False, unique=True),  # blake2b-128 of (type, scope, value, generation)
    Column("type", String(64), nullable=False),
    Column("scope", String(128), nullable=False),
    Column("value", Text, nullable=False),
    Column("first_seen", BigInteger, nullable=False),
    Column("last_seen", BigInteger, nullable=False),
    # A value handed on to somebody else (a recycled phone, a device) goes on under a further identifier: `base` is the
    # first one's id, `generation` counts from 0, `valid_from` is the instant from which it holds (null: always).
    Column("base", BigInteger, nullable=True),
    Column("generation", Integer, nullable=False, default=0),
    Column("valid_from", BigInteger, nullable=True),
    # The name last heard with it, as a code that can only be compared (identity/witness.py); 0 where none was.
    Column("witness", BigInteger, nullable=False, default=0),
    Column("witness_time", BigInteger, nullable=True),
    Index("identifiers_base", "base"),
)

# Evidence that two identifiers are one person. Never deleted, only superseded; `status` and `reason` say what was
# concluded from it (identity/links.py). Ends are base identifiers, a < b.
links = Table(
    "links",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=False),
    Column("a", BigInteger, nullable=False),
    Column("b", BigInteger, nullable=False),
    Column("rule", String(64), nullable=False),
    Column("touchpoint", String(128), nullable=False),
    Column("first_event", LargeBinary(16), nullable=False),
    Column("first_time", BigInteger, nullable=False),
    Column("last_event", LargeBinary(16), nullable=False),
    Column("last_time", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
    # How a contact among the two became known: 0 not said, 1 typed, 2 proved.
    Column("trust", Integer, nullable=False, default=0),
    Column("confidence", Float, nullable=True),  # probability, of links by likelihood
    Column("status", String(16), nullable=False),
    Column("reason", String(200), nullable=False, default=""),
    Index("links_a", "a"),
    Index("links_b", "b"),
    # Few links stand out; those are the ones that are asked for.
    Index(
        "links_unjoined",
        "status",
        sqlite_where=text("status NOT IN ('joined', 'follows')"),
        postgresql_where=text("status NOT IN ('joined', 'follows')"),
    ),
)

# Whether a person lets identifiers be joined: the latest word of each identifier, by the time of the event.
consents = Table(
    "consents",
    metadata,
    Column("identifier_id", BigInteger, primary_key=True, autoincrement=False),
    Column("granted", Boolean, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("event_id", LargeBinary(16), nullable=False),
    Column("touchpoint", String(128), nullable=False),
)

# People's rulings. Append-only: what is taken back has a row of kind `undo` that names it.
decisions = Table(
    "decisions",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False),  # merge | never | split | block | undo
    Column("a", BigInteger, nullable=True),
    Column("b", BigInteger, nullable=True),
    Column("payload", Text, nullable=False),  # JSON: of a split the pairs cut and both sides
    Column("author", String(256), nullable=False),
    Column("reason", Text, nullable=False),
    Column("undoes", BigInteger, nullable=True, unique=True),
    Index("decisions_a", "a"),
    Index("decisions_b", "b"),
)

# Pairs of customers that a model finds alike, each by an identifier of theirs, a < b.
candidates = Table(
    "candidates",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("a", BigInteger, nullable=False),
    Column("b", BigInteger, nullable=False),
    Column("probability", Float, nullable=False),
    Column("detail", Text, nullable=False),  # JSON: level and weight of each comparison
    Column("model", Integer, nullable=False),  # version of the model's definition
    Column("at", BigInteger, nullable=False),
    Column("status", String(16), nullable=False),  # open | joined | merged | never | gone
    UniqueConstraint("a", "b"),
    Index("candidates_status", "status", "probability"),
)

# Pairs of the review that people put off: until when, and what spoke for the pair then. New evidence brings it back.
postponed = Table(
    "postponed",
    metadata,
    Column("kind", String(16), primary_key=True),  # candidate | conflict
    Column("ref", BigInteger, primary_key=True, autoincrement=False),  # id of the candidate or link
    Column("until", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("author", String(256), nullable=False),
    Column("reason", Text, nullable=False),
    Column("evidence", String(64), nullable=False),  # digest, see identity/read/postponed.py
)

# Merges and splits as the tick made them: of whom, with whom; and which identifiers moved along.
customer_changes = Table(
    "customer_changes",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("log_offset", BigInteger, nullable=False),
    # merge: customer_id went up in other_id; split: came out of other_id; move: identifier customer_id was other_id's
    Column("kind", String(16), nullable=False),
    Column("customer_id", BigInteger, nullable=False),
    Column("other_id", BigInteger, nullable=False),
    Index("customer_changes_at", "at"),
    Index("customer_changes_customer", "customer_id"),
    Index("customer_changes_other", "other_id"),
)

# Where each stream of a touchpoint (orders, followers …) was fetched to, and how its last run went.
streams = Table(
    "streams",
    metadata,
    Column("touchpoint", String(128), primary_key=True),
    Column("stream", String(64), primary_key=True),
    Column("cursor", Text, nullable=False),  # JSON, the channel's own
    Column("ran_at", BigInteger, nullable=True),
    Column("done_at", BigInteger, nullable=True),  # the last run that went through
    Column("next_at", BigInteger, nullable=True),
    Column("pages", BigInteger, nullable=False, default=0),
    Column("failures", Integer, nullable=False, default=0),  # one after another
    Column("error", Text, nullable=False, default=""),
)

# What a person lets an account send to them (tick/allowances.py): messages left until an instant (null: without end) in
# a reply window, or of a balance; `per` tells balances apart (a template), else it is empty.
allowances = Table(
    "allowances",
    metadata,
    Column("touchpoint", String(128), primary_key=True),
    Column("identifier_id", BigInteger, primary_key=True, autoincrement=False),
    Column("allowance", String(64), primary_key=True),
    Column("per", String(128), primary_key=True),
    Column("left_count", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=True),
    Column("updated", BigInteger, nullable=False),  # the latest deed counted, or message sent
)

# Messages that go out at once on a push (collect/prompts.py): who has taken one in hand. Rows are kept for a day.
prompts = Table(
    "prompts",
    metadata,
    Column("key", LargeBinary(16), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Index("prompts_at", "at"),
)

# Short links of messages (collect/links.py): where each leads, and to whom it was sent.
short_links = Table(
    "short_links",
    metadata,
    Column("code", String(12), primary_key=True),
    Column("url", Text, nullable=False),
    Column("touchpoint", String(128), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("id_type", String(64), nullable=False),  # empty: sent to nobody in particular
    Column("id_scope", String(128), nullable=False),
    Column("id_value", Text, nullable=False),
    Column("message_id", String(128), nullable=False),
    Column("campaign", String(128), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("arrived", BigInteger, nullable=True),  # when the message was delivered, once that is known
    Index("short_links_expires", "expires"),
    Index("short_links_message", "message_id"),
    Index("short_links_id", "id_type", "id_scope", "id_value"),
)

# What the tick decided about tags and segments: each row one batch of changes, columns packed as Arrow (zstd).
outcomes = Table(
    "outcomes",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("log_offset", BigInteger, nullable=False),
    Column("payload", LargeBinary, nullable=False),
)

# Work that runs beside the tick (tick/jobs.py): one job at a time; one cut short by a crash waits again.
jobs = Table(
    "jobs",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("kind", String(32), nullable=False),  # tag_run | tag_backfill
    Column("subject", String(128), nullable=False),  # name of the tag
    Column("body", Text, nullable=False),  # JSON: instants asked for, why
    Column("author", String(256), nullable=False),
    Column("status", String(16), nullable=False),  # waiting | running | done | failed | cancelled
    Column("cancel", Boolean, nullable=False, default=False),
    Column("step", String(200), nullable=False, default=""),
    Column("done", Integer, nullable=False, default=0),  # parts that are kept
    Column("parts", Integer, nullable=False),
    Column("progress", Float, nullable=True),  # of the part in hand, 0 to 1
    Column("problem", Text, nullable=False, default=""),
    Column("created_at", BigInteger, nullable=False),
    Column("started_at", BigInteger, nullable=True),
    Column("finished_at", BigInteger, nullable=True),
    Index("jobs_status", "status"),
)

# What a tag was for all customers at an instant (audience/tags/runs.py): figures of every run, values (Arrow, zstd) of
# those that computed the tag. The last hundred of each tag are kept.
tag_runs = Table(
    "tag_runs",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("tag", String(128), nullable=False),
    Column("as_of", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("hash", String(64), nullable=False),  # of everything that decides the values (audience/catalog.py)
    Column("why", String(16), nullable=False),  # saved | schedule | run | backfill | daily
    Column("coverage", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("psi", Float, nullable=True),  # against the run before, by as_of
    Column("seconds", Float, nullable=False),
    Column("figures", Text, nullable=False),  # JSON
    Column("card", Text, nullable=False, default=""),  # JSON: of a model, what it learned
    Column("payload", LargeBinary, nullable=True),
    UniqueConstraint("tag", "as_of"),
)

# Values of tags of kind import, as they came in (audience/tags/inputs.py): of identifiers, columns packed as Arrow.
tag_inputs = Table(
    "tag_inputs",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("tag", String(128), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("mode", String(16), nullable=False),  # append | overwrite: what came before counts no more
    Column("author", String(256), nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Index("tag_inputs_tag", "tag"),
)

# Runs of learned tags (audience/mining/store.py): each with its card, and the model as arrays of numbers and texts.
tag_models = Table(
    "tag_models",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("tag", String(128), nullable=False),
    Column("version", Integer, nullable=False),  # of the tag's definition
    Column("as_of", BigInteger, nullable=False),
    Column("trained_at", BigInteger, nullable=False),
    Column("refused", Boolean, nullable=False),
    Column("card", Text, nullable=False),  # JSON
    Column("model", LargeBinary, nullable=True),
    UniqueConstraint("tag", "as_of"),
)

# What was put on lists and taken off (audience/lists/log.py): each row one change, identifiers packed as Arrow (zstd).
# The payload of what counts no more (replaced, deleted) is emptied.
list_changes = Table(
    "list_changes",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("list", String(128), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("mode", String(16), nullable=False),  # add | replace | remove | delete | erase
    Column("author", String(256), nullable=False),
    Column("source", String(256), nullable=False),  # the file, or what a snapshot was made of
    Column("read", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("duplicates", BigInteger, nullable=False),
    Column("entries", BigInteger, nullable=False),
    Column("payload", LargeBinary, nullable=True),
    Index("list_changes_list", "list"),
)

# Who was on a list until a change took them off: their identifiers without the values, as the worker found them.
list_past = Table(
    "list_past",
    metadata,
    Column("change", BigInteger, primary_key=True, autoincrement=False),
    Column("payload", LargeBinary, nullable=True),
)

definitions = Table(
    "definitions",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("kind", String(32), nullable=False),
    Column("name", String(128), nullable=False),
    Column("version", Integer, nullable=False),
    Column("body", Text, nullable=False),  # canonical JSON
    Column("hash", String(64), nullable=False),
    Column("author", String(256), nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("current", Boolean, nullable=False),
    Column("deleted", Boolean, nullable=False, default=False),
    UniqueConstraint("kind", "name", "version"),
    Index("definitions_current", "kind", "current"),
)

users = Table(
    "users",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("email", String(256), nullable=False, unique=True),
    Column("name", String(256), nullable=False),
    Column("role", String(32), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("language", String(16), nullable=True),
    Column("disabled", Boolean, nullable=False, default=False),
    Column("created_at", BigInteger, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("user_id", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("name", String(256), nullable=False),
    Column("key_hash", LargeBinary(32), nullable=False, unique=True),
    Column("role", String(32), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_used_at", BigInteger, nullable=True),
    Column("revoked_at", BigInteger, nullable=True),
)

login_attempts = Table(
    "login_attempts",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("subject", String(320), nullable=False),  # account or address, lower case
    Column("at", BigInteger, nullable=False),
    Index("login_attempts_subject", "subject", "at"),
)

# Runs of destinations (reach/runs.py). One without an end was cut short.
destination_runs = Table(
    "destination_runs",
    metadata,
    Column("destination", String(64), primary_key=True),
    Column("run", BigInteger, primary_key=True, autoincrement=False),
    Column("started_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger, nullable=True),
    Column("rows", BigInteger, nullable=False),
    Column("gone", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("place", Text, nullable=False),
    Column("error", Text, nullable=False),
)

# How many members a run of an audience left out, who have not agreed to it; no row where nobody was.
destination_left_out = Table(
    "destination_left_out",
    metadata,
    Column("destination", String(64), primary_key=True),
    Column("run", BigInteger, primary_key=True, autoincrement=False),
    Column("members", BigInteger, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("actor", String(256), nullable=False),
    Column("action", String(64), nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),  # JSON, no personal data in clear
    Index("audit_at", "at"),
)

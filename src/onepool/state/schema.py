"""Tables of the state. Instants are integers: microseconds since 1970 in UTC, the same on every engine."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

VERSION = 1

metadata = MetaData()

# SQLite gives a rowid only to INTEGER primary keys; elsewhere these ids are 64 bits wide.
_Id = BigInteger().with_variant(Integer, "sqlite")

meta = Table("meta", metadata, Column("key", String(64), primary_key=True), Column("value", Text, nullable=False))

identifiers = Table(
    "identifiers",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=False),
    Column("key", LargeBinary(16), nullable=False, unique=True),  # blake2b-128 of (type, scope, value)
    Column("type", String(64), nullable=False),
    Column("scope", String(128), nullable=False),
    Column("value", Text, nullable=False),
    Column("first_seen", BigInteger, nullable=False),
)

# Evidence that two identifiers are one person. Never deleted, only superseded.
links = Table(
    "links",
    metadata,
    Column("key", LargeBinary(16), primary_key=True),  # blake2b-128 of (a, b, rule, touchpoint)
    Column("a", BigInteger, nullable=False),
    Column("b", BigInteger, nullable=False),
    Column("rule", String(64), nullable=False),
    Column("touchpoint", String(128), nullable=False),
    Column("first_event", LargeBinary(16), nullable=False),
    Column("first_time", BigInteger, nullable=False),
    Column("last_event", LargeBinary(16), nullable=False),
    Column("last_time", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("status", String(16), nullable=False, default="active"),
    Index("links_a", "a"),
    Index("links_b", "b"),
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

"""What all tables of the state share."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, MetaData

metadata = MetaData()

# SQLite gives a rowid only to INTEGER primary keys; elsewhere these ids are 64 bits wide.
Id = BigInteger().with_variant(Integer, "sqlite")

"""Which columns of the pool's events are asked for their values."""

from __future__ import annotations

from collections.abc import Iterable

from onepool.pool import Session
from onepool.standards import FieldType, Standard


def own_columns(session: Session, standard: Standard, more: Iterable[str] = ()) -> list[str]:
    """Fields that some event of the standard has of its own, and `more`: those that the pool has columns of already."""
    own = {field for event in standard.events.values() for field in event.fields} | set(more)
    items = sorted(name for name in own & set(standard.fields) if standard.fields[name].type is FieldType.ITEMS)
    found = session.query(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'main' AND table_name = 'events'"
    )
    present = set(found.column("column_name").to_pylist())
    return [name for name in (*standard.columns, *items) if name in own and name in present]

"""The pool as a data standard wants it: tables with its columns, views that mask what is personal."""

from __future__ import annotations

from onepool.pool import Columns, Session, schema, views
from onepool.standards import Standard
from onepool.standards.personal import hidden_of


def install(session: Session, standard: Standard) -> None:
    """Make the tables, columns and views that are missing; nothing is dropped but views that changed."""
    columns = columns_of(standard)
    schema.create(session, columns)
    hidden = hidden_of(standard)
    views.create(session, columns, _object_fields(standard), hidden.in_views(), hidden.masked_types())


def installed(session: Session) -> bool:
    """Whether the pool has its tables."""
    found = session.query(
        "SELECT 1 FROM information_schema.tables WHERE table_schema = 'analyst' AND table_name = 'customers'"
    )
    return bool(found.num_rows)


def columns_of(standard: Standard) -> Columns:
    """The pool's typed columns of a data standard."""
    return Columns(
        events={name: str(sql_type) for name, sql_type in standard.columns.items()},
        items={name: str(sql_type) for name, sql_type in standard.item_columns.items()},
        attributes={name: str(attribute.sql) for name, attribute in standard.attributes.items()},
    )


def _object_fields(standard: Standard) -> dict[str, dict[str, str]]:
    return {
        kind: {name: str(standard.fields[name].sql) for name in object_type.fields if name != object_type.id}
        for kind, object_type in standard.objects.items()
    }

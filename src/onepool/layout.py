"""The pool as a data standard wants it: tables with its columns, views that mask what is personal."""

from __future__ import annotations

from onepool.pool import Columns, Session, schema, views
from onepool.privacy.masking import HIDDEN_CLASSES, PERSON_NAMES
from onepool.standards import Attribute, Field, Standard


def install(session: Session, standard: Standard) -> None:
    """Make the tables, columns and views that are missing; nothing is dropped but views that changed."""
    columns = columns_of(standard)
    schema.create(session, columns)
    views.create(session, columns, _object_fields(standard), _personal(standard))


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


def _personal(standard: Standard) -> frozenset[str]:
    """Attributes and event fields that analysts see masked, with the other names that they may be sent under."""
    known: list[Field | Attribute] = [*standard.fields.values(), *standard.attributes.values()]
    # `name` is a person's among the attributes, and a product's among the fields.
    names = PERSON_NAMES - set(standard.item_fields)
    hidden = [
        one
        for one in known
        if one.personal in HIDDEN_CLASSES or one.name in (PERSON_NAMES if isinstance(one, Attribute) else names)
    ]
    return frozenset(name for one in hidden for name in (one.name, *one.synonyms))

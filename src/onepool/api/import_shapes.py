"""What is seen in a file, in the shapes of the API: its columns with masked cells, and what a column may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from onepool.api.dictionary import titles
from onepool.api.models.imports import FileKind, ImportColumn, ImportSight, ImportTarget
from onepool.api.showing import Shown
from onepool.collect.files import Seen
from onepool.collect.files.mapping import OBJECTS
from onepool.collect.files.peek import SeenColumn
from onepool.collect.files.plan import ORDER_CONTROLS, Target, controls
from onepool.privacy.masking import mask_text
from onepool.standards import Standard

Role = Literal["control", "identifier", "field", "item", "attribute"]


def sight(seen: Seen, kind: FileKind, standard: Standard, view: Shown) -> ImportSight:
    """A look into a file."""
    facts = seen.facts
    return ImportSight(
        format=facts.format,
        encoding=facts.encoding,
        compression=facts.compression,
        delimiter=facts.delimiter,
        header_row=facts.header_row,
        columns=[_column(one, kind, standard, view) for one in seen.columns],
        rows=seen.rows,
        missing_columns=seen.missing,
        targets=targets(kind, standard),
    )


def _column(one: SeenColumn, kind: FileKind, standard: Standard, view: Shown) -> ImportColumn:
    target = one.target
    return ImportColumn(
        name=one.name,
        role=target.role,
        target=None if target.role == "ignore" else written(target),
        known=_known(target, kind, standard),
        cells=[_cell(target, cell, view) for cell in one.cells],
    )


def written(target: Target) -> str:
    """A target as a mapping says it."""
    if target.role == "identifier":
        return f"{target.name}@{target.scope}" if target.scope else target.name
    return f"{target.role}.{target.name}" if target.role in ("item", "attribute") else target.name


def _known(target: Target, kind: FileKind, standard: Standard) -> bool:
    match target.role:
        case "field":
            return standard.field_named(target.name, kind=OBJECTS.get(kind)) is not None
        case "item":
            return target.name in standard.item_fields
        case "attribute":
            return standard.attribute_named(target.name) is not None
        case _:
            return target.role != "ignore"


def _cell(target: Target, cell: str, view: Shown) -> str:
    if not cell:
        return ""
    match target.role:
        case "identifier":
            return view.hidden.identifier(target.name, cell)[0]
        case "attribute":
            return mask_text(view.attribute(target.name, cell)[0])
        case "field" | "item":
            return mask_text(str(view.fields({target.name: cell})[target.name]))
        case _:
            return mask_text(cell)


def targets(kind: FileKind, standard: Standard) -> list[ImportTarget]:
    """What a column of such a file may be, as a form offers it."""
    found: dict[str, ImportTarget] = {}
    for role, target, title, name in _targets(kind, standard):
        found.setdefault(target, ImportTarget(target=target, role=role, title=titles(title, name)))
    return list(found.values())


def _targets(kind: FileKind, standard: Standard) -> Iterator[tuple[Role, str, Mapping[Any, str] | None, str]]:
    for name, word in controls(kind).items():
        field = standard.fields.get(name)
        yield "control", name, field.title if field else {"zh": word, "en": name.replace("_", " ").capitalize()}, name
    if kind == "orders":
        # The order's own number, amount and the like are fields of the standard that steer the import as well.
        for name in sorted(ORDER_CONTROLS - controls(kind).keys()):
            field = standard.fields.get(name)
            yield "control", name, field.title if field else None, name
    if kind not in OBJECTS:
        for name, identifier in standard.identifier_types.items():
            yield "identifier", name, identifier.title, name
    if kind == "orders":
        for name in standard.item_fields:
            field = standard.fields.get(name)
            yield "item", f"item.{name}", field.title if field else None, name
    if kind in ("events", "orders") or kind in OBJECTS:
        own = standard.objects[OBJECTS[kind]].fields if kind in OBJECTS else None
        own = standard.events["order_paid"].fields if kind == "orders" else own
        for name in standard.fields if own is None else own:
            field = standard.fields.get(name)
            yield "field", name, field.title if field else None, name
    if kind in ("events", "customers", "orders"):
        for name, attribute in standard.attributes.items():
            yield "attribute", f"attribute.{name}", attribute.title, name

"""What a list is, as the workspace keeps it beside its entries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal

from pydantic import ValidationError, model_validator
from pydantic_core import PydanticCustomError

from onepool.audience.conditions import ConditionError
from onepool.audience.conditions.model import Part
from onepool.audience.conditions.parse import plain_data, problems_of
from onepool.audience.conditions.values import Text
from onepool.audience.tags.model import ObjectName, TitleField

LISTS: Final = "list"
"""The kind of these definitions."""

CUSTOMER: Final = "customer"
"""Type of entries that are customers' numbers: they follow the identifier that the number comes from."""


class ListDefinition(Part):
    """A list. Uploads fill it, or it was filled once with the members of `segment`, or of a condition.

    Applied from the workspace's folder it may have its entries in a `file`, of which `column` holds values of the
    `type`; `digest` says which content that was.
    """

    list: ObjectName
    title: TitleField
    description: Text | None = None
    source: Literal["upload", "snapshot"] = "upload"
    segment: Text | None = None
    file: Text | None = None
    type: Text | None = None
    column: Text | None = None
    digest: Text | None = None

    @model_validator(mode="after")
    def _fit(self) -> ListDefinition:
        if self.file is None and (self.type, self.column, self.digest) != (None, None, None):
            raise PydanticCustomError("value", "type, column and digest say what is in `file`, which is missing")
        if self.file is not None and self.source == "snapshot":
            raise PydanticCustomError("value", "a snapshot has no file")
        return self


def parse_list(body: Mapping[str, Any]) -> ListDefinition:
    """The list that `body` defines. Raises ConditionError with every problem and its place."""
    plain = plain_data(body)
    name = plain.get("list")
    try:
        return ListDefinition.model_validate(plain)
    except ValidationError as error:
        known = {"": list(ListDefinition.model_fields), "title": ["zh", "en"]}
        where = f"list {name}" if isinstance(name, str) else None
        raise ConditionError(problems_of(error, known), where=where) from None


def list_titles(bodies: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """Name -> title of each list. A body that can't be read names nothing."""
    found = {}
    for body in bodies:
        try:
            one = parse_list(body)
        except ConditionError:
            continue
        found[one.list] = one.title.model_dump()
    return found


def lists_named(body: Any) -> Iterator[str]:
    """Lists that a definition asks for, at any depth: the leaves `{list: name}` of its conditions."""
    if isinstance(body, Mapping):
        if len(body) == 1 and isinstance(body.get("list"), str):
            yield body["list"]
            return
        for value in body.values():
            yield from lists_named(value)
    elif isinstance(body, list | tuple):
        for value in body:
            yield from lists_named(value)

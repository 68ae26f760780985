"""Mapping files: what the columns of a file mean when their names don't say it.

kind: orders
time_zone: Europe/London
date_format: "%d/%m/%Y %H:%M"
currency: GBP
columns:
  invoice_no: order_id                                  # a field, as a column of that name would be read
  customer_id: member_no@shop                           # an identifier and its scope
  unit_price: item.price                                # a field of the order's line
  sex: {attribute: gender, values: {男: male, 女: female}}
  note: null                                            # left out
constants: {status: paid}
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from onepool import yaml_core
from onepool.collect.files.errors import MappingError

Kind = Literal["events", "orders", "customers", "products", "stores", "coupons", "campaigns", "links"]
KINDS: tuple[Kind, ...] = ("events", "orders", "customers", "products", "stores", "coupons", "campaigns", "links")

OBJECTS = {"products": "product", "stores": "store", "coupons": "coupon", "campaigns": "campaign"}
"""Kinds of file that hold business objects, and the standard's name of the object."""


def _zone(value: str | None) -> str | None:
    if value is not None:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"no such time zone: {value!r}; write one like Asia/Shanghai") from error
    return value


def _long_form(spec: Any) -> Any:
    """``name: field`` and ``name: null`` written out."""
    if spec is None:
        return {"ignore": True}
    return {"field": spec} if isinstance(spec, str) else spec


class Column(BaseModel):
    """What one column means; exactly one of the first five, or none to keep its usual meaning."""

    model_config = ConfigDict(extra="forbid")

    field: str | None = None
    identifier: str | None = None
    attribute: str | None = None
    item: str | None = None
    ignore: bool = False
    scope: str | None = None
    values: dict[str, str] = {}
    date_format: str | None = None
    time_zone: str | None = None

    _known_zone = field_validator("time_zone")(_zone)

    @field_validator("values", mode="before")
    @classmethod
    def _texts(cls, value: Any) -> Any:
        return {str(key): str(to) for key, to in value.items()} if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _one_meaning(self) -> Column:
        if sum(x is not None for x in (self.field, self.identifier, self.attribute, self.item)) + self.ignore > 1:
            raise ValueError("only one of field, identifier, attribute, item, ignore")
        if self.scope is not None and self.identifier is None:
            raise ValueError("scope goes with identifier")
        return self

    def target(self) -> str | None:
        """The meaning as the name of a column that would be read so."""
        if self.identifier is not None:
            return self.identifier if self.scope is None else f"{self.identifier}@{self.scope}"
        if self.attribute is not None:
            return f"attribute.{self.attribute}"
        return f"item.{self.item}" if self.item is not None else self.field


class Mapping(BaseModel):
    """One mapping file. Everything may be left out."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind | None = None
    encoding: str | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    sheet: str | None = None
    header: int | None = Field(default=None, ge=0, le=20)
    """Number of the header's row; 0 when the file has none."""
    time_zone: str | None = None
    date_format: str | None = None
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")
    missing: list[str] = ["", "\\N"]
    """Cells that mean: nothing here."""
    columns: dict[str, Column] = {}
    constants: dict[str, str] = {}
    others: Literal["keep", "ignore"] = "keep"
    """What happens to columns that are not named here."""

    _known_zone = field_validator("time_zone")(_zone)

    @field_validator("columns", mode="before")
    @classmethod
    def _short_forms(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {str(name): _long_form(spec) for name, spec in value.items()}

    @field_validator("constants", mode="before")
    @classmethod
    def _texts(cls, value: Any) -> Any:
        return {str(key): str(to) for key, to in value.items()} if isinstance(value, dict) else value


def load_mapping(source: Path | dict[str, Any]) -> Mapping:
    """Reads a mapping file, or takes its content. Raises MappingError naming the place."""
    if not isinstance(source, Path):
        return _checked(source, "mapping")
    try:
        return mapping_in(source.read_text(encoding="utf-8"), str(source))
    except (OSError, UnicodeDecodeError) as error:
        raise MappingError(f"not readable: {error}", where=str(source)) from error


def mapping_in(text: str, where: str = "mapping") -> Mapping:
    """The mapping in a text of YAML. Raises MappingError naming the place."""
    try:
        return _checked(yaml_core.load_written(text), where)
    except yaml.YAMLError as error:
        raise MappingError(f"not readable as YAML: {error}", where=where) from error


def _checked(data: Any, where: str) -> Mapping:
    try:
        return Mapping.model_validate(data or {})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise MappingError(first["msg"], where=f"{where}: {place}") from error

"""What a touchpoint says about how its input is to be read: its mapping."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from onepool.standards.check import nearest
from onepool.standards.errors import StandardError
from onepool.standards.names import loose
from onepool.standards.standard import Standard


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, dict=True, eq=False):
    """A touchpoint's mapping, as in `touchpoints/*.yaml` under `mapping`. Compared by identity.

    `events`, `fields`, `attributes`: the sender's name -> the standard's. `identifiers`: a field or attribute of the
    sender -> identifier type (`member_no`) or type and scope (`openid@wx123`). `ignore`: fields and attributes that
    are not kept. `money: fen`: bare numbers count hundredths. `currency`: of amounts that name none. `zone`: of times
    without one. `excel_dates`: small numbers are Excel's days.
    """

    events: dict[str, str] = {}
    fields: dict[str, str] = {}
    attributes: dict[str, str] = {}
    identifiers: dict[str, str] = {}
    ignore: tuple[str, ...] = ()
    money: Literal["yuan", "fen"] = "yuan"
    currency: str | None = None
    zone: str | None = None
    excel_dates: bool = False

    @cached_property
    def event_of(self) -> dict[str, str]:
        """Loose spelling of the sender's event -> event."""
        return {loose(name): event for name, event in self.events.items()}

    @cached_property
    def field_of(self) -> dict[str, str]:
        """Loose spelling of the sender's field -> field."""
        return {loose(name): field for name, field in self.fields.items()}

    @cached_property
    def attribute_of(self) -> dict[str, str]:
        """Loose spelling of the sender's attribute -> attribute."""
        return {loose(name): attribute for name, attribute in self.attributes.items()}

    @cached_property
    def identifier_of(self) -> dict[str, tuple[str, str]]:
        """Loose spelling of the sender's field or attribute -> (identifier type, scope or empty)."""
        parted = {loose(name): target.partition("@") for name, target in self.identifiers.items()}
        return {name: (kind, scope) for name, (kind, _, scope) in parted.items()}

    @cached_property
    def ignored(self) -> frozenset[str]:
        """Loose spellings of what is not kept."""
        return frozenset(loose(name) for name in self.ignore)


NO_OPTIONS = Options()


def parse_options(mapping: Mapping[str, Any] | None, standard: Standard, where: str) -> Options:
    """A touchpoint's mapping, checked against the standard.

    Raises:
        StandardError: naming the place and what to write instead.
    """
    if not mapping:
        return NO_OPTIONS
    try:
        options = msgspec.convert(dict(mapping), Options)
    except msgspec.ValidationError as error:
        unknown = [key for key in mapping if key not in Options.__struct_fields__]
        hint = nearest(str(unknown[0]), Options.__struct_fields__) if unknown else ""
        raise StandardError([f"{where}: mapping: {error}{hint}"]) from error
    problems: list[str] = []
    known: tuple[tuple[str, Mapping[str, str], Mapping[str, Any]], ...] = (
        ("events", options.events, standard.events),
        ("fields", options.fields, standard.fields),
        ("attributes", options.attributes, standard.attributes),
        (
            "identifiers",
            {name: target.partition("@")[0] for name, target in options.identifiers.items()},
            standard.identifier_types,
        ),
    )
    for section, given, names in known:
        for name, target in given.items():
            if target not in names:
                problems.append(
                    f"{where}: mapping.{section}.{name}: the standard has no {target}{nearest(target, names)}"
                )
    if options.zone is not None:
        try:
            ZoneInfo(options.zone)
        except (ZoneInfoNotFoundError, ValueError):
            problems.append(f"{where}: mapping.zone: no such time zone: {options.zone}; write one like Asia/Shanghai")
    if problems:
        raise StandardError(problems)
    return options

"""Names and values as Sensors' clients write them."""

from __future__ import annotations

import re
from typing import Any, Final

_NAME: Final = re.compile(r"[a-zA-Z_$][a-zA-Z0-9_$]{0,99}")
_RESERVED: Final = frozenset(
    {
        *("distinct_id", "original_id", "time", "properties", "id", "first_id", "second_id", "users", "events"),
        *("event", "event_id", "device_id", "user_id", "date", "datetime"),
    }
)
_RESERVED_STARTS: Final = ("user_group", "user_tag")
_KNOWN_LIMIT: Final = 20_000
_PLACEHOLDERS: Final = (
    "未取到值",
    "取值异常",
    "url的domain解析失败",
    "url解析失败",
    "url_domain异常",
    "hostname解析异常",
    "获取网络信息失败",
    "直接打开",
)
_UNPADDED: Final = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{1,2}")
LIFTED: Final = ("$is_login_id", "$time", "$token", "$project")
"""Properties that say something of the record and are none of its own."""

_known: set[str] = set()  # names that were found good; it only saves time


def fault(name: Any) -> str | None:
    """What is wrong with the name of an event, of a property or of a kind of item; None if nothing is."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        told = "is no name: write at most 100 letters (a-z), digits, `_` and `$`, not beginning with a digit"
        return f"{name!r:.120} {told}"
    lower = name.lower()
    if lower in _RESERVED or lower.startswith(_RESERVED_STARTS):
        return f"{name!r} is a reserved name; choose another one"
    return None


def wrong(properties: dict[str, Any]) -> tuple[str, str] | None:
    """The first property whose name breaks the rule, and how; None if all are good."""
    if properties.keys() <= _known:
        return None
    for name in properties:
        if name in _known:
            continue
        told = fault(name)
        if told is not None:
            return name[:120], told
        if len(_known) < _KNOWN_LIMIT:
            _known.add(name)
    return None


def wrong_event(name: Any) -> str | None:
    """What is wrong with the name of an event; None if nothing is."""
    if type(name) is str and name in _known:
        return None
    told = fault(name)
    if told is None and len(_known) < _KNOWN_LIMIT:
        _known.add(name)
    return told


def clean(properties: dict[str, Any]) -> None:
    """Takes those out that are lifted to the record, and makes None of what clients write for nothing.

    The clients write milliseconds of times without leading zeros: ``03:04:05.7`` is 7 ms after the second.
    """
    changed: list[tuple[str, str | None]] = []
    for name, value in properties.items():
        if type(value) is str:
            if 20 < len(value) < 23 and value[19] == "." and _UNPADDED.fullmatch(value):
                changed.append((name, value[:20] + value[20:].zfill(3)))
            elif name[0] == "$" and not value.isascii() and value.startswith(_PLACEHOLDERS):
                changed.append((name, None))
    for name, value in changed:
        properties[name] = value
    for name in LIFTED:
        properties.pop(name, None)

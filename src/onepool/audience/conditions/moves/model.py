"""The events that evaluation itself makes: somebody entered a segment, or left it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from onepool.audience.conditions.parts import Behaviour

MOVES: Final[Mapping[str, str]] = {"segment_entered": "enter", "segment_left": "exit"}
"""Event -> the change that makes it."""

FIELD: Final = "segment"
"""Their one field."""

TITLES: Final[Mapping[str, Mapping[str, str]]] = {
    "event:segment_entered": {"zh": "进入人群", "en": "Entered a segment"},
    "event:segment_left": {"zh": "离开人群", "en": "Left a segment"},
    f"field:{FIELD}": {"zh": "人群", "en": "Segment"},
}


def segments_moved(event: str, behaviour: Behaviour) -> list[str]:
    """The segments that such an event is asked of; none for other events, nor where they are not named."""
    predicate = (behaviour.where or {}).get(FIELD)
    if event not in MOVES or predicate is None:
        return []
    named = [*([predicate.is_] if predicate.is_ is not None else []), *(predicate.in_ or [])]
    return [str(one) for one in named]


def moves_named(body: Any) -> Iterator[str]:
    """The segments whose moves a definition asks for, at any depth of its body as written."""
    if isinstance(body, Mapping):
        event = body.get("did", body.get("did_not"))
        where = body.get("where")
        if isinstance(event, str) and event in MOVES and isinstance(where, Mapping):
            yield from _texts(where.get(FIELD))
        for value in body.values():
            yield from moves_named(value)
    elif isinstance(body, list | tuple):
        for value in body:
            yield from moves_named(value)


def _texts(said: Any) -> Iterator[str]:
    """`vip`, `[vip, new]`, `{is: vip}`, `{in: [vip, new]}`."""
    if isinstance(said, Mapping):
        for value in said.values():
            yield from _texts(value)
    elif isinstance(said, list | tuple):
        yield from (str(one) for one in said)
    elif said is not None:
        yield str(said)

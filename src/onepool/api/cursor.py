"""The place in a timeline as a short text: microseconds and sequence number."""

from __future__ import annotations

import re

from onepool.api.problems import Invalid
from onepool.clock import from_micros, to_micros
from onepool.pool.timeline import Place

_FORM = re.compile(r"(-?\d{1,17})\.(\d{1,18})", re.ASCII)


def to_cursor(place: Place) -> str:
    """The text of a place."""
    return f"{to_micros(place.time)}.{place.seq}"


def from_cursor(text: str) -> Place:
    """The place of a text. Raises Invalid."""
    match = _FORM.fullmatch(text)
    if match is None:
        raise Invalid("not a place in a timeline", where="before", hint="give `next` of the page before as it is")
    try:
        return Place(from_micros(int(match[1])), int(match[2]))
    except (OverflowError, ValueError):
        raise Invalid("not an instant of this calendar", where="before") from None

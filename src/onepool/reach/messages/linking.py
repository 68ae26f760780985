"""Links in messages: short, of one send each, made in bulk in the transaction of whoever sends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pyarrow as pa
from sqlalchemy import Connection, select

from onepool.collect import links as short
from onepool.reach.messages.model import PREFERENCES
from onepool.state.schema import short_links

SAMPLE: Final = "xxxxxxxx"
"""The code that stands in previews, as long as real ones."""

SAMPLE_BASE: Final = "https://example.com"
"""Where samples lead while the workspace has no public address."""

_CHUNK: Final = 500

Preferences = Callable[[Connection, Sequence[int]], Sequence[str | None]]
"""Addresses of the preference pages of these rows."""


@dataclass(frozen=True, slots=True)
class Linking:
    """For whom links are made. All sequences go row by row.

    ``base``: the workspace's public address; ``ids``: (type, scope, value) that the message goes to; ``sends``: their
    numbers, which are the links' message ids. ``again``: links of earlier attempts are used again. ``preferences``:
    makes the addresses of preference pages.
    """

    connection: Connection
    base: str
    touchpoint: str
    channel: str
    now: datetime
    sends: Sequence[int]
    ids: Sequence[tuple[str, str, str]]
    campaign: str = ""
    again: bool = False
    preferences: Preferences | None = None


def make_links(
    urls: Mapping[str, pa.StringArray], problems: Sequence[str | None], linking: Linking, *, preferences: bool = False
) -> dict[str, pa.StringArray]:
    """The short addresses of ``urls`` (name -> where each row's leads); null for rows with a problem."""
    rows = len(linking.sends)
    places: list[tuple[str, int]] = []
    wanted: list[short.NewLink] = []
    for name, column in urls.items():
        for row, url in enumerate(column.to_pylist()):
            if url is not None and problems[row] is None:
                places.append((name, row))
                wanted.append(
                    short.NewLink(
                        url, linking.touchpoint, linking.channel, linking.ids[row], str(linking.sends[row]),
                        linking.campaign,
                    )
                )  # fmt: skip
    known = _known(linking) if linking.again else {}
    missing = [
        number for number, link in enumerate(wanted) if (link.message_id, short.check_url(link.url)) not in known
    ]
    fresh = short.make(linking.connection, [wanted[number] for number in missing], linking.now) if missing else []
    codes = dict(zip(missing, fresh, strict=True))
    found: dict[str, list[str | None]] = {name: [None] * rows for name in urls}
    base = linking.base.rstrip("/")
    for number, (name, row) in enumerate(places):
        link = wanted[number]
        code = codes.get(number) or known[link.message_id, short.check_url(link.url)]
        found[name][row] = f"{base}/l/{code}"
    made = {name: pa.array(one, pa.string()) for name, one in found.items()}
    if preferences and linking.preferences is not None:
        right = [row for row in range(rows) if problems[row] is None]
        addresses: list[str | None] = [None] * rows
        for row, address in zip(right, linking.preferences(linking.connection, right), strict=True):
            addresses[row] = address
        made[PREFERENCES] = pa.array(addresses, pa.string())
    return made


def sample_links(names: Sequence[str], base: str, rows: int) -> dict[str, pa.StringArray]:
    """Addresses of the same length as real ones, that lead nowhere."""
    address = f"{base.rstrip('/') or SAMPLE_BASE}/l/{SAMPLE}"
    page = f"{base.rstrip('/') or SAMPLE_BASE}/p/{SAMPLE}"
    return {name: pa.array([page if name == PREFERENCES else address] * rows, pa.string()) for name in names}


def _known(linking: Linking) -> dict[tuple[str, str], str]:
    """(message id, address) -> code, of links that were made for these sends before."""
    found: dict[tuple[str, str], str] = {}
    messages = [str(one) for one in linking.sends]
    table = short_links.c
    for start in range(0, len(messages), _CHUNK):
        part = messages[start : start + _CHUNK]
        rows = linking.connection.execute(
            select(table.message_id, table.url, table.code).where(table.message_id.in_(part))
        )
        found.update({(message, url): code for message, url, code in rows})
    return found

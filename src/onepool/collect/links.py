"""Short links of messages: made in bulk by whoever sends, looked up when somebody clicks.

A code tells nothing and can't be guessed (62**8 of them); an address is stored once, so no request can choose where it
leads. `clicks` answers ``/l/{code}``.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import httpx
import numpy as np
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from onepool.clock import Clock, from_micros, to_micros
from onepool.errors import OnePoolError
from onepool.state import State
from onepool.state.bulk import insert_many, update_many
from onepool.state.schema import short_links

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CODE: Final = re.compile(r"[0-9A-Za-z]{7,8}")
LIFETIME: Final = timedelta(days=90)

_HOST: Final = re.compile(r"[0-9A-Za-z_.-]+|[0-9A-Fa-f:.]+")
_MAX_URL: Final = 2048
_CHUNK: Final = 500
_EVEN: Final = 62 * 4
"""Random bytes below this are spread evenly over the alphabet; others are thrown away."""

_COLUMNS: Final = (
    "code", "url", "touchpoint", "channel", "id_type", "id_scope", "id_value", "message_id", "campaign", "created",
    "expires",
)  # fmt: skip


class LinkError(OnePoolError):
    """An address that no short link may lead to."""

    code = "link"


class LinksBusy(OnePoolError):
    """More look-ups wait than can be answered in time."""

    code = "links-busy"


@dataclass(frozen=True, slots=True)
class NewLink:
    """A short link to make. ``id``: (type, scope, value) of the person that it is sent to, in the message
    ``message_id``."""

    url: str
    touchpoint: str
    channel: str
    id: tuple[str, str, str] = ("", "", "")
    message_id: str = ""
    campaign: str = ""


@dataclass(frozen=True, slots=True)
class Link(NewLink):
    """A short link that was made. ``arrived``: when its message was delivered, once that is known."""

    code: str = ""
    created: datetime | None = None
    expires: datetime | None = None
    arrived: datetime | None = None


def check_url(url: str) -> str:
    """The address as it is sent in a redirect (ASCII). Raises LinkError for anything but http and https."""
    try:
        parsed = httpx.URL(url.strip())
        text = str(parsed)
    except (httpx.InvalidURL, ValueError) as error:
        raise LinkError("the link's address can't be read", hint="write it as https://host/path") from error
    if parsed.scheme not in ("http", "https") or not _HOST.fullmatch(parsed.raw_host.decode("ascii", "replace")):
        raise LinkError("a link leads to http:// or https:// addresses only", hint="write it as https://host/path")
    if parsed.userinfo:
        raise LinkError("the link's address holds a name or password before @", hint="leave it out")
    if len(text) > _MAX_URL or not text.isascii() or any(one <= " " or one == "\x7f" for one in text):
        raise LinkError(f"the link's address is longer than {_MAX_URL:,} characters, or holds blanks")
    return text


def make(
    connection: Connection, links: Sequence[NewLink], now: datetime, *, lifetime: timedelta = LIFETIME, length: int = 8
) -> list[str]:
    """Store links within the caller's write transaction and return their codes, in order. Raises LinkError."""
    if length not in (7, 8):
        raise ValueError("codes have 7 or 8 characters")
    addresses: dict[str, str] = {}
    for link in links:
        if link.url not in addresses:  # campaigns lead thousands of people to one address
            addresses[link.url] = check_url(link.url)
    codes = _new_codes(connection, len(links), length)
    created, expires = to_micros(now), to_micros(now + lifetime)
    rows = (
        (code, addresses[link.url], link.touchpoint, link.channel, *link.id, link.message_id, link.campaign, created,
         expires)
        for code, link in zip(codes, links, strict=True)
    )  # fmt: skip
    insert_many(connection, insert(short_links), _COLUMNS, rows)
    return codes


def note_arrivals(connection: Connection, arrivals: Iterable[tuple[str, datetime]]) -> None:
    """When messages were delivered, as (message id, instant): a click within seconds of it is a machine's."""
    statement = (
        update(short_links)
        .where(short_links.c.message_id == bindparam("of_message"))
        .values(arrived=bindparam("delivered"))
    )
    rows = [(to_micros(at), message) for message, at in arrivals if message]
    update_many(connection, statement, ("delivered", "of_message"), rows)


def forget(connection: Connection, ids: Iterable[tuple[str, str, str]]) -> None:
    """Remove the links of persons who are erased."""
    for kind, scope, value in ids:
        where = (short_links.c.id_type == kind, short_links.c.id_scope == scope, short_links.c.id_value == value)
        connection.execute(delete(short_links).where(*where))


def expire(connection: Connection, now: datetime) -> int:
    """Remove links that have ended; returns how many."""
    return connection.execute(delete(short_links).where(short_links.c.expires < to_micros(now))).rowcount


def find(connection: Connection, code: str) -> Link | None:
    """The link of a code, also one that has ended."""
    row = connection.execute(select(short_links).where(short_links.c.code == code)).mappings().first()
    return None if row is None else _link(row)


class Finder:
    """Look-ups for a server: in threads of their own, few at a time, the latest ones remembered.

    ``state`` gives the state when it is first needed. ``fresh``: seconds for which a link (or that there is none) is
    remembered. ``waiting``: look-ups that may wait; one more is refused.
    """

    def __init__(
        self,
        state: Callable[[], State],
        clock: Clock,
        *,
        size: int = 20_000,
        fresh: float = 30.0,
        threads: int = 2,
        waiting: int = 500,
    ) -> None:
        self._state = state
        self._clock = clock
        self._size = size
        self._fresh = timedelta(seconds=fresh)
        self._most = waiting
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="links")
        self._known: OrderedDict[str, tuple[datetime, Link | None]] = OrderedDict()
        self._asked: dict[str, asyncio.Future[Link | None]] = {}

    async def find(self, code: str) -> Link | None:
        """The link of a code that still holds. Raises LinksBusy, and what the state raises when it can't be read."""
        if not CODE.fullmatch(code):
            return None
        now = self._clock.now()
        known = self._known.get(code)
        if known is not None and now - known[0] < self._fresh:
            link = known[1]
        else:
            link = await asyncio.shield(self._ask(code))
        return link if link is not None and link.expires is not None and now < link.expires else None

    def close(self) -> None:
        """Let go of the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _ask(self, code: str) -> asyncio.Future[Link | None]:
        """One question for each code at a time, however many ask."""
        asked = self._asked.get(code)
        if asked is None:
            if len(self._asked) >= self._most:
                raise LinksBusy("too many links are looked up at once; try again in a moment")
            asked = asyncio.get_running_loop().run_in_executor(self._pool, self._read, code)
            self._asked[code] = asked
            asked.add_done_callback(lambda done: self._answered(code, done))
        return asked

    def _answered(self, code: str, done: asyncio.Future[Link | None]) -> None:
        self._asked.pop(code, None)
        if done.cancelled() or done.exception() is not None:
            return
        self._known[code] = (self._clock.now(), done.result())
        self._known.move_to_end(code)
        if len(self._known) > self._size:
            self._known.popitem(last=False)

    def _read(self, code: str) -> Link | None:
        with self._state().read() as connection:
            return find(connection, code)


def _new_codes(connection: Connection, count: int, length: int) -> list[str]:
    """Codes that nobody has, among each other either."""
    found: dict[str, None] = {}
    while len(found) < count:
        fresh = [code for code in _random_codes(count - len(found), length) if code not in found]
        for start in range(0, len(fresh), _CHUNK):
            part = fresh[start : start + _CHUNK]
            taken = set(connection.execute(select(short_links.c.code).where(short_links.c.code.in_(part))).scalars())
            found.update(dict.fromkeys(code for code in part if code not in taken))
    return list(found)


def _random_codes(count: int, length: int) -> list[str]:
    """Codes from the system's source of randomness."""
    wanted = count * length
    letters = np.frombuffer(ALPHABET.encode(), dtype=np.uint8)
    chosen = np.empty(0, dtype=np.uint8)
    while len(chosen) < wanted:
        raw = np.frombuffer(os.urandom(wanted + wanted // 16 + 64), dtype=np.uint8)
        chosen = np.concatenate((chosen, raw[raw < _EVEN]))
    text = letters[chosen[:wanted] % 62].tobytes().decode("ascii")
    return [text[start : start + length] for start in range(0, wanted, length)]


def _link(row: Any) -> Link:
    return Link(
        url=row["url"],
        touchpoint=row["touchpoint"],
        channel=row["channel"],
        id=(row["id_type"], row["id_scope"], row["id_value"]),
        message_id=row["message_id"],
        campaign=row["campaign"],
        code=row["code"],
        created=from_micros(row["created"]),
        expires=from_micros(row["expires"]),
        arrived=None if row["arrived"] is None else from_micros(row["arrived"]),
    )

"""The parts of a channel, put together."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from onepool.channels.base.account import Account
from onepool.channels.base.audience import Hashed
from onepool.channels.base.http import Answer, Call, Push, Reply, Request
from onepool.channels.base.items import Decoded
from onepool.channels.base.manifest import Manifest, Title
from onepool.channels.base.receipts import Message, Receipt

Cursor = dict[str, Any]
"""Where a stream goes on: a small JSON object, empty at first."""


@dataclass(frozen=True, slots=True)
class Page:
    """An answer worth keeping: it is appended to the log, and then ``cursor`` is stored (None: no change).

    Without a body there is nothing to keep, and only the cursor is stored.
    """

    call: str
    body: bytes
    cursor: Cursor | None = None


Pulling = Generator[Call | Page, Answer | None, None]
"""Yields a Call and is sent its Answer; yields a Page and is sent None. Raises PullFailed to stop with a reason."""


Exchange = Generator[Call, Answer, Reply]
"""Yields calls and is sent their answers, returns how the one who asked is answered. Raises Refused."""


@dataclass(frozen=True, slots=True)
class Prompted:
    """Messages that were found on a platform and must go out at once, and where to go on."""

    messages: Sequence[Message]
    cursor: Cursor


Prompting = Generator[Call | Prompted, Answer | None, None]
"""Yields a Call and is sent its Answer; yields Prompted and is sent None. Raises PullFailed to stop with a reason."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column. ``key``: it is part of the primary key; ``indexed``: the first of an index (fit for a cursor)."""

    name: str
    type: str
    nullable: bool
    key: bool
    indexed: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """A table: its columns and some rows, each a list of texts (None: empty), not masked."""

    table: str
    columns: list[Column]
    rows: list[list[str | None]]


class PullFailed(Exception):
    """A platform's answer that a stream can't go on from. ``code``: the platform's; ``retry``: worth trying later."""

    def __init__(self, message: str, *, code: str = "", retry: bool = True) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.retry = retry


@dataclass(frozen=True)
class Stream:
    """Something that is fetched from a platform. ``every``: seconds between two runs (0: only when asked).

    It has either ``start``, which makes calls over HTTP, or ``rows``, which reads by itself (from a database) and
    gives the pages; both raise PullFailed.
    """

    name: str
    title: Title
    start: Callable[[Account, Cursor, datetime], Pulling] | None = None
    every: int = 0
    rows: Callable[[Account, Cursor, datetime], Iterator[Page]] | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """A token to use for ``seconds``. ``keep``: secrets of the account whose values changed on the way."""

    token: str
    seconds: float
    keep: Mapping[str, str] = field(default_factory=dict)


Obtaining = Generator[Call, Answer, Grant | None]
"""Yields calls and is sent their answers, returns the grant, or None where the platform gives none."""


@dataclass(frozen=True)
class Token:
    """How calls are authorised. ``read`` gives (token, seconds that it lives), or None where the answer has none.

    ``obtain``: instead of ``call`` and ``read`` where a token takes more than one call, or outlives the process; it is
    given the token that the platform rejected, if one was. ``rejected_under``: instead of ``rejected`` where a
    touchpoint's settings say what a rejection is.
    """

    call: Callable[[Account], Call]
    read: Callable[[Answer], tuple[str, float] | None]
    attach: Callable[[Call, str], Call]
    rejected: Callable[[Answer], bool]
    obtain: Callable[[Account, datetime, str | None], Obtaining] | None = None
    rejected_under: Callable[[Answer, Account], bool] | None = None

    def refused(self, answer: Answer, account: Account) -> bool:
        """Whether an answer says that the token does not hold."""
        return self.rejected(answer) if self.rejected_under is None else self.rejected_under(answer, account)


Inquiring = Generator[Call, Answer, Sequence[Receipt]]
"""Yields calls and is sent their answers, returns a receipt for each message, in order."""


class Requesting(Protocol):
    def __call__(self, message: Message, account: Account, now: datetime) -> Call: ...


class Concluding(Protocol):
    def __call__(self, message: Message, answer: Answer) -> Receipt: ...


@dataclass(frozen=True)
class Reach:
    """How a message becomes a request, and an answer a receipt.

    ``ask``: a later question after the outcome (of a ``task``, or of a message whose receipt never came), by its
    provider id, and ``told``: what the answer says. Messages over something other than HTTP (SMTP) have ``deliver``
    instead of ``request``: it sends, and raises nothing because of the other side. ``request`` and ``deliver`` raise
    Unsendable for a message that can't be sent at all.
    """

    request: Requesting | None = None
    outcome: Concluding | None = None
    ask: Callable[[Message, str, Account, datetime], Call] | None = None
    told: Concluding | None = None
    deliver: Callable[[Message, Account, datetime], Coroutine[Any, Any, Receipt]] | None = None
    remind: Callable[[str, Account, datetime], Call] | None = None
    """Remind whoever has to confirm a ``task``, by its provider id; ``reminded`` concludes from the answer."""

    reminded: Callable[[Answer], Receipt] | None = None
    alike: Callable[[Message], str | None] | None = None
    """What messages that may go in one call have in common (the same text from the same member of staff); None: this
    one goes alone. How many go together at most is said by the kind of message (``MessageKind.together``)."""

    batch: Callable[[Sequence[Message], Account, datetime], Iterable[tuple[list[Message], Call]]] | None = None
    """Messages as few calls, where the platform takes several at once; ``outcome`` holds for each of a call."""

    inquire: Callable[[Sequence[Message], str, Account, datetime], Inquiring] | None = None
    """What became of messages that went in one call, instead of ``ask`` where that takes several calls. Without a
    provider id (the call had no answer) it is found out whether the platform has them."""

    @property
    def askable(self) -> bool:
        """Whether it can be asked later what became of a message."""
        return self.ask is not None or self.inquire is not None


@dataclass(frozen=True)
class Channel:
    """A channel as a whole; everything but the manifest is optional."""

    manifest: Manifest
    check: Callable[[Request, Account, datetime], Reply] | None = None
    """Verify a push over its raw bytes and say how to answer. Raises Refused."""

    exchange: Mapping[str, Callable[[Request, Account, datetime], Exchange]] = field(default_factory=dict)
    """By the path below the touchpoint: questions of the brand's own server that need an answer of the platform."""

    read: Callable[[Push], Decoded] | None = None
    """What a kept push or page says. Pure; never raises because of the content."""

    streams: Mapping[str, Stream] = field(default_factory=dict)
    streams_of: Callable[[Mapping[str, Any]], Mapping[str, Stream]] | None = None
    """Streams that a touchpoint's settings make (the tables that it names), beside those of every touchpoint."""

    problems: Callable[[Mapping[str, Any]], list[tuple[str, str]]] | None = None
    """What is wrong with settings beyond what the manifest says of each: (setting, words that say what to do)."""

    attempt: Callable[[Account], None] | None = None
    """A test that is no call over HTTP (connecting to a database). Raises PullFailed."""

    tables: Callable[[Account], list[str]] | None = None
    """Names of the tables that could be read. Raises PullFailed."""

    shape: Callable[[Account, str], Shape] | None = None
    """One table to look at. Raises PullFailed."""

    token: Token | None = None
    sign: Callable[[Call, Account, datetime], Call] | None = None
    """Sign a call as its last step (after the token)."""

    reach: Reach | None = None
    probe: Callable[[Account], Call] | None = None
    """A harmless call that shows whether the settings are right (the test button); by default the token's."""

    probed: Callable[[Answer], str | None] | None = None
    """What the answer to ``probe`` refuses, in words; None: nothing. Without it the status alone counts (below 400)."""

    prompt: Callable[[Push, Account], list[Message]] | None = None
    """Messages that must go out at once on a push (a welcome within 20 seconds), before any tick."""

    prompt_about: Callable[[Push, Account], str] | None = None
    """What a push says there is to fetch messages from (a desk): those that wait for the same share one fetch. Empty:
    nothing."""

    prompt_after: Callable[[Push, Account, Cursor], Prompting] | None = None
    """The same as `prompt`, of pushes that `prompt_about` names something for. The cursor is the process's own for that
    name: empty after a start."""

    prompt_seconds: float = 20.0
    """How long after its push a prompt message still makes sense."""

    audience: Callable[[Account], Sequence[Hashed]] | None = None
    """Files of hashed identifiers that the platform takes as an audience (see `write_audience`)."""

    def streams_for(self, settings: Mapping[str, Any]) -> Mapping[str, Stream]:
        """The streams of a touchpoint with these settings."""
        return self.streams if self.streams_of is None else {**self.streams, **self.streams_of(settings)}

"""What a channel says of itself: identifiers, signals, messages, settings, limits.

The console's connect form, the data map and the reference pages are drawn from it.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Title = dict[Literal["zh", "en"], str]
"""A text for people, in both languages."""


Carries = Literal["message", "benefit", "mark", "report", "handover"]
"""What a message kind brings: a message that the person reads; a benefit that is put into their account (a coupon); a
mark that only the platform keeps (a tag); a report of what they did (a conversion); data for another system, of which
nobody here knows whether the person hears of it."""

SettingKind = Literal["text", "secret", "integer", "number", "boolean", "choice", "texts", "mapping", "object"]


class Setting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that a touchpoint of the channel must or may be told.

    A ``secret`` is written as a reference only (``env:NAME``, ``file:PATH``). ``texts`` is a list of texts, ``mapping``
    text to text, ``object`` any JSON with a page of its own in the console. ``pattern``: a regular expression that
    the whole value matches. ``unverified``: the default could not be checked against the platform's own pages.
    ``noted`` False: not written beside every push in the log, since reading does not need it (texts to send).
    ``least`` and ``most``: bounds of a number.
    ``takes``: secrets that are told in clear to the address which this setting names; when it changes they have to be
    entered again, or whoever may change it could have them sent to himself.
    """

    name: str
    kind: SettingKind
    title: Title
    help: Title | None = None
    required: bool = False
    default: Any = None
    options: dict[str, Title] = {}
    pattern: str | None = None
    unverified: bool = False
    noted: bool = True
    takes: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None


class Identifies(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An identifier type that the channel yields.

    ``scope``: the setting whose value is the scope (``appid``); ``touchpoint``: the touchpoint's own name; empty: the
    type has one scope in the world. ``of``: a word on who has one (everybody, followers, buyers who …). ``optional``:
    many such accounts never give one, so that its absence is no gap.
    """

    type: str
    scope: str = ""
    of: Title | None = None
    optional: bool = False


Source = Literal["push", "pull", "sdk", "file", "receipt"]


class Signal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An event (or, with ``kind`` profile, facts of a person; object, a business object) that the channel can give.

    ``optional``: of a part of the platform that many brands do not use, or of deeds that seldom happen: its absence is
    no gap.
    """

    event: str
    fields: tuple[str, ...] = ()
    source: Source = "push"
    kind: Literal["event", "profile", "object"] = "event"
    traits: tuple[str, ...] = ()
    title: Title | None = None
    optional: bool = False


class Content(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a message that its author writes.

    ``limit``: longest text, in characters, or with ``bytes`` in bytes of UTF-8 (three for each Chinese character).
    """

    name: str
    title: Title
    kind: Literal["text", "long_text", "url", "media", "mapping", "list", "object"] = "text"
    required: bool = False
    limit: int | None = None
    bytes: bool = False


class MessageKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A kind of message that the channel carries.

    ``to``: identifier types of which one is needed (the first that the person has is taken); more are added by
    ``also`` (a WeCom message needs the member of staff). ``allowance``: the window or balance that it uses up.
    ``asynchronous``: accepting is not sending, the outcome is told or asked for later. ``idempotent``: the platform
    suppresses a second message of the same key. ``marketing``: may carry marketing content by the platform's rules.
    ``together``: so many of the same content go in one call at most. ``carries``: only a ``message`` reaches a person.
    """

    name: str
    title: Title
    to: tuple[str, ...]
    content: tuple[Content, ...] = ()
    also: tuple[str, ...] = ()
    allowance: str | None = None
    asynchronous: bool = False
    idempotent: bool = False
    marketing: bool = True
    together: int = 1
    carries: Carries = "message"


class Window(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person's deed allows to send to them: ``messages`` within ``seconds`` of ``event``.

    ``where``: fields of the event and the values that count. ``per``: a field of the event that tells allowances apart
    (the template of a subscription). ``adds``: a balance that grows with each event (one tap, one message), instead
    of a window that is set to the larger of both. ``seconds`` None: it does not end by time.
    """

    allowance: str
    event: str
    messages: int
    seconds: int | None = None
    where: dict[str, tuple[str, ...]] = {}
    per: str | None = None
    adds: bool = False
    unverified: bool = False


class Life(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An event that begins or ends the life of an address. ``where``: fields of it and the values that count."""

    event: str
    where: dict[str, tuple[str, ...]] = {}


class Address(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An identifier type that the channel's messages to people go to, and how long such an address lives.

    ``known``: it lives from when it is known until an event of ``ends`` (and again after one of ``begins``); otherwise
    it first lives after one of ``begins``. ``per``: a field of these events that tells relations apart (the member of
    staff): the address lives while one of them does.

    Events count that happened at a touchpoint which has the address's scope; of a type with one scope in the world it
    is those that were told of this very identifier, wherever they happened, and speak of this channel.
    """

    type: str
    known: bool = True
    begins: tuple[Life, ...] = ()
    ends: tuple[Life, ...] = ()
    per: str | None = None


class Quota(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the platform allows at most: ``count`` calls per ``seconds`` (or calendar ``period``) and ``scope``."""

    name: str
    title: Title
    count: int
    seconds: int | None = None
    period: Literal["day", "month"] | None = None
    scope: Literal["account", "person", "staff_person", "staff"] = "account"
    messages: tuple[str, ...] = ()
    unverified: bool = False


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A channel as a whole. ``name`` is one of the data standard's channels.

    ``endpoints``: base addresses by name, replaced as a whole by a sandbox. ``headers``: those of a push (lower case)
    that reading needs beside its body.
    ``addresses``: where messages to people go; empty for a channel that carries none. ``body_bytes``: the largest push
    that is taken in. ``ways``: how data comes in.
    ``instructions``: what to enter on the platform's side, step by step.
    """

    name: str
    title: Title
    identifiers: tuple[Identifies, ...] = ()
    signals: tuple[Signal, ...] = ()
    messages: tuple[MessageKind, ...] = ()
    addresses: tuple[Address, ...] = ()
    settings: tuple[Setting, ...] = ()
    windows: tuple[Window, ...] = ()
    quotas: tuple[Quota, ...] = ()
    endpoints: dict[str, str] = {}
    ways: tuple[Source, ...] = ()
    body_bytes: int = 1 << 20
    headers: tuple[str, ...] = ()
    instructions: Title | None = None

    def setting(self, name: str) -> Setting | None:
        """The setting of that name, or None."""
        return next((one for one in self.settings if one.name == name), None)

    @property
    def secrets(self) -> frozenset[str]:
        """Names of the settings that are secret."""
        return frozenset(one.name for one in self.settings if one.kind == "secret")

    @property
    def unnoted(self) -> frozenset[str]:
        """Names of the settings that are not written beside a push: secrets, and what reading does not need."""
        return self.secrets | {one.name for one in self.settings if not one.noted}

"""What consent and reach mean, plainly: of one customer's history at one instant. The compiled form is held to this."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from onepool.audience.conditions.names import Context, find_field
from onepool.audience.conditions.standing.consents import ALL, WORDS, Word
from onepool.audience.conditions.standing.model import ConsentLeaf, ReachableLeaf
from onepool.audience.conditions.standing.ways import Way
from onepool.channels.base import Life

if TYPE_CHECKING:
    from onepool.audience.conditions.reference import Event, History


def consented(leaf: ConsentLeaf, history: History, at: int, ctx: Context) -> bool:
    """The latest word that concerns purpose and channel is a yes."""
    asked = leaf.consent

    def concerns(event: Event, word: Word) -> bool:
        return (
            _names(event, "purpose", asked.purpose, ctx)
            and _names(event, "category", asked.category, ctx)
            and _of_channel(event, word, asked.channel, ctx)
        )

    return _latest(history, at, ctx, concerns) is True


def reachable(leaf: ReachableLeaf, history: History, at: int, ctx: Context) -> bool:
    """There is a live address on the channel (at the touchpoint), and the channel is not refused."""
    channel, touchpoint = leaf.reachable.channel, leaf.reachable.touchpoint
    ways = [way for way in ctx.names.ways[channel] if touchpoint is None or touchpoint in way.touchpoints]
    if not any(_lives(way, channel, history, at, ctx) for way in ways):
        return False

    def concerns(event: Event, word: Word) -> bool:
        every = not _named(event, "purpose", ctx) and not _named(event, "category", ctx)
        return _of_channel(event, word, channel, ctx) and (word.yes or every)

    return _latest(history, at, ctx, concerns) is not False


def _latest(history: History, at: int, ctx: Context, concerns: Callable[[Event, Word], bool]) -> bool | None:
    """What the latest word before the instant says, of those that concern what is asked; None where there is none."""
    words = [
        event
        for event in history.events
        if event.event in WORDS
        and event.time < at
        and not _text(event, "template_id", ctx)
        and concerns(event, WORDS[event.event])
    ]
    return WORDS[max(words, key=lambda event: (event.time, event.seq)).event].yes if words else None


def _named(event: Event, part: str, ctx: Context) -> list[str]:
    """The purposes (or categories) that a word names; none when it means every one."""
    named = [one.strip() for one in (_text(event, part, ctx) or "").split(",")]
    return [] if ALL in named else [one for one in named if one]


def _names(event: Event, part: str, wanted: str | None, ctx: Context) -> bool:
    """Whether a word means this purpose (or category); None: every one."""
    named = _named(event, part, ctx)
    return not named or wanted in named


def _of_channel(event: Event, word: Word, channel: str | None, ctx: Context) -> bool:
    said = _text(event, word.channel, ctx)
    if word.here:
        return channel is not None and (said or event.channel) == channel
    return not said or said == channel


def _lives(way: Way, channel: str, history: History, at: int, ctx: Context) -> bool:
    """Whether one of the customer's addresses of this way is alive."""
    found = [
        place
        for place, one in enumerate(history.identifiers)
        if (one.type, one.scope) == (way.type, way.scope) and one.seen <= at and (one.until is None or at < one.until)
    ]
    if way.scoped:
        told = [event for event in history.events if event.touchpoint in way.touchpoints]
        return bool(found) and _alive(way, told, at, ctx)
    return any(
        _alive(
            way,
            [
                event
                for event in history.events
                if event.bearer == place and (_text(event, "message_channel", ctx) or event.channel) == channel
            ],
            at,
            ctx,
        )
        for place in found
    )


def _alive(way: Way, told: list[Event], at: int, ctx: Context) -> bool:
    """Of each relation the latest event that begins or ends it; one living relation is enough."""
    latest: dict[str | None, tuple[int, int, bool]] = {}
    for event in told:
        begins = any(_is(event, life, ctx) for life in way.begins)
        if event.time < at and (begins or any(_is(event, life, ctx) for life in way.ends)):
            relation = _text(event, way.per, ctx) if way.per is not None else None
            known = latest.get(relation)
            if known is None or known[:2] < (event.time, event.seq):
                latest[relation] = (event.time, event.seq, begins)
    if not latest:
        return way.known
    return any(begins for _, _, begins in latest.values())


def _is(event: Event, life: Life, ctx: Context) -> bool:
    return event.event == life.event and all(_text(event, name, ctx) in values for name, values in life.where.items())


def _text(event: Event, name: str, ctx: Context) -> str | None:
    """A field of an event as text; None where it is empty."""
    here = find_field(name, ctx.names)
    value: Any = event.values.get(name)
    if here.source == "json":
        value = event.fields.get(name)
        value = value if isinstance(value, str) else None
    return value or None

"""What an engine was told, one thing after the other, and telling it to another one in other order and batches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from tests.identity.compiled import Compiled, sayable, speakable
from tests.identity.facts import Facts

from onepool.identity.twin_facts import BY_RULE, Decision, Edge, Limits, Node
from onepool.identity.twin_live import LiveTwin


@dataclass(frozen=True, slots=True)
class Gone:
    """A link is taken back."""

    link: int


@dataclass(frozen=True, slots=True)
class Word:
    """An identifier's owner says whether it may be joined."""

    number: int
    time: int
    granted: bool


@dataclass(frozen=True, slots=True)
class Named:
    """An identifier goes by a name from now on."""

    number: int
    witness: int


@dataclass(frozen=True, slots=True)
class Seen:
    """An identifier was in an event."""

    number: int
    time: int


Told = Edge | Gone | Word | Named | Seen | Decision


def shuffled(told: Sequence[Told], chance: Random) -> list[Told]:
    """Another order. Only of what is said of one thing in turns the turns stay: of a link that was ever taken back, and
    of names, which engines hear in order of time. A link that was seen for some time is told by both ends of it, of
    which the later may come first."""
    told = [part for one in told for part in ends(one)]
    back = {one.link for one in told if isinstance(one, Gone)}
    order = list(range(len(told)))
    chance.shuffle(order)
    places: dict[tuple[str, int], list[int]] = defaultdict(list)
    for place, index in enumerate(order):
        one = told[index]
        if isinstance(one, Edge) and one.id in back:
            places["link", one.id].append(place)
        elif isinstance(one, Gone):
            places["link", one.link].append(place)
        elif isinstance(one, Named):
            places["name", one.number].append(place)
    for some in places.values():
        for place, index in zip(some, sorted(order[place] for place in some), strict=True):
            order[place] = index
    return [told[index] for index in order]


def ends(one: Told) -> list[Told]:
    """What is said of a link at the first and at the last time that it was seen."""
    if isinstance(one, Edge) and one.kind == BY_RULE and one.first < one.last:
        return [replace(one, last=one.first), replace(one, first=one.last)]
    return [one]


def late(told: Sequence[Told]) -> bool:
    """Whether something comes after what happened later."""
    times = [one.first for one in told if isinstance(one, Edge)]
    return times != sorted(times)


def tell(engine: LiveTwin | Compiled, told: Sequence[Told], chance: Random) -> None:
    """Tell all of it, links in batches of drawn sizes."""
    batch: list[Edge] = []
    for one in told:
        if isinstance(one, Edge):
            batch.append(replace(one))
            if chance.random() < 0.6:
                continue
        if batch:
            engine.add_links(batch)
            batch = []
        tell_one(engine, one)
    if batch:
        engine.add_links(batch)


def tell_one(engine: LiveTwin | Compiled, one: Told) -> None:
    """Tell what is no link."""
    if isinstance(one, Gone):
        engine.retract([one.link])
    elif isinstance(one, Word):
        engine.consent(one.number, one.time, one.granted)
    elif isinstance(one, Named):
        engine.name(one.number, one.witness)
    elif isinstance(one, Seen):
        engine.seen(one.number, one.time)
    elif isinstance(one, Decision):
        engine.decide(one)


def told_twin(nodes: Sequence[Node], limits: Limits, told: Sequence[Told], chance: Random) -> LiveTwin:
    """A pure Python engine that was told all of it in another order; `nodes` as they were in the beginning."""
    engine = Facts(limits, list(nodes)).live()
    tell(engine, shuffled(told, chance), chance)
    return engine


def told_compiled(nodes: Sequence[Node], limits: Limits, told: Sequence[Told], chance: Random) -> Compiled | None:
    """The same of a compiled engine, which hears last what names a tenure: None when there is no such tenure then."""
    engine = Compiled(Facts(limits, [replace(node) for node in nodes]))
    if chance.random() < 0.5:
        engine.born_all()
    by_tenure = {one.id for one in told if isinstance(one, Edge) and one.kind != BY_RULE}
    first, last = [], []
    for one in shuffled(told, chance):
        if isinstance(one, Edge | Gone):
            (last if (one.id if isinstance(one, Edge) else one.link) in by_tenure else first).append(one)
        else:
            (last if isinstance(one, Decision) else first).append(one)
    tell(engine, first, chance)
    for one in last:
        if isinstance(one, Edge) and not speakable(engine.facts, engine, one):
            return None
        if isinstance(one, Decision) and not sayable(engine.facts, engine, one):
            return None
        tell(engine, [one], chance)
    return engine

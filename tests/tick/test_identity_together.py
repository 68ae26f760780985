"""Two reviewers and the tick at once: whoever comes first, the end is that of the same rulings one after the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random
from threading import Barrier

from onepool.identity import decisions
from onepool.identity.decisions import Decided, Decision, Side

from .conftest import World
from .test_identity import bought, known, sound

USERS = [f"u{number}" for number in range(24)]
ROUNDS = 8
Deed = Callable[[World], Decision]


def phone(number: int) -> str:
    return f"139162348{number + 10}"


def begin(world: World) -> None:
    """Customers with a phone each, known to the tick: what comes later ties only what is numbered already."""
    world.send(*(known(user, phone=phone(number)) for number, user in enumerate(USERS)))
    world.send(*(bought(user, f"{user}-1") for user in USERS))
    world.settle()


def news(world: World, number: int) -> None:
    """What the tick has to take up while people decide: somebody tells the phone of somebody else."""
    world.send(known(USERS[number], phone=phone(number * 5 % 7)))


def sides(world: World) -> list[Side]:
    """The customers as a reviewer sees them."""
    found: dict[int, list[int]] = defaultdict(list)
    for row in world.rows("SELECT identifier_id, customer_id FROM customer_of ORDER BY 1"):
        found[row["customer_id"]].append(row["identifier_id"])
    return [Side(customer, tuple(some)) for customer, some in sorted(found.items())]


def merging(one: Side, other: Side, author: str) -> Deed:
    return lambda world: decisions.merge(world.workspace.state, world.clock, one, other, author=author)


def parting(one: Side, other: Side, author: str) -> Deed:
    return lambda world: decisions.never(world.workspace.state, world.clock, one, other, author=author)


def taking_back(number: int, author: str) -> Deed:
    return lambda world: decisions.undo(world.workspace.state, world.clock, number, author=author)


def choose(number: int, chance: Random, seen: list[Side], made: list[Decision]) -> list[Deed]:
    """What both reviewers will do in a round: in even ones the same thing, which only one of them can."""
    a, b, c = chance.sample(seen, 3)
    match number % 4:
        case 0:
            return [merging(a, b, "one"), parting(b, a, "two")]
        case 1:
            return [merging(a, b, "one"), merging(b, c, "two")]
        case 2:
            undone = {one.undoes for one in made}
            latest = max(one.id for one in made if one.kind != "undo" and one.id not in undone)
            return [taking_back(latest, "one"), taking_back(latest, "two")]
        case _:
            return [parting(a, b, "one"), merging(b, c, "two")]


def test_two_reviewers_and_the_tick_at_once(worlds: Callable[[], World]) -> None:
    world, chance = worlds(), Random(7)
    begin(world)
    made: list[Decision] = []
    deeds: dict[int, Deed] = {}
    start = Barrier(3)

    def decide(deed: Deed) -> Decision | None:
        start.wait(60)
        try:
            return deed(world)
        except Decided:
            return None

    def tick() -> None:
        start.wait(60)
        world.drain()

    with ThreadPoolExecutor(3) as threads:
        for number in range(ROUNDS):
            both = choose(number, chance, sides(world), made)
            news(world, number)
            resolving, *deciding = threads.submit(tick), *(threads.submit(decide, deed) for deed in both)
            found = [one.result() for one in deciding]
            resolving.result()
            world.settle()
            if number % 2 == 0:
                assert sum(one is not None for one in found) <= 1, "both decided the same thing"
            if number % 4 == 2:
                assert any(found), "nobody's undo was taken"
            for deed, one in zip(both, found, strict=True):
                if one is not None:
                    made.append(one)
                    deeds[one.id] = deed
    sound(world)

    alone = worlds()
    begin(alone)
    for number in range(ROUNDS):
        news(alone, number)
        alone.clock.advance(timedelta(seconds=1))
    for number in sorted(deeds):
        assert deeds[number](alone).id == number
    alone.settle()
    assert sides(alone) == sides(world)

"""What happens to the customers of drawn journeys: events, profiles, merges, requests, cut into steps."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from tests.journeys.drawing import CARTS, CITIES, DAY, HOUR, MINUTE, ZONES, Choice, Drawn, Seeded, chance, journey, pick
from tests.journeys.vocabulary import CHANNELS

from onepool.audience.conditions.reference import Event, Fact

__all__ = ["DAY", "HOUR", "MINUTE", "START", "ZONES", "Case", "Quantum", "Seeded", "case", "cases"]

SECOND = 1_000_000
START = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp()) * 1_000_000
STARTS = tuple(
    int(datetime(*day, tzinfo=UTC).timestamp()) * 1_000_000
    for day in ((2026, 3, 6), (2026, 3, 27), (2026, 10, 23), (2026, 10, 30), (2026, 2, 27), (2026, 6, 1))
)
"""Days before clocks change in New York and in Europe, the end of a February, an ordinary one."""


@dataclass
class Quantum:
    """What came in between two steps."""

    at: int
    events: list[tuple[int, Event, str]] = field(default_factory=list)
    facts: list[tuple[int, Fact]] = field(default_factory=list)
    segments: list[tuple[int, str, bool, int]] = field(default_factory=list)
    merges: list[tuple[int, int, int]] = field(default_factory=list)
    requests: list[tuple[int, str, str, int, str, dict[str, Any], int]] = field(default_factory=list)
    statuses: list[tuple[str, str]] = field(default_factory=list)
    """(journey, paused, live or stopping): just before."""
    inside: frozenset[int] = frozenset()
    """Who is in the segment."""
    people: frozenset[int] = frozenset()
    """Who there is."""
    crowded: frozenset[str] = frozenset()
    """Channels that have too much to send already."""
    published: list[tuple[str, int]] = field(default_factory=list)
    """(journey, place among the later versions): just before."""


@dataclass
class Case:
    """Journeys and what happened to some customers."""

    zone: str
    start: int
    bodies: list[dict[str, Any]]
    customers: list[int]
    quanta: list[Quantum]
    zones: dict[int, str]
    later: list[dict[str, Any]] = field(default_factory=list)
    """Versions of the journeys that are published meanwhile; their ids follow those of `bodies`."""


def case(
    choice: Choice, customers: int, steps: int, *, calls: bool = True, changes: bool = False, presses: bool = False
) -> Case:
    """Some journeys, and a history for each customer, cut into steps. `changes`: another version of each journey is
    published meanwhile, and what is under way moves to it, is stopped, or finishes where it is; single runs are
    stopped. `presses`: everybody is told something at once, mostly after a short hold or at a rate, while channels are
    often full; steps follow each other within a minute."""
    start = pick(choice, STARTS)
    bodies = []
    if calls and chance(choice, 25):
        bodies.append(journey(choice, "below", most=3))
    group = "lifecycle" if not bodies and chance(choice, 30) else None
    bodies.append(journey(choice, "above", bodies[0]["journey"] if bodies else None, group=group))
    if group is not None:
        bodies.append(journey(choice, "beside", most=3, group=group))
    if presses:
        bodies = [_told_at_once(choice, body) for body in bodies]
    ats, at = [], start
    for _ in range(steps):
        if presses and chance(choice, 80):
            ats.append(at := at + choice.number(5, 45) * SECOND)
            continue
        at += pick(choice, [5 * MINUTE, 31 * MINUTE, 2 * HOUR, 7 * HOUR, 26 * HOUR]) + choice.number(0, 59) * MINUTE
        ats.append(at)
    quanta = [Quantum(at) for at in ats]
    found = Case(pick(choice, ["Asia/Shanghai", "Europe/Berlin"]), start, bodies, [], quanta, {})
    found.customers = [1000 + 7 * number for number in range(customers)]
    for customer in found.customers:
        _history(choice, found, customer)
        for number in range(8, 11) if presses else ():
            time = max(start, pick(choice, ats) - choice.number(1, 40) * SECOND)
            _put_event(found, _event(choice, "cart_added", time, time, customer, number), customer)
    _merged(choice, found)
    _paused(choice, found)
    _stopped(choice, found)
    _counted(found)
    for number, quantum in enumerate(quanta):
        if presses:
            quantum.crowded = frozenset(CHANNELS if chance(choice, 60) else ())
        elif number and chance(choice, 40):
            drawn = pick(choice, sorted(CHANNELS))
            quantum.crowded = frozenset([drawn] if drawn == min(CHANNELS) else CHANNELS)
    if changes:
        _changed(choice, found)
    for quantum in quanta:
        quantum.events.sort(key=lambda one: one[1].seq)
        quantum.requests.sort(key=lambda one: one[:5])
    return found


def _told_at_once(choice: Choice, body: dict[str, Any]) -> dict[str, Any]:
    """The journey with a message before its first node, which is soon too old."""
    policy = {**body["policy"], "expire_after": pick(choice, ["3 minutes", "1 hour"])}
    entry: dict[str, Any] = {
        "did": "cart_added",
        "key": "$trigger.cart_id",
        "reentry": {"when": "always", "parallel": 3},
    }
    if chance(choice, 60):
        entry["hold"] = {"for": pick(choice, ["1 minute", "1 minute", "3 minutes"])}
        if chance(choice, 30):
            entry["hold"]["unless"] = {"did": "order_paid"}
    if chance(choice, 40):
        entry["rate"] = pick(choice, [{"per_second": 1}, {"per_day": 2}, {"per_day": 5}])
    over = [{"channel": "sms", "kind": CHANNELS["sms"]}]
    first = {"do": "send", "message": "recall", "chain": over, "next": body["start"], "else": "z_done"}
    nodes = {**body["nodes"], "a_told": first, "z_done": {"do": "end", "as": "completed"}}
    return {**body, "entry": entry, "policy": policy, "start": "a_told", "nodes": nodes}


def _changed(choice: Choice, made: Case) -> None:
    """Another version of each journey, and what becomes of the runs under way; now and then one of them is stopped."""
    for body in made.bodies:
        name, place = body["journey"], choice.number(1, len(made.quanta) - 1)
        quantum = made.quanta[place]
        quantum.published.append((name, len(made.later)))
        made.later.append(_another(choice, body))
        version = len(made.bodies) + len(made.later)
        kind = pick(choice, ["move", "move", "move", "stop_versions", "finish"])
        # What two requests of one step do to a caller and to what it called has no order of its own.
        if kind != "finish" and not _busy(quantum):
            said = {"to": version} if kind == "move" else {"except": version}
            quantum.requests.append((-1, name, kind, 0, "", said, quantum.at - 1))
        quantum = pick(choice, made.quanta[1:])
        if chance(choice, 50) and not _busy(quantum):
            quantum.requests.append((-2, name, "stop_run", 0, "", {"pick": choice.number(0, 9)}, quantum.at - 1))


def _busy(quantum: Quantum) -> bool:
    return any(request[0] < 0 for request in quantum.requests)


def _another(choice: Choice, body: dict[str, Any]) -> dict[str, Any]:
    """A version in which all nodes have other numbers; some have another name, wait longer, or lead elsewhere."""
    text = json.dumps(body)
    for name in body["nodes"]:
        if name.startswith("n") and chance(choice, 15):
            text = re.sub(rf"\b{name}\b", f"r{name}", text)
    made: dict[str, Any] = json.loads(text)
    for node in made["nodes"].values():
        if node["do"] == "wait" and node.get("for") is not None and chance(choice, 50):
            node["for"] = pick(choice, ["20 minutes", "5 hours", "1 day"])
        if node["do"] == "send" and len(node["chain"]) > 1 and chance(choice, 50):
            node["chain"] = [{**node["chain"][0], "next_on": []}]
    made["nodes"]["a_first"] = {"do": "wait", "for": "10 minutes", "next": made["start"]}
    made["start"] = "a_first"
    if chance(choice, 30):
        made["max_life"] = "20 days"
    return made


def _paused(choice: Choice, made: Case) -> None:
    """Now and then a journey rests for some steps."""
    for body in made.bodies:
        if len(made.quanta) < 3 or not chance(choice, 20):
            continue
        first = choice.number(1, len(made.quanta) - 2)
        made.quanta[first].statuses.append((body["journey"], "paused"))
        last = first + choice.number(1, 4)
        for quantum in made.quanta[first : last + 1]:
            # Nobody can ask a journey that rests for an entry.
            quantum.requests = [one for one in quantum.requests if one[1] != body["journey"]]
        if last < len(made.quanta):
            quantum = made.quanta[last]
            quantum.statuses.append((body["journey"], "live"))
            quantum.requests.append((last, body["journey"], "resume", 0, "", {}, quantum.at - 1))


def _stopped(choice: Choice, made: Case) -> None:
    """Now and then a journey that does not rest is stopped for good."""
    for body in made.bodies:
        rests = any(name == body["journey"] for quantum in made.quanta for name, _ in quantum.statuses)
        if rests or len(made.quanta) < 3 or not chance(choice, 10):
            continue
        last = choice.number(2, len(made.quanta) - 1)
        made.quanta[last].statuses.append((body["journey"], "stopping"))
        for quantum in made.quanta[last:]:
            quantum.requests = [one for one in quantum.requests if one[1] != body["journey"]]


def _counted(made: Case) -> None:
    """Who there is after each step's merges, and who of them is in the segment."""
    inside: set[int] = set()
    people = set(made.customers)
    for quantum in made.quanta:
        gone = {loser for loser, _, _ in quantum.merges}
        inside -= gone
        people -= gone
        for customer, _, enters, _ in sorted(quantum.segments, key=lambda one: one[3]):
            (inside.add if enters else inside.discard)(customer)
        quantum.inside, quantum.people = frozenset(inside), frozenset(people)


def _history(choice: Choice, made: Case, customer: int) -> None:
    first, last = made.start, made.quanta[-1].at
    if chance(choice, 70):
        made.zones[customer] = zone = pick(
            choice, ["America/New_York", "Europe/Berlin", "Asia/Shanghai", *_some(choice)]
        )
        _put_fact(made, Fact("time_zone", zone, first - DAY, customer * 1000), customer, first)
    for number in range(choice.number(0, 3)):
        name = pick(choice, ["city", "birthday", "renewal"])
        time = first + choice.number(-DAY // MINUTE, (last - first) // MINUTE) * MINUTE
        _put_fact(made, Fact(name, _said(choice, name, time), time, customer * 1000 + 1 + number), customer, time)
    time = first
    for number in range(choice.number(0, 6)):
        # Now and then at the very instant of a step, or of another event.
        if number and chance(choice, 40):
            # Soon after the one before: while a run is held, or waits.
            time += choice.number(0, 90) * MINUTE
        else:
            time = first + choice.number(0, max((last - first) // MINUTE, 1)) * MINUTE
        event = pick(choice, ["cart_added", "cart_added", "order_paid", "app_opened", "coupon_redeemed"])
        if chance(choice, 3):
            event = "customer_erased"
        late = pick(choice, [0, 0, 0, 0, MINUTE, 3 * HOUR, 30 * HOUR, 80 * HOUR])
        _put_event(made, _event(choice, event, time, time + late, customer, number), customer)
    if chance(choice, 35):
        inside = False
        for _ in range(choice.number(1, 3)):
            inside = not inside
            quantum = pick(choice, made.quanta)
            quantum.segments.append((customer, "buyers", inside, quantum.at - 1))
    if chance(choice, 40):
        for body in made.bodies:
            if "api" in body["entry"]:
                quantum = pick(choice, made.quanta)
                fields = {"cart_id": pick(choice, CARTS)} if chance(choice, 80) else {}
                number = customer * 100 + made.quanta.index(quantum)
                quantum.requests.append((number, body["journey"], "enter", customer, "", fields, quantum.at - 2))


def _some(choice: Choice) -> list[str]:
    return [pick(choice, ZONES)]


def _said(choice: Choice, name: str, time: int) -> str | None:
    if chance(choice, 15):
        return None
    if name == "city":
        return pick(choice, CITIES)
    moment = datetime.fromtimestamp(time // 1_000_000 + choice.number(-40, 80) * 3600, UTC)
    if name == "birthday":
        return f"{pick(choice, [1988, 2000, 2026])}-{moment.month:02d}-{min(moment.day, 28):02d}"
    return moment.isoformat()


def _event(choice: Choice, name: str, time: int, received: int, customer: int, number: int) -> Event:
    values: dict[str, Any] = {}
    if name in ("cart_added", "order_paid"):
        if chance(choice, 85):
            values["cart_id"] = pick(choice, CARTS)
        values["amount"] = Decimal(pick(choice, ["9.5", "20", "50", "120.25"])).quantize(Decimal("0.0001"))
        values["currency"] = "CNY"
    if name == "coupon_redeemed":
        values["coupon_code"] = pick(choice, ["none", "any"])
    channel = pick(choice, ["web", "wechat_mini"])
    seq = ((received // 1_000_000) << 20) + (customer % 1000) * 16 + number
    return Event(seq, name, time, received, channel, {"web": "shop", "wechat_mini": "mini"}[channel], values, None, {})


def _put_event(made: Case, event: Event, customer: int) -> None:
    for quantum in made.quanta:
        if event.received_at < quantum.at:
            event_id = str(UUID(int=(customer << 64) + event.seq))
            quantum.events.append((customer, event, event_id))
            return


def _put_fact(made: Case, fact: Fact, customer: int, known: int) -> None:
    for quantum in made.quanta:
        if known < quantum.at:
            quantum.facts.append((customer, fact))
            return


def _merged(choice: Choice, made: Case) -> None:
    """Now and then two customers turn out to be one."""
    if len(made.customers) < 2 or not chance(choice, 60):
        return
    gone: set[int] = set()
    for _ in range(max(1, len(made.customers) // 12)):
        loser, winner = pick(choice, made.customers), pick(choice, made.customers)
        if loser == winner or loser in gone or winner in gone:
            continue
        gone |= {loser, winner}
        place = choice.number(0, len(made.quanta) - 1)
        quantum = made.quanta[place]
        quantum.merges.append((loser, winner, quantum.at - 3))
        for later in made.quanta[place:]:
            later.events = [(winner if who == loser else who, event, name) for who, event, name in later.events]
            later.facts = [(winner if who == loser else who, fact) for who, fact in later.facts]
            later.segments = [(winner if who == loser else who, a, b, at) for who, a, b, at in later.segments]
            later.requests = [
                (number, a, b, winner if who == loser else who, c, d, at)
                for number, a, b, who, c, d, at in later.requests
            ]


@st.composite
def cases(draw: st.DrawFn, customers: int = 3, steps: int = 6) -> Case:
    """Journeys with the histories of some customers."""
    return case(Drawn(draw), draw(st.integers(1, customers)), draw(st.integers(1, steps)))

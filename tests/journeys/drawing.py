"""Journeys, event logs, clocks and zones drawn at random: by Hypothesis, or by a seed where there are many.

Journeys are put together so that they are valid; nothing is thrown away.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from zoneinfo import available_timezones

from hypothesis import strategies as st
from tests.journeys.vocabulary import CHANNELS

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
ZONES = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "SystemV/")))
T = TypeVar("T")


class Choice(Protocol):
    """Where chance comes from."""

    def number(self, low: int, high: int) -> int: ...


class Seeded:
    """Chance from a seed: the same for the same seed, as fast as it gets."""

    def __init__(self, seed: int) -> None:
        self.number = random.Random(seed).randint


class Drawn:
    """Chance from Hypothesis, which makes a failing case small."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw

    def number(self, low: int, high: int) -> int:
        return self._draw(st.integers(low, high))


def pick(choice: Choice, some: Sequence[T]) -> T:
    return some[choice.number(0, len(some) - 1)]


def chance(choice: Choice, percent: int) -> bool:
    """Never, when it shrinks."""
    return choice.number(0, 99) >= 100 - percent


# ------------------------------------------------------------------------------------------------------- conditions

CITIES = ("Shanghai", "Hangzhou", "Chengdu")
CARTS = ("c1", "c2", "c3")
SPANS = ("20 minutes", "1 hour", "6 hours", "1 day", "36 hours", "3 days")
CLOCKS = ("00:00", "02:30", "09:00", "10:00", "21:15", "23:59")


@dataclass(frozen=True)
class Around:
    """What a condition or an event match may name."""

    trigger: bool
    nodes: Sequence[str]
    saved: Sequence[str] = ()
    run: bool = True


def match(choice: Choice, around: Around) -> dict[str, Any]:
    """An event that is looked out for."""
    did = pick(choice, ["order_paid", "app_opened", "cart_added", "coupon_redeemed"])
    found: dict[str, Any] = {"did": did}
    if did in ("order_paid", "cart_added") and chance(choice, 50):
        kind = choice.number(0, 2 if around.trigger and around.run else 1)
        found["where"] = [
            {"cart_id": pick(choice, CARTS)},
            {"amount": {"at_least": pick(choice, [10, 50])}},
            {"cart_id": {"is": "$trigger.cart_id"}},
        ][kind]
    if did == "coupon_redeemed" and around.saved and around.run and chance(choice, 70):
        found["where"] = {"coupon_code": {"is": f"$vars.{pick(choice, around.saved)}"}}
    if chance(choice, 15):
        found["at"] = {"channel": pick(choice, ["web", "wechat_mini"])}
    return found


def condition(choice: Choice, around: Around, depth: int = 2) -> dict[str, Any]:
    """A condition about profile, events and what a run carries."""
    kind = choice.number(0, 9)
    if kind >= 8 and depth:
        parts = [condition(choice, around, depth - 1) for _ in range(choice.number(1, 2))]
        return pick(choice, [{"all": parts}, {"any": parts}, {"not": parts[0]}])
    if kind <= 2:
        return pick(choice, [{"attribute": "city", "is": pick(choice, CITIES)}, {"attribute": "city", "is_set": True}])
    if kind == 3:
        return {"segment": "buyers"}
    leaf = match(choice, around)
    if chance(choice, 30):
        leaf["did_not"] = leaf.pop("did")
    if around.run and chance(choice, 50):
        near = around.nodes and chance(choice, 40)
        leaf["since"] = {"node": pick(choice, around.nodes)} if near else "entry"
    elif chance(choice, 40):
        leaf["within"] = {"last": pick(choice, ["1 hour", "2 days", "7 days"])}
    elif chance(choice, 20):
        leaf["times"] = {"at_least": 2}
    return leaf


# --------------------------------------------------------------------------------------------------------- journeys


def journey(
    choice: Choice, name: str, called: str | None = None, most: int = 7, group: str | None = None
) -> dict[str, Any]:
    """A journey that the checker admits. `called`: another one that it may call; `group`: whom it excludes."""
    entry, trigger = _entry(choice)
    count = choice.number(1, most)
    names = [f"n{number}" for number in range(count)]
    ends = {"z_done": {"do": "end", "as": "completed"}, "z_other": {"do": "end", "as": "other"}}
    nodes: dict[str, Any] = {}
    saved: list[str] = []
    for number, one in enumerate(names):
        following = names[number + 1 : number + 4] + list(ends)
        around = Around(trigger, names, saved)
        # What a node saves is there afterwards on its way `next` only; on the others nobody may ask for it.
        nodes[one] = _node(choice, one, names[: number + 1], following, around, called)
    nodes = _reached(nodes | ends, names[0] if names else "z_done")
    _know(choice, nodes, trigger)
    body: dict[str, Any] = {
        "journey": name,
        "zone": {"from": "attribute.time_zone", "default": pick(choice, ["Asia/Shanghai", "America/New_York"])},
        "entry": entry,
        "policy": _policy(choice),
        "max_life": pick(choice, ["14 days", "4 days", "1 month"]),
        "start": names[0],
        "nodes": nodes,
    }
    if group is not None:
        body["group"] = group
    around = Around(trigger, list(nodes))
    if chance(choice, 60):
        body["goal"] = match(choice, around)
        if chance(choice, 50):
            body["goal"]["within"] = pick(choice, ["2 hours", "1 day"])
        if chance(choice, 20):
            body["goal"]["then"] = "continue"
    if chance(choice, 50):
        body["exit"] = [_exit(choice, around, number) for number in range(choice.number(1, 2))]
    if chance(choice, 30):
        body["experiment"] = {"holdout": pick(choice, [0.1, 0.5]), "salt": pick(choice, ["one", "two"])}
    return body


def _exit(choice: Choice, around: Around, number: int) -> dict[str, Any]:
    found = {"segment_leave": "buyers"} if chance(choice, 25) else match(choice, around)
    found["as"] = f"way{number}"
    if chance(choice, 40):
        found["before"] = pick(choice, around.nodes)
    return found


def _entry(choice: Choice) -> tuple[dict[str, Any], bool]:
    """An entry, and whether events start the runs."""
    kind = choice.number(0, 13)
    entry: dict[str, Any]
    if kind <= 6:
        entry = {"did": "cart_added"}
        if chance(choice, 30):
            entry["where"] = {"amount": {"at_least": 20}}
        if chance(choice, 15):
            entry["at"] = {"channel": "web"}
        if chance(choice, 35):
            entry["hold"] = {"for": pick(choice, ["30 minutes", "2 hours"])}
            if chance(choice, 80):
                entry["hold"]["unless"] = match(choice, Around(True, []))
        if chance(choice, 50):
            entry["key"] = "$trigger.cart_id"
    elif kind == 7:
        entry = {"segment_enter": "buyers"} | ({"backfill": True} if chance(choice, 40) else {})
    elif kind == 8:
        entry = {"segment_leave": "buyers"}
    elif kind == 9:
        entry = {"api": True, "fields": {"cart_id": "text"}}
        if chance(choice, 50):
            entry["key"] = "$trigger.cart_id"
    else:
        entry = _audience(choice, kind)
    if chance(choice, 20):
        entry["eligible"] = condition(choice, Around(False, [], run=False), depth=1)
    if chance(choice, 25):
        entry["rate"] = pick(choice, [{"per_second": 2}, {"per_day": 3}, {"per_second": 1, "per_day": 5}])
    entry["reentry"] = _reentry(choice)
    return entry, kind <= 6 or kind == 9


def _audience(choice: Choice, kind: int) -> dict[str, Any]:
    """Many at once: on schedule, once, at a date of each."""
    who = condition(choice, Around(False, [], run=False), depth=1)
    if chance(choice, 60):
        # Most conditions hold for few.
        who = {"not": who}
    some: dict[str, Any] = {"segment": "buyers"} if chance(choice, 40) else {"who": who}
    if kind == 10:
        return {"schedule": pick(choice, ["30 9 * * *", "0 */6 * * *", "15 18 * * 1,3,6"])} | some
    if kind == 11:
        start = pick(choice, ["2026-03-06T07:30:00+08:00", "2026-10-24T09:00:00Z"])
        return {"one_off": some | ({"start": start} if chance(choice, 40) else {})}
    entry: dict[str, Any] = {"date": pick(choice, ["birthday", "renewal"]), "time": pick(choice, CLOCKS)}
    if chance(choice, 40):
        entry["offset"] = pick(choice, ["-1 day", "2 days"])
    if entry["date"] == "birthday" and chance(choice, 70):
        entry["every"] = "year"
    return entry | ({"who": who} if chance(choice, 30) else {})


def _reentry(choice: Choice) -> dict[str, Any]:
    when = pick(choice, ["always", "after_exit", "never", "always"])
    found: dict[str, Any] = {"when": when}
    if when == "always" and chance(choice, 70):
        found["parallel"] = choice.number(1, 3)
    if when != "never" and chance(choice, 40):
        found["cooldown"] = pick(choice, ["3 hours", "2 days"])
    if when != "never" and chance(choice, 30):
        found["max"] = {"runs": choice.number(1, 3), "per": pick(choice, ["1 day", "7 days"])}
    return found


def _policy(choice: Choice) -> dict[str, Any]:
    found: dict[str, Any] = {
        "category": pick(choice, ["promotion", "promotion", "promotion"]),
        "expire_after": pick(choice, ["24 hours", "3 hours", "3 days"]),
    }
    if chance(choice, 60):
        found["quiet"] = {
            "from": pick(choice, ["22:00", "23:30", "00:30"]),
            "to": pick(choice, ["09:00", "02:30", "07:15"]),
            "on_hit": pick(choice, ["defer", "defer", "skip", "ignore"]),
        }
        if chance(choice, 30):
            found["quiet"]["max_defer"] = pick(choice, ["1 hour", "12 hours"])
    if chance(choice, 60):
        found["caps"] = [
            {
                "count": choice.number(1, 3),
                "per": pick(choice, ["local_day", "rolling 7 days", "rolling 12 hours"]),
                "scope": pick(choice, ["all", "category", "channel", "journey"]),
                "on_hit": pick(choice, ["skip", "defer"]),
            }
            for _ in range(choice.number(1, 2))
        ]
    return found


def _node(
    choice: Choice, name: str, before: Sequence[str], following: Sequence[str], around: Around, called: str | None
) -> dict[str, Any]:
    def on() -> str:
        return pick(choice, following)

    if called is not None and chance(choice, 35):
        return {"do": "call_journey", "journey": called, "wait": chance(choice, 70), "next": on()}
    match choice.number(0, 14):
        case 0 | 1 | 2:
            return _wait(choice, around, on)
        case 3 | 4:
            cases = [{"when": condition(choice, around), "next": on()} for _ in range(choice.number(1, 3))]
            return {"do": "branch", "cases": cases, "else": on()}
        case 5:
            arms = [
                {"name": f"arm{number}", "weight": choice.number(1, 9), "next": on()}
                for number in range(choice.number(2, 4))
            ]
            return {"do": "split", "salt": pick(choice, ["s1", "s2"]), "arms": arms}
        case 6 | 7:
            made = {
                "do": "issue_coupon", "batch": pick(choice, ["PLENTY", "SCARCE"]), "save": f"code_{name}",
                "next": on(), "else": on(),
            }  # fmt: skip
            return made | ({"guard": condition(choice, around, 1)} if chance(choice, 30) else {})
        case 8:
            return {
                "do": "task", "title": "Call", "within": pick(choice, SPANS), "next": on(), "else": on()
            }  # fmt: skip
        case 9:
            city = pick(choice, CITIES)
            if city == CITIES[-1]:
                return {"do": "tag", "set": {"level": "gold"}, "next": on()}
            return {"do": "set_profile", "set": {"city": city}, "next": on()}
        case 10:
            body = {"cart": "$trigger.cart_id"} if around.trigger and chance(choice, 50) else {"from": name}
            made = {"do": "webhook", "touchpoint": "hook", "body": body, "next": on(), "else": on()}
            return made | ({"save": {f"said_{name}": "text"}} if chance(choice, 60) else {})
        case 11 if len(before) > 1:
            made = {"do": "repeat", "back": pick(choice, before[-3:-1]), "max": choice.number(1, 3), "next": on()}
            return made | ({"while": condition(choice, around, 1)} if chance(choice, 40) else {})
    return _send(choice, around, on)


def _wait(choice: Choice, around: Around, on: Any) -> dict[str, Any]:
    kind = choice.number(0, 4)
    if kind == 0:
        local = f"{choice.number(1, 3)} local_days"
        if chance(choice, 60):
            local += f" at {pick(choice, CLOCKS)}"
        return {"do": "wait", "for": pick(choice, [*SPANS, local, local, local]), "next": on()}
    if kind == 1:
        made = {"do": "wait", "until": match(choice, around), "for": pick(choice, SPANS), "next": on()}
        return made | ({"on_event": on()} if chance(choice, 70) else {})
    if kind == 2:
        made = {"do": "wait", "time": pick(choice, CLOCKS), "next": on()}
        days = ["monday", "wednesday", "saturday", "sunday"]
        return made | ({"weekdays": days[: choice.number(1, 4)]} if chance(choice, 40) else {})
    if kind == 3:
        date: dict[str, Any] = {"attribute": pick(choice, ["birthday", "renewal"])}
        if chance(choice, 40):
            date["offset"] = pick(choice, ["-1 day", "2 days", "-3 hours"])
        if chance(choice, 50):
            date["time"] = pick(choice, CLOCKS)
        if date["attribute"] == "birthday" and chance(choice, 70):
            date["every"] = "year"
        return {"do": "wait", "date": date, "max": pick(choice, ["1 day", "3 days"]), "next": on(), "else": on()}
    return {"do": "wait", "for": pick(choice, SPANS), "next": on()}


REASONS = [
    "not_follower", "not_friend", "refused", "bad_address", "over_limit", "capped", "no_consent", "quiet_skipped",
    "unknown", "staff_timeout", "transient",
]  # fmt: skip


def _send(choice: Choice, around: Around, on: Any) -> dict[str, Any]:
    chain = []
    for _ in range(choice.number(1, 3)):
        channel = pick(choice, sorted(CHANNELS))
        hop: dict[str, Any] = {"channel": channel, "kind": CHANNELS[channel]}
        if channel == "wecom":
            hop["staff"] = "owner"
        if channel == "wecom" or chance(choice, 15):
            hop["accept_within"] = pick(choice, ["2 hours", "24 hours"])
        chain.append(hop)
    for hop in chain[:-1]:
        allowed = [one for one in REASONS if one not in _FOREIGN.get(hop["channel"], ())]
        if chance(choice, 40):
            hop["next_on"] = allowed
            continue
        start = choice.number(0, len(allowed) - 1)
        hop["next_on"] = allowed[start : start + choice.number(1, 6)]
    made: dict[str, Any] = {"do": "send", "message": "recall", "chain": chain, "next": on(), "else": on()}
    if chance(choice, 30):
        made["guard"] = condition(choice, around, 1)
    if chance(choice, 20):
        made["expire_after"] = pick(choice, ["2 hours", "20 hours"])
    return made


_FOREIGN = {
    "sms": ("not_follower", "not_friend", "staff_timeout"),
    "wechat_oa": ("not_friend", "staff_timeout"),
    "wecom": ("not_follower",),
}


def _reached(nodes: dict[str, Any], start: str) -> dict[str, Any]:
    """The nodes that a way from the start leads to."""
    found, waiting = {start}, [start]
    while waiting:
        for target in _targets(nodes[waiting.pop()]):
            if target not in found:
                found.add(target)
                waiting.append(target)
    kept = {name: node for name, node in nodes.items() if name in found}
    for name, node in list(kept.items()):
        if node["do"] == "repeat" and not _leads(kept, node["back"], name):
            # Nothing leads from there to here: no way back.
            kept[name] = {"do": "wait", "for": "1 hour", "next": node["next"]}
    return kept if kept == nodes else _reached(kept, start)


def _leads(nodes: Mapping[str, Any], start: str, goal: str) -> bool:
    found, waiting = {start}, [start]
    while waiting:
        node = nodes.get(waiting.pop())
        for target in _targets(node, back=False) if node else ():
            if target not in found:
                found.add(target)
                waiting.append(target)
    return goal in found


def _targets(node: Mapping[str, Any], *, back: bool = True) -> list[str]:
    found = [node[way] for way in ("next", "else", "on_event") if way in node]
    found += [one["next"] for way in ("cases", "arms") for one in node.get(way, ())]
    return found + ([node["back"]] if back and "back" in node else [])


def _know(choice: Choice, nodes: dict[str, Any], trigger: bool) -> None:
    """Conditions only name nodes that are there; a coupon is asked for only right after it was given."""
    _mend(nodes, sorted(nodes))
    for node in list(nodes.values()):
        if node["do"] != "issue_coupon" or not chance(choice, 60):
            continue
        target = node["next"]
        ways = [one for one in nodes.values() for way in _targets(one) if way == target]
        if len(ways) == 1 and nodes[target]["do"] == "branch":
            asked = {"did": "coupon_redeemed", "where": {"coupon_code": {"is": f"$vars.{node['save']}"}}}
            nodes[target]["cases"][0]["when"] = asked | {"since": "entry"}


def _mend(data: Any, names: Sequence[str]) -> None:
    if isinstance(data, dict):
        since = data.get("since")
        if isinstance(since, dict) and since.get("node") not in names:
            data["since"] = "entry"
        for value in data.values():
            _mend(value, names)
    elif isinstance(data, list):
        for value in data:
            _mend(value, names)


@st.composite
def journeys(draw: st.DrawFn, name: str = "above") -> dict[str, Any]:
    """Valid journeys."""
    return journey(Drawn(draw), name)

"""Who may enter again: rules of re-entry, parallel runs and groups, also among those who come in the same step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from onepool.journeys.executor.columns import FOREVER, I64, NONE, Bools, Runs, Texts
from onepool.journeys.executor.plan import Plan
from onepool.journeys.executor.times import later
from onepool.journeys.executor.turn import Turn
from onepool.journeys.states import RunState
from onepool.reach.keys import distinct

if TYPE_CHECKING:
    from onepool.journeys.executor.entries import Entrants

WHYS = ("reentry", "parallel", "cooldown", "max", "group")


@dataclass
class _Past:
    """Runs that rules ask about: whose, of which journey (its number), when, whether live, with which key (number)."""

    customer: I64
    journey: I64
    entered: I64
    live: Bools
    key: I64


def admit(turn: Turn, found: Sequence[Entrants]) -> list[I64]:
    """For each of the entrants, the places of those who may enter. The others leave a step that says why.

    They come in the order of (time, order, version). Each customer's first ones are decided together, then the second
    ones with what was decided before, and so on.
    """
    plans = [one.plan for one in found]
    journeys = sorted({name for plan in plans for name in turn.book.group(plan)} | {plan.journey for plan in plans})
    number = {name: place for place, name in enumerate(journeys)}
    which = np.repeat(np.arange(len(found)), [one.customers.size for one in found])
    place = np.concatenate([np.arange(one.customers.size) for one in found])
    customer = np.concatenate([one.customers for one in found])
    time = np.concatenate([one.times for one in found])
    order = np.concatenate([one.order for one in found])
    version = np.array([plan.version_id for plan in plans])[which]
    key_texts = np.concatenate([one.keys for one in found])
    codes: dict[str, int] = {"": 0}
    past = _history(turn, journeys, distinct(customer), number, codes)
    key = _coded(key_texts, codes)
    sorted_ = np.lexsort((version, order, time))
    rank = _rank_of(customer, sorted_)
    allowed = np.zeros(customer.size, np.bool_)
    why = np.full(customer.size, -1, np.int64)
    groups = [np.array([number[name] for name in turn.book.group(plan)], np.int64) for plan in plans]
    for turn_number in range(int(rank.max()) + 1 if rank.size else 0):
        rows = sorted_[rank[sorted_] == turn_number]
        for one in np.unique(which[rows]):
            mine = rows[which[rows] == one]
            own = number[plans[one].journey]
            why[mine] = _refusals(plans[one], own, groups[one], customer[mine], time[mine], key[mine], past)
        passed = rows[why[rows] < 0]
        allowed[passed] = True
        journey = np.array([number[plan.journey] for plan in plans], np.int64)[which[passed]]
        past = _Past(
            np.concatenate([past.customer, customer[passed]]),
            np.concatenate([past.journey, journey]),
            np.concatenate([past.entered, time[passed]]),
            np.concatenate([past.live, np.ones(passed.size, np.bool_)]),
            np.concatenate([past.key, key[passed]]),
        )
    return [_told(turn, one, place, allowed, why, which == number_) for number_, one in enumerate(found)]


def _told(turn: Turn, one: Entrants, place: I64, allowed: Bools, why: I64, mine: Bools) -> I64:
    out = mine & ~allowed
    rows = place[out]
    if rows.size:
        edges = [f"refused:{WHYS[code]}" for code in why[out].tolist()]
        turn.note_strangers(one.run_ids[rows], one.plan.version_id, one.customers[rows], edges, one.times[rows])
    return place[mine & allowed]


def _history(
    turn: Turn, journeys: Sequence[str], customers: I64, number: dict[str, int], codes: dict[str, int]
) -> _Past:
    """Runs of these customers that no other run called: of the state, and as this step left them."""
    versions = turn.book.version_ids(journeys)
    known = turn.world.runs_of(customers, live=False) if turn.world.any_runs(versions) else Runs.empty()
    if turn.first:
        turn.hold(known)
    known = known.take(turn.places(known.run_id) < 0)
    here = turn.runs.take(np.isin(turn.runs.customer_id, customers) & ~turn.removed)
    runs = Runs.joined([one for one in (known, here) if len(one)])
    runs = runs.take(np.isin(runs.version_id, versions) & (runs.parent == NONE))
    names = {plan.version_id: number[plan.journey] for name in journeys for plan in turn.book.versions(name)}
    journey = np.zeros(len(runs), np.int64)
    for version, place in names.items():
        journey[runs.version_id == version] = place
    key = _coded(runs.key, codes)
    return _Past(runs.customer_id, journey, runs.entered, runs.state != RunState.ENDED, key)


def _coded(texts: Texts, codes: dict[str, int]) -> I64:
    """Numbers of texts; the same ones for the same dictionary. Most runs have no key."""
    found = np.zeros(texts.size, np.int64)
    rows = np.flatnonzero((texts != "") & (texts != None))  # noqa: E711 elementwise
    found[rows] = [codes.setdefault(one, len(codes)) for one in texts[rows].tolist()]
    return found


def _refusals(plan: Plan, own: int, group: I64, customer: I64, time: I64, key: I64, past: _Past) -> I64:
    """The place in WHYS of what refuses each (distinct) customer, -1 for nothing."""
    rule = plan.definition.entry.reentry
    row, of = pairs(customer, past.customer)
    mine = past.journey[of] == own
    live = past.live[of]
    count = customer.size

    def number(pairs: Bools) -> I64:
        return np.bincount(row[pairs], minlength=count)

    why = np.full(count, -1, np.int64)

    def refuse(rows: Bools, reason: str) -> None:
        why[rows & (why < 0)] = WHYS.index(reason)

    alive = number(mine & live)
    if rule.when == "never":
        refuse(number(mine) > 0, "reentry")
    elif rule.when == "after_exit":
        refuse(alive > 0, "reentry")
    else:
        same = number(mine & live & (past.key[of] == key[row]) & (key[row] > 0))
        refuse(same > 0, "reentry")
        refuse(alive >= rule.parallel, "parallel")
    if rule.cooldown is not None:
        last = np.full(count, -FOREVER, np.int64)
        np.maximum.at(last, row[mine], past.entered[of[mine]])
        refuse(last > later(time, rule.cooldown, plan.zone, -1), "cooldown")
    if rule.max is not None:
        since = later(time, rule.max.per, plan.zone, -1)
        refuse(number(mine & (past.entered[of] > since[row])) >= rule.max.runs, "max")
    if group.size > 1:
        refuse(number(live & ~mine & np.isin(past.journey[of], group)) > 0, "group")
    return why


def pairs(customer: I64, past: I64) -> tuple[I64, I64]:
    """Each row beside each run of the same customer: (row, place in `past`)."""
    order = np.argsort(past, kind="stable")
    first = np.searchsorted(past[order], customer, "left")
    counts = np.searchsorted(past[order], customer, "right") - first
    row = np.repeat(np.arange(customer.size), counts)
    offset = np.arange(row.size) - np.repeat(np.cumsum(counts) - counts, counts)
    return row, order[np.repeat(first, counts) + offset]


def _rank_of(customer: I64, order: I64) -> I64:
    """How many of the same customer come before each row in this order."""
    who = customer[order]
    grouped = np.argsort(who, kind="stable")
    starts = np.flatnonzero(np.r_[True, who[grouped][1:] != who[grouped][:-1]]) if who.size else np.empty(0, np.int64)
    rank = np.empty(who.size, np.int64)
    rank[grouped] = np.arange(who.size) - np.repeat(starts, np.diff(np.r_[starts, who.size]))
    found = np.empty(who.size, np.int64)
    found[order] = rank
    return found

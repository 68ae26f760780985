"""What is missing, and the figures that show it. What to do about each kind is said where it is shown.

What is missing for a reason is told apart (`Gap.explained`), so that the list holds what somebody should look into:
identifiers of customers whom another identifier of the same touchpoint joins, what the channel says that many brands
never have, and answers to messages that nobody sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from onepool.clock import from_micros
from onepool.identity.read import Sources
from onepool.insight.map.cells import UNJOINABLE
from onepool.insight.map.declared import ANSWERS, NOTHING, Declared
from onepool.insight.map.gather import Gathered
from onepool.insight.map.matrix import FEW, ISLAND_SHARE, LATE_SECONDS
from onepool.insight.map.types import Explanation, Gap, IdentifierCell, Place, Severity, SignalCell
from onepool.pool import Session
from onepool.reach.states import SendState

_ORDER = {"error": 0, "warning": 1, "info": 2}
_ENOUGH = 20
"""Events from which on an empty field or a lag says something."""
_LATE_SHARE = 0.2
_BEHIND_SECONDS = 300.0
_SOME = 5
"""Customers who can't be joined from which on it is told, and the share from which on it is a warning."""
_MANY_SHARE = 0.2
_DAY = 86_400.0
_OUT = (SendState.ACCEPTED, SendState.DELIVERED, SendState.READ, SendState.CLICKED)


def gaps(
    sources: Sources,
    gathered: Gathered,
    places: Sequence[Place],
    identifiers: Sequence[IdentifierCell],
    signals: Sequence[SignalCell],
    given: Mapping[str, Declared],
    now: datetime,
) -> list[Gap]:
    """All gaps, the gravest first and of those the ones that concern most customers; explained ones among them."""
    session = sources.session
    size = {one.touchpoint: one.customers for one in places}
    alive = {one.touchpoint for one in places if one.events or one.customers}
    sent = _sent(session)
    apart = _apart(sources, gathered, places)
    found = [
        *_silence(session, places, given, sent, now),
        *_lag(session, places, now),
        *_islands(places),
        *_identifiers(identifiers, places, apart, given),
        *_unjoinable(places, identifiers, apart),
        *_signals(signals, alive, given, sent),
    ]
    told = [replace(one, customers=one.customers or size.get(one.touchpoint, 0)) for one in found]
    return sorted(told, key=lambda one: (_ORDER[one.severity], -one.customers, one.touchpoint, one.kind, one.subjects))


def _gap(kind: Any, severity: Severity, touchpoint: str, *subjects: str, customers: int = 0, **figures: Any) -> Gap:
    return Gap(kind, severity, touchpoint, list(subjects), customers, figures)


def _sent(session: Session) -> dict[str, datetime]:
    """When a message last went out, by touchpoint."""
    found = session.query(
        """SELECT touchpoint, max(claimed) AS at FROM sends
        WHERE list_contains($out, state) AND claimed IS NOT NULL GROUP BY 1""",
        {"out": [int(state) for state in _OUT]},
    ).to_pylist()
    return {row["touchpoint"]: from_micros(row["at"]) for row in found}


def _silence(
    session: Session,
    places: Sequence[Place],
    given: Mapping[str, Declared],
    sent: Mapping[str, datetime],
    now: datetime,
) -> list[Gap]:
    """Nothing ever came, or nothing for three times as long as the longest usual pause (and at least a day).

    What only answers messages is silent for as long as none is sent.
    """
    hours = session.query(
        """SELECT touchpoint, quantile_cont(gap, 0.95) AS usual, max(hour) AS last FROM (
            SELECT touchpoint, hour, epoch(hour) - epoch(lag(hour) OVER (PARTITION BY touchpoint ORDER BY hour)) AS gap
            FROM (SELECT DISTINCT touchpoint, hour FROM intake WHERE touchpoint IS NOT NULL AND accepted > 0)
        ) GROUP BY 1"""
    ).to_pylist()
    usual = {row["touchpoint"]: row for row in hours}
    found = []
    for one in places:
        row = usual.get(one.touchpoint)
        if one.paused or one.channel is None:
            continue
        answers = given.get(one.touchpoint, NOTHING).answers
        if row is None:
            if not one.events and not one.customers:
                unused = answers and one.touchpoint not in sent
                found.append(_gap("unused" if unused else "silent", "info" if unused else "warning", one.touchpoint))
            continue
        pause = (now - row["last"]).total_seconds() - 3_600
        if pause > max(3 * (row["usual"] or 0.0), _DAY):
            gap = _gap("stopped", "error", one.touchpoint, seconds=round(pause), usual=round(row["usual"] or 0.0))
            # The last answers of a message may take a day.
            asked = sent.get(one.touchpoint)
            waits = not answers or (asked is not None and (asked - row["last"]).total_seconds() > _DAY)
            found.append(gap if waits else replace(gap, severity="info", explained="not-sent"))
    return found


def _lag(session: Session, places: Sequence[Place], now: datetime) -> list[Gap]:
    """The last hour's events come later than usual; or many of the last 30 days came late."""
    found_rows = session.query(
        """SELECT touchpoint, count(*) FILTER (lately) AS n, median(lag) FILTER (lately) AS now_lag,
            quantile_cont(lag, 0.95) FILTER (NOT lately) AS usual_lag, count(*) FILTER (NOT lately) AS before
        FROM (SELECT touchpoint, received_at > $hour AS lately, greatest(0, epoch(received_at) - epoch(time)) AS lag
            FROM events WHERE received_at > $week AND received_at <= $now) GROUP BY 1""",
        {"hour": now - timedelta(hours=1), "week": now - timedelta(days=7), "now": now},
    ).to_pylist()
    found = []
    for row in found_rows:
        usual = row["usual_lag"] if row["before"] else 0.0
        if row["n"] >= _ENOUGH and row["now_lag"] > max(_BEHIND_SECONDS, usual):
            figures = {"seconds": round(row["now_lag"]), "usual": round(usual), "events": row["n"]}
            found.append(_gap("behind", "error", row["touchpoint"], **figures))
    for one in places:
        if one.events_30d >= _ENOUGH and (one.late_share or 0.0) > _LATE_SHARE:
            figures = {"share": one.late_share, "over": LATE_SECONDS, "events": one.events_30d}
            found.append(_gap("late", "info", one.touchpoint, **figures))
    return found


def _islands(places: Sequence[Place]) -> list[Gap]:
    return [
        _gap("island", "warning", one.touchpoint, customers=one.only_here, joined=one.joined, of=one.customers)
        for one in places
        if one.island
    ]


def _identifiers(
    cells: Sequence[IdentifierCell], places: Sequence[Place], apart: Mapping[str, int], given: Mapping[str, Declared]
) -> list[Gap]:
    """Identifiers that never came, and those that join nobody, unless other ones of the touchpoint do, or another gap
    says that its customers are not joined. `apart`: how many are not."""
    known = {one.touchpoint: one for one in places if one.events or one.customers}
    found = []
    for cell in cells:
        place = known.get(cell.touchpoint)
        if place is None:
            continue
        joiners = _joiners(cells, cell.touchpoint)
        by = joiners[0].type if joiners and not _many_apart(place, apart) else None
        if cell.declared and not cell.identifiers:
            grave = cell.strength == "strong" and by is None
            gap = _gap("identifier-unseen", "warning" if grave else "info", cell.touchpoint, cell.type)
        elif cell.strength == "strong" and cell.customers >= FEW and not cell.joining:
            gap = _gap(
                "identifier-joins-nothing", "info", cell.touchpoint, cell.type,
                customers=cell.customers, identifiers=cell.identifiers,
            )  # fmt: skip
            if by is None:
                gap = replace(gap, explained="told")
        else:
            continue
        if by is not None:
            gap = replace(gap, explained="joined", by=by)
        optional = ("identifier", cell.type) in given.get(cell.touchpoint, NOTHING).optional
        found.append(replace(gap, severity="info", explained="optional", by=None) if optional else gap)
    return found


def _joiners(cells: Sequence[IdentifierCell], touchpoint: str) -> list[IdentifierCell]:
    """What joins a touchpoint's customers with others, the most first; that of a few only by chance is none."""
    own = [
        cell
        for cell in cells
        if cell.touchpoint == touchpoint
        and cell.strength == "strong"
        and cell.joining >= max(1, ISLAND_SHARE * cell.customers)
    ]
    return sorted(own, key=lambda cell: (-cell.joining, cell.type))


def _many_apart(place: Place, apart: Mapping[str, int]) -> bool:
    return place.island or apart.get(place.touchpoint, 0) >= _MANY_SHARE * place.customers


def _apart(sources: Sources, gathered: Gathered, places: Sequence[Place]) -> dict[str, int]:
    """Customers of whom a touchpoint gave none of the identifiers by which it joins others; islands are left out."""
    strong = gathered.strong(sources)
    found = {}
    with gathered.read() as work:
        for one in places:
            at = gathered.place(one.touchpoint)
            if at is not None and one.only_here and not one.island:
                asked = {"tp": at, "strong": strong, "least": ISLAND_SHARE}
                count = work.query(f"SELECT count(*) AS n FROM ({UNJOINABLE})", asked)
                found[one.touchpoint] = int(count["n"][0].as_py())
    return found


def _unjoinable(places: Sequence[Place], cells: Sequence[IdentifierCell], apart: Mapping[str, int]) -> list[Gap]:
    found = []
    for one in places:
        customers = apart.get(one.touchpoint, 0)
        if customers < _SOME:
            continue
        ask = [cell.type for cell in _joiners(cells, one.touchpoint)[:2]]
        severity: Severity = "warning" if customers >= FEW and _many_apart(one, apart) else "info"
        found.append(_gap("unjoinable", severity, one.touchpoint, *ask, customers=customers, of=one.customers))
    return found


def _signals(
    cells: Sequence[SignalCell], alive: set[str], given: Mapping[str, Declared], sent: Mapping[str, datetime]
) -> list[Gap]:
    """Signals and fields that never came, those of one touchpoint together."""
    unseen: dict[tuple[str, Explanation | None], list[str]] = {}
    empty: dict[str, list[tuple[str, SignalCell]]] = {}
    for cell in cells:
        one = given.get(cell.touchpoint, NOTHING)
        if cell.touchpoint not in alive or not one.known:
            continue
        if cell.declared and not cell.count:
            why: Explanation | None = None
            if (cell.kind, cell.name) in one.optional:
                why = "optional"
            elif cell.kind == "event" and cell.name in ANSWERS:
                # Of a message that went out nobody need click, answer or complain.
                why = "not-sent" if cell.touchpoint not in sent else "optional"
                why = None if cell.name == "message_delivered" and cell.touchpoint in sent else why
            unseen.setdefault((cell.touchpoint, why), []).append(f"{cell.kind}:{cell.name}")
        elif cell.count >= _ENOUGH:
            fields = [field.field for field in cell.fields if field.declared and not field.filled]
            empty.setdefault(cell.touchpoint, []).extend((f"{cell.name}.{field}", cell) for field in fields)
    found = [
        replace(_gap("signal-unseen", "info", touchpoint, *sorted(names)), explained=why)
        for (touchpoint, why), names in unseen.items()
    ]
    for touchpoint, pairs in empty.items():
        if pairs:
            events = {cell.name: cell.count for _, cell in pairs}
            most = max(cell.customers for _, cell in pairs)
            names = [name for name, _ in pairs]
            found.append(_gap("field-empty", "info", touchpoint, *names, customers=most, events=sum(events.values())))
    return found

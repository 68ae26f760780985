"""What the state keeps about a person, for their copy: consents, messages, runs of journeys, tasks, coupons.

A message, a stop and the like belong to the person who bears the identifier they name; only where they name none, the
customer's number decides, which is the id of one of the identifiers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, select

from onepool.clock import from_micros
from onepool.state.consents import consent_ledger
from onepool.state.coupons import coupon_codes
from onepool.state.journeys import journey_versions, runs, tasks
from onepool.state.outbox import send_attempts, sends, suppressions
from onepool.state.schema import allowances, consents, identifiers

_CHUNK: Final = 500
_INSTANTS: Final = frozenset(
    {
        "time", "at", "ended", "planned", "claimed", "concluded", "delivered", "read", "clicked", "entered", "goal_at",
        "created", "due", "closed", "issued", "valid_from", "valid_until", "redeemed", "until", "lifted", "updated",
    }
)  # fmt: skip


_KEYS: Final = frozenset({"send_id", "run_id"})


@dataclass(frozen=True, slots=True)
class Names:
    """What numbers of states are called: of messages and of runs."""

    messages: Mapping[int, str]
    runs: Mapping[int, str]


def _bearer(identifier: ColumnElement[Any], customer: ColumnElement[Any], nodes: Sequence[int]) -> ColumnElement[bool]:
    return identifier.in_(nodes) | (identifier.is_(None) & customer.in_(nodes))


def _joining(nodes: Sequence[int]) -> Select[Any]:
    t, i = consents.c, identifiers.c
    return (
        select(i.type, i.value, t.granted, t.time, t.touchpoint)
        .join_from(consents, identifiers, i.id == t.identifier_id)
        .where(t.identifier_id.in_(nodes))
        .order_by(t.time)
    )


def _consents(nodes: Sequence[int]) -> Select[Any]:
    t, i = consent_ledger.c, identifiers.c
    return (
        select(i.type, i.value, t.purpose, t.category, t.channel, t.action, t.time, t.at, t.source, t.touchpoint,
               t.notice, t.evidence)
        .join_from(consent_ledger, identifiers, i.id == t.identifier_id, isouter=True)
        .where(t.identifier_id.in_(nodes))
        .order_by(t.time, t.seq)
    )  # fmt: skip


def _stops(nodes: Sequence[int]) -> Select[Any]:
    t = suppressions.c
    return (
        select(t.channel, t.category, t.purpose, t.reason, t.source, t.at, t.until, t.lifted)
        .where(_bearer(t.identifier_id, t.customer_id, nodes))
        .order_by(t.id)
    )


def _messages(nodes: Sequence[int]) -> Select[Any]:
    t, i = sends.c, identifiers.c
    return (
        select(t.send_id, t.journey, t.channel, t.touchpoint, t.kind, t.message, t.message_version, t.category,
               t.purpose, i.type.label("sent_to_type"), i.value.label("sent_to"), t.state, t.reason, t.planned,
               t.claimed, t.concluded, t.delivered, t.read, t.clicked, t.vars)
        .join_from(sends, identifiers, i.id == t.identifier_id, isouter=True)
        .where(_bearer(t.identifier_id, t.customer_id, nodes))
        .order_by(t.planned, t.send_id)
    )  # fmt: skip


def _attempts(nodes: Sequence[int]) -> Select[Any]:
    t = send_attempts.c
    return (
        select(t.send_id, t.number, t.at, t.ended, t.state, t.reason, t.code, t.detail)
        .join_from(send_attempts, sends, sends.c.send_id == t.send_id)
        .where(_bearer(sends.c.identifier_id, sends.c.customer_id, nodes))
        .order_by(t.at, t.send_id, t.number)
    )


def _journeys(nodes: Sequence[int]) -> Select[Any]:
    t, v = runs.c, journey_versions.c
    return (
        select(t.run_id, v.journey, v.version, t.state, t.reason, t.entered, t.ended, t.goal_at, t.trigger, t.vars)
        .join_from(runs, journey_versions, v.id == t.version_id, isouter=True)
        .where(t.customer_id.in_(nodes))
        .order_by(t.entered, t.run_id)
    )


def _tasks(nodes: Sequence[int]) -> Select[Any]:
    t = tasks.c
    return (
        select(t.journey, t.title, t.body, t.status, t.created, t.due, t.closed, t.result)
        .where(t.customer_id.in_(nodes))
        .order_by(t.id)
    )


def _coupons(nodes: Sequence[int]) -> Select[Any]:
    t = coupon_codes.c
    return (
        select(t.batch, t.code, t.status, t.issued, t.valid_from, t.valid_until, t.redeemed, t.order_id)
        .where(t.customer_id.in_(nodes))
        .order_by(t.id)
    )


def _allowances(nodes: Sequence[int]) -> Select[Any]:
    t = allowances.c
    return (
        select(t.touchpoint, t.allowance, t.per, t.left_count, t.until, t.updated)
        .where(t.identifier_id.in_(nodes))
        .order_by(t.touchpoint, t.allowance, t.per)
    )


KEPT: Final[Mapping[str, Callable[[Sequence[int]], Select[Any]]]] = {
    "joining_consents": _joining,
    "consents": _consents,
    "message_stops": _stops,
    "messages": _messages,
    "message_attempts": _attempts,
    "journeys": _journeys,
    "tasks": _tasks,
    "coupons": _coupons,
    "allowances": _allowances,
}
"""The sections that the state has, and how each is asked for."""


def kept_rows(connection: Connection, section: str, nodes: Sequence[int], names: Names) -> Iterator[dict[str, Any]]:
    """Rows of a section of `KEPT` for these identifiers: instants as datetimes, states by name."""
    called = {"messages": names.messages, "journeys": names.runs}.get(section, {})
    known = sorted(set(nodes))
    for start in range(0, len(known), _CHUNK):
        query = KEPT[section](known[start : start + _CHUNK])
        instants = {one.name for one in query.selected_columns if isinstance(one.type, BigInteger)} & _INSTANTS
        for row in connection.execute(query.execution_options(yield_per=_CHUNK)).mappings():
            told = {name: _told(name, one, name in instants) for name, one in row.items()}
            if called:
                told["state"] = called.get(told["state"], str(told["state"]))
            yield told


def _told(name: str, value: Any, instant: bool) -> Any:
    if value is None:
        return None
    # Numbers beyond 2^53 are no longer themselves in many readers of JSON, and in spreadsheets.
    return from_micros(value) if instant else str(value) if name in _KEYS else value

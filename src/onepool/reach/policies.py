"""The workspace's contact policy: read, held against what there is, and made into plain values for the gate."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date
from typing import Any, Final, Protocol

import numpy as np
from pydantic import ValidationError
from sqlalchemy import Connection, insert, select

from onepool.audience.conditions.errors import ConditionError, Problem, closest
from onepool.audience.conditions.parse import plain_data, problems_of
from onepool.audience.conditions.values import Span
from onepool.channels import registry
from onepool.clock import Clock
from onepool.collect.touchpoint import Touchpoint
from onepool.definitions import Definitions
from onepool.errors import OnePoolError
from onepool.privacy.consents.words import CATEGORY_PURPOSES
from onepool.reach import keys, rules
from onepool.reach.policy_model import NAME, OpenHours, Policy, QuietHours, RestDaysPart
from onepool.reach.rules import ContactPolicy, SendPolicy
from onepool.settings import Settings
from onepool.state.outbox import send_policies

KIND: Final = "policy"

_EPOCH: Final = date(1970, 1, 1).toordinal()
_CHUNK: Final = 500


class PolicyError(OnePoolError):
    """A policy can't be used as written; `problems` has every fault found."""

    code = "policy"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(str(one) for one in problems), where=f"policy {NAME}")
        self.problems = list(problems)


class Place(Protocol):
    """What this needs of a workspace."""

    @property
    def definitions(self) -> Definitions: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def clock(self) -> Clock: ...


def parse(body: Mapping[str, Any]) -> Policy:
    """The policy that `body` (as read from YAML or JSON) says. Raises PolicyError with every problem."""
    try:
        return Policy.model_validate(plain_data(body))
    except ValidationError as error:
        raise PolicyError(problems_of(error)) from None
    except ConditionError as error:
        raise PolicyError(error.problems) from None


def check(policy: Policy, touchpoints: Mapping[str, Touchpoint], journeys: Iterable[str]) -> list[Problem]:
    """What is wrong with it beside the names that there are."""
    found: list[Problem] = []
    channels = {manifest.name: manifest for manifest in registry.manifests()}
    reaching = {name for name, manifest in channels.items() if manifest.messages}

    def known(place: str, name: str, names: Iterable[str], what: str) -> None:
        if name not in (listed := sorted(names)):
            found.append(Problem(place, f"there is no {what} {name}", closest(name, listed)))

    for channel in policy.windows:
        known(f"windows.{channel}", channel, reaching, "channel that carries messages")
    for number, cell in enumerate(policy.caps):
        if cell.channel is not None:
            known(f"caps[{number}].channel", cell.channel, reaching, "channel that carries messages")
    for name in policy.prices:
        channel, _, kind = name.partition(".")
        known(f"prices.{name}", channel, reaching, "channel that carries messages")
        if kind and channel in channels:
            known(f"prices.{name}", kind, [one.name for one in channels[channel].messages], f"message of {channel}")
    for name in policy.pace:
        known(f"pace.{name}", name, touchpoints, "touchpoint")
    for name in policy.shares:
        known(f"shares.{name}", name, journeys, "journey")
    for category, hours in policy.quiet.items():
        if hours.from_ == hours.to:
            found.append(Problem(f"quiet.{category}", "it begins and ends at the same time: nothing would be quiet"))
    return found


def resolved(policy: Policy, zone: str, today: date) -> ContactPolicy:
    """The policy as plain values. `zone`: the workspace's; `today`: holidays of the years around it are looked up."""
    control = policy.control
    return ContactPolicy(
        zone=zone,
        quiet={category: quiet(hours) for category, hours in policy.quiet.items()},
        windows={channel: tuple(_hours(one) for one in some) for channel, some in policy.windows.items()},
        caps=tuple(
            rules.MatrixCap(
                cell.count, None if cell.per is None else cell.per.micros, cell.category, cell.channel, cell.on_hit
            )
            for cell in policy.caps
        ),
        control=None
        if control is None
        else rules.Control(control.fraction, control.salt, frozenset(str(one) for one in control.categories)),
        rest=rules.RestDays() if policy.holidays is None else _rest(policy.holidays, today),
        purposes={**CATEGORY_PURPOSES, **{str(category): one for category, one in policy.purposes.items()}},
    )


def quiet(hours: QuietHours) -> rules.Quiet:
    """Quiet hours as plain values."""
    return rules.Quiet(hours.from_, hours.to % 1440, hours.on_hit, micros(hours.max_defer))


def micros(span: Span | None) -> int | None:
    """A span's length; months count thirty-one days."""
    if span is None:
        return None
    return span.micros if span.micros is not None else span.count * 31 * rules.DAY


def _hours(one: OpenHours) -> tuple[int, int]:
    return one.from_, 1440 if one.to == 1440 else one.to


def _rest(part: RestDaysPart, today: date) -> rules.RestDays:
    days: set[date] = set()
    if part.calendar is not None:
        import holidays  # see policy_model.py

        days |= set(holidays.country_holidays(part.calendar, years=range(today.year - 1, today.year + 3)))
    days = (days | set(part.add)) - set(part.leave)
    numbers = np.array(sorted(day.toordinal() - _EPOCH for day in days), np.int64)
    hours = None if part.hours is None else _hours(part.hours)
    return rules.RestDays(numbers, frozenset(str(one) for one in part.categories), hours)


def load(place: Place) -> Policy:
    """The policy in force; what comes with the product where the workspace has none."""
    found = place.definitions.get(KIND, NAME)
    return Policy() if found is None else parse(found.body)


class Policies:
    """The policy in force, read again when a definition changed or a new day began (UTC). Threads may share it."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._lock = threading.Lock()
        self._known: tuple[int, date, Policy, ContactPolicy] | None = None

    def now(self) -> tuple[Policy, ContactPolicy]:
        """As written, and as plain values."""
        revision, today = self._place.definitions.revision(), self._place.clock.now().astimezone(UTC).date()
        with self._lock:
            if self._known is None or self._known[:2] != (revision, today):
                policy = load(self._place)
                plain = resolved(policy, self._place.settings.time_zone, today)
                self._known = (revision, today, policy, plain)
            return self._known[2], self._known[3]


# policies of sends in the state


def number_of(policy: SendPolicy) -> int:
    """The number under which it is kept: 63 bits of its text."""
    return keys.of_text(rules.to_text(policy)) >> 1


def store(connection: Connection, policies: Sequence[SendPolicy]) -> list[int]:
    """Keep policies in the caller's transaction; their numbers, in order."""
    texts = {number_of(policy): rules.to_text(policy) for policy in policies}
    known = set(_texts(connection, list(texts)))
    for number in sorted(set(texts) - known):
        connection.execute(insert(send_policies).values(id=number, body=texts[number]))
    return [number_of(policy) for policy in policies]


def stored(connection: Connection, numbers: Iterable[int]) -> dict[int, SendPolicy]:
    """Policies by number. KeyError is the caller's: what a message names is there."""
    return {number: rules.from_text(text) for number, text in _texts(connection, sorted(set(numbers))).items()}


def _texts(connection: Connection, numbers: Sequence[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for start in range(0, len(numbers), _CHUNK):
        some = send_policies.c.id.in_(numbers[start : start + _CHUNK])
        rows = connection.execute(select(send_policies.c.id, send_policies.c.body).where(some))
        found |= {row.id: row.body for row in rows}
    return found

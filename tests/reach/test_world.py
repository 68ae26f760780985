"""What the gate is told about addresses and zones: the same as `reachable` says, and which one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from onepool.reach import zones
from onepool.reach.gate import DECIDED, PLANNED, gate
from onepool.reach.rules import DAY, HOUR, MINUTE, Cap, ContactPolicy, Control, MatrixCap, Quiet, RestDays, SendPolicy
from onepool.reach.states import SendState
from onepool.reach.world import Worlds

from .outbox import Outbox

NINE = 1_772_413_200_000_000
"""Monday 2 March 2026, 9 o'clock in Shanghai."""


class Everybody:
    """A world in which everybody can be reached and agrees."""

    def __init__(
        self, policy: ContactPolicy, zone: str = "Asia/Shanghai", past: Sequence[tuple[int, int, str, str, str]] = ()
    ) -> None:
        self.policy = policy
        self._zone = zone
        self._past = past

    def addresses(self, wanted: pa.Table, at: int) -> pa.Table:
        count = wanted.num_rows
        empty = pa.nulls(count, pa.string())
        return pa.table({"identifier_id": wanted["customer_id"], "touchpoint": pa.array(["t"] * count, pa.string()),
                         "staff_id": empty, "reason": empty})  # fmt: skip

    def suppressed(self, asked: pa.Table, at: int) -> pa.Array:
        return pa.nulls(asked.num_rows, pa.string())

    def consented(self, asked: pa.Table, at: int) -> Any:
        return np.ones(asked.num_rows, np.bool_)

    def zones(self, customers: Any, attribute: str | None) -> Any:
        return [self._zone], np.zeros(customers.size, np.int64)

    def ledger(self, customers: Any, since: int) -> pa.Table:
        names = ("customer_id", "at", "category", "channel", "journey")
        rows = [one for one in self._past if one[1] >= since]
        kinds = (pa.int64(), pa.int64(), pa.string(), pa.string(), pa.string())
        return pa.table({name: pa.array([row[place] for row in rows], kind)
                         for place, (name, kind) in enumerate(zip(names, kinds, strict=True))})  # fmt: skip


def ask(
    world: Everybody, at: int, policy: SendPolicy | None = None, count: int = 1, reserve: bool = False, **values: Any
) -> list[Any]:
    """(state, reason, due) of messages to customer 1."""
    given = {
        "journey": "j",
        "channel": "sms",
        "kind": "marketing",
        "category": "promotion",
        "policy": 0,
        "customer_id": 1,
    } | values
    columns = {field.name: pa.array([given.get(field.name)] * count, field.type) for field in PLANNED}
    columns["send_id"] = pa.array(range(count), pa.int64())
    found = gate(pa.table(columns, schema=PLANNED), [policy or SendPolicy()], world, at, reserve=reserve)
    assert found.schema.names == [*PLANNED.names, *DECIDED.names]
    return [(SendState(state).name, reason, due) for state, reason, due in
            zip(*(found[name].to_pylist() for name in ("state", "reason", "due")), strict=True)]  # fmt: skip


NIGHT = Quiet(22 * 60, 9 * 60, "defer", 12 * HOUR)


@pytest.mark.parametrize(
    ("at", "quiet", "expires", "wanted"),
    [
        (NINE, NIGHT, None, ("QUEUED", None, 0)),
        (NINE - MINUTE, NIGHT, None, ("DEFERRED", None, MINUTE)),
        (NINE - 11 * HOUR, NIGHT, None, ("DEFERRED", None, 11 * HOUR)),
        (NINE - 11 * HOUR, Quiet(22 * 60, 9 * 60, "defer", 10 * HOUR), None, ("SUPPRESSED", "quiet_skipped", None)),
        (NINE - 11 * HOUR, Quiet(22 * 60, 9 * 60, "skip"), None, ("SUPPRESSED", "quiet_skipped", None)),
        (NINE - 11 * HOUR, Quiet(22 * 60, 9 * 60, "ignore"), None, ("QUEUED", None, 0)),
        (NINE - 11 * HOUR, NIGHT, NINE - MINUTE, ("SUPPRESSED", "expired", None)),
        (NINE - 11 * HOUR, NIGHT, NINE, ("DEFERRED", None, 11 * HOUR)),
        (NINE, NIGHT, NINE, ("SUPPRESSED", "expired", None)),
    ],
)
def test_quiet_hours(at: int, quiet: Quiet, expires: int | None, wanted: tuple[str, str | None, int | None]) -> None:
    state, reason, after = wanted
    ((found, why, due),) = ask(Everybody(ContactPolicy()), at, SendPolicy(quiet=quiet), expires=expires)
    assert (found, why) == (state, reason)
    if after is None:
        assert due is None
    else:
        # Not earlier than the first open minute, at most ten minutes later, never behind its expiry.
        most = min(at + after + 10 * MINUTE, expires or at + after + 10 * MINUTE) if after else at
        assert at + after <= due <= most


def test_channel_windows_and_days_of_rest() -> None:
    policy = ContactPolicy(
        windows={"sms": ((480, 1260),)}, rest=RestDays(np.array([NINE // DAY]), frozenset({"promotion"}))
    )
    ((state, _, due),) = ask(Everybody(policy), NINE)
    # Nothing on the day of rest; the next day from eight o'clock.
    assert state == "DEFERRED" and due // MINUTE * MINUTE - (NINE + 23 * HOUR) in range(11 * MINUTE)
    assert ask(Everybody(policy), NINE, category="transactional")[0][0] == "QUEUED"
    ((state, _, due),) = ask(Everybody(policy), NINE - 2 * HOUR, category="service")
    assert state == "DEFERRED" and due - (NINE - HOUR) in range(11 * MINUTE)


def test_caps_count_what_is_their_like() -> None:
    past = [(1, NINE - HOUR, "promotion", "sms", "other"), (1, NINE - 3 * DAY, "promotion", "wechat_oa", "j"),
            (2, NINE - HOUR, "promotion", "sms", "j"), (1, NINE - HOUR, "transactional", "sms", "r")]  # fmt: skip

    def capped(count: int, window: int | None, scope: str, **values: Any) -> bool:
        policy = SendPolicy(caps=(Cap(count, window, scope),))  # type: ignore[arg-type]
        return ask(Everybody(ContactPolicy(), past=past), NINE, policy, **values)[0][1] == "capped"

    assert capped(1, None, "category") and not capped(2, None, "category") and capped(2, 7 * DAY, "category")
    assert capped(1, 7 * DAY, "channel") and not capped(2, 7 * DAY, "channel")
    assert not capped(1, None, "journey") and capped(1, 3 * DAY + 1, "journey") and not capped(1, 3 * DAY, "journey")
    assert capped(2, 7 * DAY, "all") and not capped(3, 7 * DAY, "all")
    assert not capped(1, 7 * DAY, "all", category="transactional")
    cells = ContactPolicy(caps=(MatrixCap(1, None, "promotion", "sms"),))
    assert ask(Everybody(cells, past=past), NINE)[0][1] == "capped"
    assert ask(Everybody(cells, past=past), NINE, channel="wechat_oa")[0][1] is None


def test_a_cap_that_defers_waits_until_there_is_room() -> None:
    past = [(1, NINE - 2 * DAY, "promotion", "sms", "j"), (1, NINE - DAY, "promotion", "sms", "j")]
    policy = SendPolicy(caps=(Cap(2, 3 * DAY, "category", "defer"),))
    ((state, _, due),) = ask(Everybody(ContactPolicy(), past=past), NINE, policy)
    assert state == "DEFERRED" and due - (NINE + DAY) in range(10 * MINUTE)
    ((state, reason, _),) = ask(Everybody(ContactPolicy(), past=past), NINE, policy, expires=NINE + HOUR)
    assert (state, reason) == ("SUPPRESSED", "expired")


def test_messages_of_one_call_count_for_each_other_where_it_reserves() -> None:
    policy = SendPolicy(caps=(Cap(2, DAY, "journey"),))
    assert [one[1] for one in ask(Everybody(ContactPolicy()), NINE, policy, 4)] == [None] * 4
    assert [one[1] for one in ask(Everybody(ContactPolicy()), NINE, policy, 4, reserve=True)] == [
        None,
        None,
        "capped",
        "capped",
    ]


def test_the_control_group_gets_nothing_of_its_categories() -> None:
    world = Everybody(ContactPolicy(control=Control(1.0, "s")))
    assert ask(world, NINE)[0][1] == "control"
    assert ask(world, NINE, SendPolicy(respect_control=False))[0][1] is None
    assert ask(world, NINE, category="service")[0][1] is None


def addressed(outbox: Outbox, name: str, channel: str, kind: str, staff: str | None = None) -> tuple[Any, ...]:
    wanted = pa.table({"customer_id": pa.array([outbox.customer(name)]), "channel": [channel], "kind": [kind],
                       "touchpoint": pa.nulls(1, pa.string()), "staff": pa.array([staff], pa.string())})  # fmt: skip
    with outbox.workspace.pool.read() as session, outbox.workspace.state.read() as connection:
        found = Worlds(outbox.workspace).over(session, connection).addresses(wanted, outbox.now)
        value = session.query(
            "SELECT value FROM identifiers WHERE identifier_id = $i", {"i": found["identifier_id"][0].as_py() or -1}
        )
    return (*value.column(0).to_pylist(), found["staff_id"][0].as_py(), found["reason"][0].as_py())


def test_the_associate_is_the_last_whose_contact_somebody_became(outbox: Outbox) -> None:
    outbox.person("an", "wecom")
    outbox.settle()
    ids = {"user_id": "an", "external_userid": "w-an"}
    outbox.event("wecom", "contact_added", ids, staff_id="mona")
    outbox.settle()
    assert addressed(outbox, "an", "wecom", "associate_task") == ("w-an", "mona", None)
    assert addressed(outbox, "an", "wecom", "associate_task", "lisa") == ("w-an", "lisa", None)
    assert addressed(outbox, "an", "wecom", "associate_task", "nina") == (None, "not_friend")
    outbox.event("wecom", "contact_removed", ids, staff_id="mona")
    outbox.settle()
    assert addressed(outbox, "an", "wecom", "associate_task") == ("w-an", "lisa", None)


def test_zones_come_from_what_is_known() -> None:
    assert zones._of_country("DE") == "Europe/Berlin" and zones._of_country("日本") == "Asia/Tokyo"
    assert zones._of_phone("+8613800") == "Asia/Shanghai" and zones._of_phone("+4930123") == "Europe/Berlin"
    assert zones._zone("Europe/Paris") == "Europe/Paris" and zones._zone("nowhere") is None

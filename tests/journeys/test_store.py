"""Versions and what a journey is doing, on SQLite and PostgreSQL."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from tests.journeys.brand import CART, cart
from tests.postgres import postgres_server, state, state_url  # noqa: F401

from onepool.clock import FakeClock, to_micros
from onepool.definitions import Definitions
from onepool.journeys import store
from onepool.journeys.moving import fates
from onepool.journeys.parse import parse_journey
from onepool.journeys.states import RunState
from onepool.privacy import approvals
from onepool.settings import Settings
from onepool.state import State
from onepool.state.journeys import journey_audiences, journey_requests, journey_states, runs

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
DAILY: dict[str, Any] = {
    "journey": "daily",
    "zone": {"default": "Asia/Shanghai"},
    "entry": {"schedule": "0 10 * * *", "segment": "staff"},
    "max_life": "1 day",
    "start": "one",
    "nodes": {"one": {"do": "end", "as": "completed"}},
}


class Place:
    """A state with its definitions."""

    def __init__(self, state: State) -> None:  # noqa: F811
        self.state = state
        self.clock = FakeClock(NOW)
        self.definitions = Definitions(state, self.clock)
        self.settings = Settings()

    def draft(self, body: dict[str, Any]) -> None:
        self.definitions.save("journey", body["journey"], body, author="maker")

    def publish(self, name: str = "cart_recall", **options: Any) -> store.Published:
        return store.publish(self, self.clock, name, **{"author": "boss", "may_approve": True, **options})

    def standing(self, name: str = "cart_recall") -> store.Standing:
        with self.state.read() as connection:
            found = store.standing(connection, name)
        assert found is not None
        return found

    def requests(self) -> list[tuple[str, dict[str, Any]]]:
        with self.state.read() as connection:
            rows = connection.execute(select(journey_requests).order_by(journey_requests.c.id)).all()
        return [(row.kind, json.loads(row.fields)) for row in rows]


@pytest.fixture
def place(state: State) -> Place:  # noqa: F811
    return Place(state)


def test_a_version_is_the_draft_and_never_changes(place: Place) -> None:
    place.draft(CART)
    first = place.publish()
    assert (first.version, first.nodes, first.definition) == (1, tuple(sorted(CART["nodes"])), parse_journey(CART))
    assert place.publish() == first, "publishing the same draft again makes no version"
    place.draft(cart(max_life="10 days"))
    second = place.publish()
    assert second.version_id > first.version_id and second.hash != first.hash
    with place.state.read() as connection:
        assert [one.version for one in store.versions(connection, "cart_recall")] == [2, 1]
        assert store.published(connection, first.version_id) == first
        with pytest.raises(store.JourneyError):
            store.published(connection, 999)


def test_equal_definitions_have_equal_hashes(place: Place) -> None:
    place.draft(CART)
    first = place.publish()
    place.draft(cart(max_life="10 days"))
    place.publish()
    place.draft({key: CART[key] for key in reversed(CART)})
    assert place.publish().hash == first.hash


def test_entries_go_on_over_a_new_version_and_begin_anew_after_a_pause(place: Place) -> None:
    place.draft(CART)
    place.publish()
    start = place.standing()
    assert (start.status, start.entries_from) == ("live", to_micros(NOW))
    place.clock.advance(timedelta(hours=1))
    place.draft(cart(max_life="10 days"))
    place.publish()
    assert place.standing().entries_from == start.entries_from, "events that were not looked at yet still count"
    store.pause(place, place.clock, "cart_recall", author="boss")
    place.draft(cart(max_life="11 days"))
    place.publish()
    assert place.standing().status == "paused", "a new version of a paused journey waits with it"
    store.resume(place, place.clock, "cart_recall", author="boss")
    assert place.standing().entries_from == to_micros(place.clock.now())
    assert place.requests() == [("resume", {})]


def test_what_becomes_of_old_runs(place: Place) -> None:
    place.draft(CART)
    place.publish()
    for number, old_runs in enumerate(("finish", "move", "stop")):
        place.draft(cart(max_life=f"{number + 3} days"))
        made = place.publish(old_runs=old_runs)
    assert [kind for kind, _ in place.requests()] == ["move", "stop_versions"]
    assert place.requests()[1] == ("stop_versions", {"except": made.version_id})
    place.publish(old_runs="stop")
    assert len(place.requests()) == 2, "nothing is older than the version that is live already"


def test_fates_are_told_before(place: Place) -> None:
    place.draft(CART)
    made = place.publish()
    numbers = made.definition.node_numbers()
    with place.state.write() as connection:
        for run_id, (node, state_) in enumerate(
            [("wait3", RunState.WAIT_EVENT)] * 3 + [("remind", RunState.WAIT_OUTCOME), ("give", RunState.ENDED)]
        ):
            connection.execute(
                insert(runs).values(
                    run_id=run_id, version_id=made.version_id, customer_id=run_id, key="", node=numbers[node],
                    state=int(state_), entered=0, arrived=0,
                )
            )  # fmt: skip
    new = cart(nodes__check__else="end_done", nodes__remind=None, nodes__wait3={"do": "end", "as": "other"})
    with place.state.read() as connection:
        moved = fates(connection, "cart_recall", parse_journey(new), "move")
        assert {(one.node, one.runs, one.fate, one.why) for one in moved} == {
            ("wait3", 3, "stays", "kind"),
            ("remind", 1, "stays", "missing"),
        }
        assert {one.fate for one in fates(connection, "cart_recall", parse_journey(CART), "move")} == {"move"}
        assert {one.fate for one in fates(connection, "cart_recall", parse_journey(new), "stop")} == {"stop"}
        assert store.live_runs(connection) == {made.version_id: 4}


def test_stopping_is_left_to_the_tick(place: Place) -> None:
    place.draft(CART)
    place.publish()
    store.stop(place, place.clock, "cart_recall", author="boss")
    assert place.standing().status == "stopping"
    for refused in (lambda: place.publish(), lambda: store.remove(place, place.clock, "cart_recall", author="boss")):
        with pytest.raises(store.JourneyError):
            refused()
    _stopped(place, "cart_recall")
    place.clock.advance(timedelta(days=1))
    place.publish()
    assert place.standing().entries_from == to_micros(place.clock.now())


def test_only_what_is_there_can_be_turned(place: Place) -> None:
    for turn in (store.pause, store.resume, store.stop):
        with pytest.raises(store.JourneyError, match="no such journey"):
            turn(place, place.clock, "cart_recall", author="boss")
    with pytest.raises(store.JourneyError, match="no such journey"):
        place.publish()
    place.draft(CART)
    place.publish()
    with pytest.raises(store.JourneyError, match="it is live"):
        store.resume(place, place.clock, "cart_recall", author="boss")


@pytest.mark.parametrize(
    ("rule", "may_approve", "approved", "goes"),
    [
        ("by_role", True, False, True),
        ("by_role", False, False, False),
        ("by_role", False, True, True),
        ("always", True, False, False),
        ("always", True, True, True),
        ("never", False, False, True),
    ],
)
def test_when_a_second_person_is_needed(place: Place, rule: Any, may_approve: bool, approved: bool, goes: bool) -> None:
    place.settings = Settings(journeys={"approval": rule})
    place.draft(CART)
    if approved:
        asked = approvals.ask(place.state, place.clock, "journey", "cart_recall", 1, actor="maker")
        approvals.decide(place.state, place.clock, asked.id, approve=True, actor="other")
    if goes:
        assert place.publish(may_approve=may_approve).version == 1
    else:
        with pytest.raises(store.JourneyError, match="not approved"):
            place.publish(may_approve=may_approve)


def test_schedules_start_in_the_zone(place: Place) -> None:
    place.draft(DAILY)
    place.publish("daily")
    # 04:00 UTC is 12:00 in Shanghai: the next ten o'clock is tomorrow's.
    assert place.standing("daily").next_at == to_micros(datetime(2026, 11, 21, 2, 0, tzinfo=UTC))
    store.pause(place, place.clock, "daily", author="boss")
    place.clock.advance(timedelta(days=3))
    store.resume(place, place.clock, "daily", author="boss")
    assert place.standing("daily").next_at == to_micros(datetime(2026, 11, 24, 2, 0, tzinfo=UTC))


def test_a_one_off_starts_once(place: Place) -> None:
    body = {**DAILY, "entry": {"one_off": {"segment": "staff", "start": "2026-11-25T10:00:00"}}}
    place.draft(body)
    place.publish("daily")
    start = to_micros(datetime(2026, 11, 25, 2, 0, tzinfo=UTC))
    assert place.standing("daily").next_at == start
    with place.state.write() as connection:
        connection.execute(insert(journey_audiences).values(journey="daily", at=start, customers=b"", total=0))
    place.draft({**body, "max_life": "2 days"})
    place.publish("daily")
    assert place.standing("daily").next_at is None, "its audience is frozen already"


def _stopped(place: Place, name: str) -> None:
    with place.state.write() as connection:
        connection.execute(journey_states.update().where(journey_states.c.journey == name).values(status="stopped"))


@pytest.mark.parametrize("rate", [{"per_second": 2000}, {"per_day": 2}])
def test_nobody_waits_behind_places_of_a_version_that_held_them_longer(place: Place, rate: dict[str, Any]) -> None:
    entry = {**CART["entry"], "rate": rate}
    place.draft(cart(entry={**entry, "hold": {**entry["hold"], "for": "3 days"}}))
    place.publish()
    ahead = to_micros(NOW + timedelta(days=3))
    day = ahead // 86_400_000_000
    said = json.dumps({"next": ahead, "day": day, "count": 2, "held": 5})

    def metering() -> str:
        with place.state.read() as connection:
            return str(connection.execute(select(journey_states.c.metering)).scalar_one())

    with place.state.write() as connection:
        connection.execute(update(journey_states).values(metering=said))
    place.draft(cart(entry={**entry, "hold": {**entry["hold"], "for": "3 days"}}, max_life="20 days"))
    place.publish()
    assert metering() == said, "the same pace: the places go on"
    place.draft(cart(entry={**entry, "hold": {**entry["hold"], "for": "1 minute"}}))
    place.publish()
    assert json.loads(metering()) == {"held": 5}
    today = to_micros(NOW) // 86_400_000_000
    with place.state.write() as connection:
        connection.execute(
            update(journey_states).values(metering=json.dumps({"next": ahead, "day": today, "count": 2}))
        )
    place.draft(cart(entry={**entry, "rate": {"per_day": 3}}))
    place.publish()
    assert json.loads(metering()) == {"day": today, "count": 2}, "what was let in today counts on"

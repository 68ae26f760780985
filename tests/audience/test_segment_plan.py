"""What a change of a segment would do is the difference of two full evaluations by the reference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onepool.audience.conditions.reference import holds
from onepool.clock import to_micros
from onepool.insight.segments import inlined, plan_changes, plan_segment
from onepool.pool import DuckDBEngine

from . import world

ZONE = "Asia/Shanghai"


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDBEngine]:
    pool = world.engine(ZONE)
    yield pool
    pool.close()


@given(data=st.data())
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_plan_is_the_difference_of_two_evaluations(engine: DuckDBEngine, data: st.DataObject) -> None:
    at = data.draw(st.sampled_from(world.INSTANTS))
    people = dict(enumerate(data.draw(st.lists(world.histories(to_micros(at)), min_size=1, max_size=4)), 1))
    old, new = (world.parsed(data.draw(world.conditions)) for _ in range(2))
    base = world.context(ZONE)
    # `user` uses `changed`; `far` uses `user`, negated.
    user = world.parsed({"any": [{"segment": "changed"}, {"attribute": "opted_in", "is": True}]})
    far = world.parsed({"all": [{"not": {"segment": "user"}}, {"segment": "changed"}]})

    def context(changed: object) -> object:
        segments = {**base.names.segments, "changed": changed, "user": user, "far": far}
        return replace(base, names=replace(base.names, segments=segments))

    before, after = context(old), context(new)
    world.fill(engine, people, at)
    with engine.read() as session:
        plan = plan_segment(session, "changed", new, before, at)  # type: ignore[arg-type]

    def members(condition: object, ctx: object) -> set[int]:
        return {number for number, history in people.items() if holds(condition, history, at, ctx)}  # type: ignore[arg-type]

    was, now = members(old, before), members(new, after)
    assert (plan.customers, plan.before, plan.after) == (len(people), len(was), len(now))
    assert (plan.entered, plan.left) == (len(now - was), len(was - now))
    assert (plan.sample_entered, plan.sample_left) == (sorted(now - was), sorted(was - now))
    assert bool(plan.differences) == (old != new) or not (now ^ was)
    found = {one.segment: one for one in plan.dependents}
    assert set(found) <= {"user", "far"} and (set(found) == {"user", "far"}) == (old != new)
    for name, one in found.items():
        condition = user if name == "user" else far
        was, now = members(condition, before), members(condition, after)
        assert (one.before, one.after, one.entered, one.left) == (len(was), len(now), len(now - was), len(was - now))


def test_circles_end(engine: DuckDBEngine) -> None:
    one, other = world.parsed({"segment": "b"}), world.parsed({"not": {"segment": "a"}})
    assert inlined(one, {"a": one, "b": other}).canonical() == {"not": {"segment": "b"}}


def test_nothing_asked_nothing_run(engine: DuckDBEngine) -> None:
    same = {"a": world.parsed({"did": "order_paid"})}
    with engine.read() as session:
        assert plan_changes(session, same, dict(same), world.context(ZONE), world.INSTANTS[0]) == {}

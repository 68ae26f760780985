"""What kernels count is what the grouped query counts, and what the reference says."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onepool.audience.conditions.compiler import counted, events
from onepool.audience.conditions.compiler.plan import compile_conditions
from onepool.audience.conditions.compiler.scope import Scope
from onepool.audience.tags import compile_tags
from onepool.clock import to_micros

from . import test_parity, test_tag_parity, world

NEVER = 1 << 40


@pytest.fixture(scope="module", autouse=True)
def always():
    """Kernels count however little there is to count."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(events, "LEAST_MEASURES", 1)
        yield


@pytest.fixture(scope="module", params=test_parity.ZONES[:1])
def pool(request):
    engine = world.engine(request.param)
    yield request.param, engine
    engine.close()


def _both(run):
    """The answer of kernels, and of queries alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(events, "LEAST_MEASURES", NEVER)
        by_query = run()
    return run(), by_query


def _sorted(table: pa.Table) -> pa.Table:
    return table.sort_by([(name, "ascending") for name in table.column_names if name != "list"])


@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_conditions_mean_what_the_reference_says(pool, data):
    at = data.draw(st.sampled_from(world.INSTANTS))
    histories = dict(enumerate(data.draw(test_parity.people(to_micros(at))), 1))
    drawn = data.draw(st.lists(world.any_conditions, min_size=1, max_size=5))
    conditions = {f"c{index}": world.parsed(one) for index, one in enumerate(drawn)}
    test_parity._agree(pool, data, at, histories, conditions)


@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_figure_is_the_same_as_by_query(pool, data):
    zone, engine = pool
    at = data.draw(st.sampled_from(world.INSTANTS))
    histories = dict(enumerate(data.draw(st.lists(world.histories(to_micros(at)), min_size=2, max_size=5)), 1))
    figures = world.figures.map(lambda figure: {"did": "order_paid", **figure})
    windowed = st.builds(lambda one, window: {**one, "within": window}, figures, world.windows)
    drawn = data.draw(st.lists(windowed, min_size=5, max_size=12))
    conditions = {f"c{index}": world.parsed(one) for index, one in enumerate(drawn)}
    world.fill(engine, histories, at)
    with engine.read() as session:
        plan = _both(lambda: compile_conditions(conditions, at, Scope.all(), world.context(zone)).run(session))
    assert _sorted(plan[0]).equals(_sorted(plan[1]))


@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_tags_are_the_same_as_by_query(pool, data):
    zone, engine = pool
    at = data.draw(st.sampled_from(world.INSTANTS))
    histories = dict(enumerate(data.draw(st.lists(world.histories(to_micros(at)), min_size=1, max_size=5)), 1))
    bodies = data.draw(st.lists(test_tag_parity.definitions, min_size=1, max_size=3))
    tags = {f"t{index}": test_tag_parity._tag(f"t{index}", body) for index, body in enumerate(bodies)}
    world.fill(engine, histories, at)
    with engine.write() as session:
        found = _both(lambda: compile_tags(tags, at, Scope.all(), world.context(zone)).run(session))
    assert _sorted(found[0]).to_pylist() == _sorted(found[1]).to_pylist()


def _paid(amounts, at):
    return world.History(
        [
            world.Event(seq, "order_paid", to_micros(at - timedelta(days=1)), values={"amount": amount})
            for seq, amount in enumerate(amounts)
        ]
    )


def test_sums_that_64_bits_do_not_hold_are_left_to_the_query(pool):
    zone, engine = pool
    at = world.INSTANTS[0]
    largest = 99_999_999_999_999
    world.fill(engine, {1: _paid([largest] * 12, at), 2: _paid([5], at), 3: world.History([])}, at)
    above = {"did": "order_paid", "sum": {"of": "amount", "above": largest}}
    below = {"did": "order_paid", "sum": {"of": "amount", "below": 6}}
    conditions = {"above": world.parsed(above), "below": world.parsed(below)}
    with engine.read() as session:
        rows = compile_conditions(conditions, at, Scope.all(), world.context(zone)).run(session).to_pylist()
    assert {row["customer_id"]: (row["above"], row["below"]) for row in rows} == {
        1: (True, False),
        2: (False, True),
        3: (False, False),
    }


class _Owners:
    """A session that knows who owns which identifiers."""

    def __init__(self, owned: dict[int, int]) -> None:
        self._owned = owned

    def query(self, sql, params=None):
        del sql, params
        return pa.table(
            {
                "identifier_id": pa.array(self._owned, pa.int64()),
                "customer_id": pa.array(self._owned.values(), pa.int64()),
            }
        )


@given(
    owned=st.dictionaries(
        st.one_of(st.integers(0, 50), st.integers(0, 1 << 60)), st.one_of(st.integers(0, 20), st.integers(0, 1 << 60))
    ),
    asked=st.lists(st.one_of(st.integers(0, 60), st.integers(0, 1 << 60)), max_size=20),
)
def test_places_are_those_of_the_owners(owned, asked):
    places = counted.Places(_Owners(owned))
    asked = [*asked, *owned]
    found = places.of(np.array(asked, np.int64))
    assert [None if place < 0 else int(places.customers[place]) for place in found] == [owned.get(one) for one in asked]
    assert places.customers.tolist() == sorted(set(owned.values()))

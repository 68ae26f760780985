"""The read model and the engine call the same values void, and count the same owners."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.identity.test_resolve import DAY, TYPES, Row, run

from onepool.identity import Registry, Resolver, TypeRule
from onepool.identity.read.voids import void_identifiers
from onepool.state import State

STRICT = Registry(
    {
        "phone": TypeRule("strong", 90, max_per_customer=2, max_customers=1, recycle_days=90, account=False),
        "member_no": TypeRule("strong", 70, max_per_customer=1, max_customers=2),
        "anonymous_id": TypeRule("weak", 10, max_customers=2, lifetime_days=60),
        "device": TypeRule("weak", 20, max_customers=1),
    }
)
assert STRICT.types.keys() == TYPES.keys()

identifier = st.tuples(
    st.sampled_from(["phone", "phone", "member_no", "member_no", "anonymous_id", "device"]),
    st.sampled_from(["", "app"]),
    st.sampled_from("abcde"),
)
event = st.tuples(
    st.integers(0, 900).map(lambda days: days * DAY),
    st.lists(identifier, min_size=2, max_size=4, unique=True),
    st.sampled_from(["", "王伟", "李娜", "王芳"]),
)


@settings(max_examples=40, deadline=None)
@given(events=st.lists(event, min_size=4, max_size=30), cuts=st.lists(st.integers(0, 30), max_size=3))
def test_void_values_are_those_of_the_engine(events: list[Row], cuts: list[int]) -> None:
    with TemporaryDirectory() as folder:
        state = State.at(Path(folder) / "state.sqlite")
        try:
            resolver = Resolver(state, STRICT)
            edges = [0, *sorted(min(cut, len(events)) for cut in cuts), len(events)]
            for start, end in pairwise(edges):
                if events[start:end]:
                    run(resolver, state, events[start:end])
            graph = resolver.graph
            voids = graph.voids()
            expected = dict(zip(voids.tolist(), graph.owners(voids).tolist(), strict=True))
            with state.read() as connection:
                rows = connection.exec_driver_sql("SELECT a, b FROM links WHERE status = 'void'")
                ends = {end for row in rows for end in row}
            # A value of which every link has another fault joins nobody for that, whatever the engine calls it.
            expected = {node: owners for node, owners in expected.items() if int(graph.base[node]) in ends}
            assert void_identifiers(state, STRICT, ()) == expected
        finally:
            state.close()

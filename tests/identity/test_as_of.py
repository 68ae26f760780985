"""Whose an identifier was at an earlier tick is what a rebuild from the facts of that time makes of it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.identity.test_resolve import DAY, LIMITED, TYPES, event, run, tables
from tests.identity.written import NOW, at, empty

from onepool.clock import FakeClock, from_micros, to_micros
from onepool.identity import Registry, Resolved, Resolver, TypeRule, decisions
from onepool.identity.decisions import DecisionError, Side
from onepool.identity.read import customers_at
from onepool.identity.read.history import before
from onepool.state import State

TIGHT = Registry({**TYPES, "phone": TypeRule("strong", 90, max_per_customer=1, account=False)})
RULES = {"limited": LIMITED, "tight": TIGHT}


@dataclass
class Life:
    """An engine whose ticks are an hour apart, and what it thought after each."""

    state: State
    registry: Registry
    clock: FakeClock

    def __post_init__(self) -> None:
        self.resolver = Resolver(self.state, self.registry)
        self.thought: list[tuple[int, dict[int, int]]] = []

    def tick(self, step: object) -> None:
        """A batch of events, other rules, or a ruling; then it is written down."""
        self.clock.advance(timedelta(hours=1))
        if isinstance(step, list):
            resolved = self.resolver.resolve(*tables(step))
        elif isinstance(step, str):
            resolved = self.resolver.set_rules(RULES[step])
        else:
            assert isinstance(step, tuple)
            resolved = self.rule(*step)
        with self.state.write() as connection:
            self.resolver.save(connection, resolved, at=to_micros(self.clock.now()), offset=1)
        self.thought.append((to_micros(self.clock.now()), self.customers()))

    def rule(self, kind: str, one: int, other: int) -> Resolved:
        """A person's ruling about two customers, where it makes sense; or the latest one taken back."""
        with suppress(DecisionError):
            if kind == "undo":
                decisions.undo(self.state, self.clock, decisions.latest(self.state), author="anna")
            else:
                sides = [self.side(number) for number in (one, other)]
                (decisions.merge if kind == "merge" else decisions.never)(
                    self.state, self.clock, *sides, author="anna", seen=decisions.latest(self.state)
                )
        return self.resolver.decide(decisions.every(self.state))

    def side(self, number: int) -> Side:
        owner = self.customers()
        strong = [customer for customer in sorted(set(owner.values())) if self.strong(customer)]
        if not strong:
            return Side(None, ())
        customer = strong[number % len(strong)]
        return Side(customer, tuple(one for one, mine in owner.items() if mine == customer))

    def strong(self, node: int) -> bool:
        kinds = {row["identifier_id"]: row["type"] for row in self.resolver.identifiers().to_pylist()}
        return TYPES[kinds[node]].strength == "strong"

    def customers(self) -> dict[int, int]:
        columns = (column.to_pylist() for column in self.resolver.customers().columns)
        return dict(zip(*columns, strict=True))


steps = st.one_of(
    st.lists(event, min_size=1, max_size=5),
    st.lists(event, min_size=1, max_size=5),
    st.sampled_from(sorted(RULES)),
    st.tuples(st.sampled_from(["merge", "never", "undo"]), st.integers(0, 7), st.integers(0, 7)),
)


def lived(folder: Path, history: list[object]) -> Life:
    life = Life(State.at(folder / "state.sqlite"), LIMITED, FakeClock(from_micros(0)))
    for step in history:
        life.tick(step)
    return life


@settings(max_examples=30, deadline=None)
@given(history=st.lists(steps, min_size=1, max_size=10), cut=st.integers(0, 9))
def test_as_of_a_tick_customers_are_what_they_were_and_what_a_rebuild_makes(history: list[object], cut: int) -> None:
    """P13."""
    with TemporaryDirectory() as folder, TemporaryDirectory() as other:
        life = lived(Path(folder), history)
        try:
            now = life.customers()
            with life.state.read() as connection:
                for instant, thought in life.thought:
                    for moment in (instant, instant + 1, instant + 1_000_000):
                        assert before(connection, {one: now[one] for one in thought}, moment) == thought
            rebuilt = lived(Path(other), history[: cut + 1])
            try:
                instant, thought = life.thought[min(cut, len(history) - 1)]
                assert rebuilt.customers() == thought
            finally:
                rebuilt.state.close()
        finally:
            life.state.close()


def test_a_member_that_moved_along_is_known_with_its_customers(tmp_path: Path) -> None:
    state = State.at(tmp_path / "state.sqlite")
    resolver = Resolver(state, LIMITED)
    phone, member, other, card = (
        ("phone", "", "p"),
        ("member_no", "a", "1"),
        ("phone", "", "q"),
        ("member_no", "b", "2"),
    )
    run(resolver, state, [(DAY, [phone, member], ""), (DAY, [other, card], "")])
    run(resolver, state, [(2 * DAY, [member, card], "")])
    with state.read() as connection:
        kinds = {tuple(row) for row in connection.exec_driver_sql("SELECT kind, customer_id FROM customer_changes")}
    ids = {row["value"]: row["identifier_id"] for row in resolver.identifiers().to_pylist()}
    assert kinds == {("merge", ids["q"]), ("move", ids["2"])}
    state.close()


def test_the_read_model_answers_from_both_stores(tmp_path: Path) -> None:
    world = empty(tmp_path)
    first = world.identifier("phone", "+8613800000001")
    second = world.identifier("member_no", "7", first, scope="club")
    world.change("merge", 3.0, customer=second, other=first)
    with world.sources() as sources:
        assert customers_at(sources, [first, second, 99], at(2.9)) == {first: first, second: second}
        assert customers_at(sources, [first, second], to_micros(NOW)) == {first: first, second: first}
    world.close()

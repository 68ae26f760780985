"""What a model proposes, beside what people ruled: a cut stays cut, live and from scratch."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from tests.identity.test_resolve import DAY, LIMITED, run, tables

from onepool.identity import Registry, Resolved, Resolver, TypeRule
from onepool.identity.decisions import Decision
from onepool.identity.links import LIKELY
from onepool.identity.store import RuledLink
from onepool.state import State

NOW = datetime(2026, 1, 1, tzinfo=UTC)
REGISTRY = Registry({"member_no": TypeRule("strong", 70)})


class Store:
    """Three members, nothing said of any two of them."""

    def __init__(self, folder: Path) -> None:
        self.state = State.at(folder / "state.sqlite")
        self.resolver = Resolver(self.state, REGISTRY)
        self.save(
            self.resolver.resolve(*tables([(n * DAY, [("member_no", "", one)], "") for n, one in enumerate("ABC")]))
        )

    def save(self, resolved: Resolved) -> list[int]:
        with self.state.write() as connection:
            self.resolver.save(connection, resolved, at=0, offset=1)
        return self.customers(self.resolver)

    def restarted(self, rulings: list[Decision]) -> list[int]:
        """Solved from what is stored."""
        again = Resolver(self.state, REGISTRY)
        again.restore(rulings)
        again.graph.solve()
        return self.customers(again)

    @staticmethod
    def customers(resolver: Resolver) -> list[int]:
        return [int(one) for one in resolver.graph.customer[:3]]


def _decision(number: int, kind: str, **more: object) -> Decision:
    plain: dict[str, object] = {"a": None, "b": None, "author": "test", "reason": "", "undoes": None, "undone_by": None,
                                "applied": False}  # fmt: skip
    return Decision(id=number, at=NOW, kind=kind, **(plain | more))  # type: ignore[arg-type]


@pytest.mark.parametrize("numbers", [(11, 12), (12, 11)])
def test_a_model_does_not_put_together_what_people_cut(tmp_path: Path, numbers: tuple[int, int]) -> None:
    store = Store(tmp_path)
    joins = [RuledLink(n, n + 1, number, NOW, LIKELY, 0.999) for n, number in enumerate(numbers)]
    assert store.save(store.resolver.propose(joins)) == [0, 0, 0]
    split = _decision(1, "split", a=2, b=0, part=(2,), pairs=((1, 2),))
    assert store.save(store.resolver.decide([split])) == [0, 0, 2]
    assert store.save(store.resolver.propose(joins)) == [0, 0, 2], "the next run finds them alike again"
    assert store.restarted([split]) == [0, 0, 2]
    undone = [split, _decision(2, "undo", undoes=1)]
    assert store.save(store.resolver.decide(undone)) == [0, 0, 0], "and it comes back with the undo"
    assert store.restarted(undone) == [0, 0, 0]


def test_a_link_of_a_cut_pair_that_is_proposed_first_after_the_cut(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first, second = (RuledLink(n, n + 1, 11 + n, NOW, LIKELY, 0.999) for n in range(2))
    store.save(store.resolver.propose([first]))
    split = _decision(1, "split", a=2, b=0, part=(2,), pairs=((1, 2),))
    store.save(store.resolver.decide([split]))
    assert store.save(store.resolver.propose([first, second])) == [0, 0, 2]
    assert store.restarted([split]) == [0, 0, 2]
    undone = [split, _decision(2, "undo", undoes=1)]
    assert store.save(store.resolver.decide(undone)) == [0, 0, 0] == store.restarted(undone)


def test_a_number_that_is_blocked_by_its_later_tenure_comes_back_with_the_undo(tmp_path: Path) -> None:
    state = State.at(tmp_path / "state.sqlite")
    resolver = Resolver(state, LIMITED)
    phone, one, other = ("phone", "", "p"), ("member_no", "app", "1"), ("member_no", "app", "2")
    run(resolver, state, [(0, [phone, one], "王伟"), (400 * DAY, [phone, other], "李娜")])
    before = resolver.graph.customer.tolist()
    (first,) = resolver.find(pa.table({"type": ["phone"], "scope": [""], "value": ["p"]})).tolist()
    later = resolver.graph.tenures(first)[1][0]
    blocked = [_decision(1, "block", a=later), _decision(2, "block", a=first)]
    for decided in (blocked[:1], blocked):
        resolver.decide(decided)
        assert resolver.graph.customer.tolist() != before
    resolver.decide([*blocked, _decision(3, "undo", undoes=2)])
    assert resolver.graph.customer.tolist() != before, "it is blocked by the other ruling"
    resolver.decide([*blocked, *(_decision(5 - n, "undo", undoes=n) for n in (1, 2))])
    assert resolver.graph.customer.tolist() == before
    state.close()


def test_a_merge_and_a_split_that_come_in_one_tick_are_as_in_two(tmp_path: Path) -> None:
    """What the merge joins beside its ends, only the pairs of the split cut."""
    alike = [RuledLink(0, 1, 11, NOW, LIKELY, 0.999)]
    merge = _decision(1, "merge", a=0, b=2, pairs=((1, 2),))
    split = _decision(2, "split", a=2, b=0, part=(2,), pairs=((0, 2), (1, 2)))
    one, other = Store(tmp_path / "one"), Store(tmp_path / "other")
    for store in (one, other):
        assert store.save(store.resolver.propose(alike)) == [0, 0, 2]
    assert one.save(one.resolver.decide([merge])) == [0, 0, 0]
    assert one.save(one.resolver.decide([merge, split])) == [0, 0, 2] == one.restarted([merge, split])
    assert other.save(other.resolver.decide([merge, split])) == [0, 0, 2] == other.restarted([merge, split])
    undone = [merge, split, _decision(3, "undo", undoes=2)]
    assert other.save(other.resolver.decide(undone)) == [0, 0, 0] == other.restarted(undone)

"""Consent at the claim and consent in conditions are one: the fold in the state against the plain reference."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Table
from tests.audience.standing_world import context, events
from tests.kept import may_be_emptied

from onepool.audience.conditions.parse import parse_condition
from onepool.audience.conditions.reference import Event, History
from onepool.audience.conditions.standing.model import ConsentLeaf, ReachableLeaf
from onepool.audience.conditions.standing.reference import consented
from onepool.privacy.consents import ledger, reading
from onepool.privacy.consents.reading import ASKED, BEARERS
from onepool.standards import Batch
from onepool.state import State, consents
from onepool.state.outbox import suppressions
from onepool.tick import consenting

AT = 1_770_000_000_000_000
NODES = 5
LEAVES = [
    ("marketing", "", ""), ("marketing", "", "sms"), ("marketing", "promotion", "sms"), ("service", "service", "email"),
    ("service", "", "wecom"), ("all", "", "sms"), ("m.*", "promotion", ""), ("marketing", "promotion", "wechat_oa"),
]  # fmt: skip
TEXTS = ("purpose", "category", "for_channel", "message_channel", "template_id", "bounce_type", "failure_reason")


def batch(told: Sequence[Event]) -> tuple[Batch, np.ndarray[Any, np.dtype[np.int64]]]:
    """Events as the tick has them after standardising, and their bearers."""
    rows = [
        {
            "row": row, "seq": one.seq, "event_id": one.seq.to_bytes(16, "big"), "event": one.event, "time": one.time,
            "touchpoint": one.touchpoint, "channel": one.channel,
            **{name: one.values.get(name) for name in TEXTS},
        }
        for row, one in enumerate(told)
    ]  # fmt: skip
    names = consenting._READ
    kinds = {"row": pa.int32(), "seq": pa.int64(), "event_id": pa.binary(16), "time": pa.timestamp("us", tz="UTC")}
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in names])
    empty = pa.table({})
    table = pa.Table.from_pylist(rows, schema)
    return Batch(empty, table, empty, empty, empty, empty, empty), np.array([one.bearer for one in told], np.int64)


@cache
def _state() -> State:
    made = State("sqlite://")
    with made.write() as connection:
        may_be_emptied(connection)
    return made


@contextmanager
def emptied() -> Iterator[State]:
    """The state without any word: one for all examples, since making it costs more than most of them."""
    state = _state()
    with state.write() as connection:
        for table in (*(one for one in vars(consents).values() if isinstance(one, Table)), suppressions):
            connection.execute(table.delete())
    yield state


def fold(state: State, told: Sequence[Event]) -> None:
    made, bearer = batch(told)
    with state.write() as connection:
        consenting.fold(connection, consenting.said(made, bearer, np.arange(NODES, dtype=np.int32)), AT)


def holds(state: State, owner: Sequence[int], at: int) -> dict[tuple[int, int], bool]:
    """By customer and leaf, asked of the state all at once."""
    people = sorted(set(owner))
    bearers = pa.table({"customer_id": list(owner), "identifier_id": list(range(NODES))}, schema=BEARERS)
    rows = [(person, *leaf) for person in people for leaf in LEAVES]
    asked = pa.table([list(column) for column in zip(*rows, strict=True)], schema=ASKED)
    with state.read() as connection:
        held = reading.consented(connection, bearers, asked, at).granted.tolist()
        assert ledger.differences(connection) == 0
    keys = [(person, number) for person in people for number in range(len(LEAVES))]
    return dict(zip(keys, held, strict=True))


def wanted(told: Sequence[Event], owner: Sequence[int], at: int) -> dict[tuple[int, int], bool]:
    """The same by the words of the reference, one customer and leaf after another."""
    ctx = context("Asia/Shanghai")
    found = {}
    for person in sorted(set(owner)):
        history = History([one for one in told if owner[one.bearer] == person])
        for number, (purpose, category, channel) in enumerate(LEAVES):
            asked = {"purpose": purpose} | ({"category": category} if category else {})
            leaf = parse_condition({"consent": asked | ({"channel": channel} if channel else {})})
            assert isinstance(leaf, ConsentLeaf)
            found[(person, number)] = consented(leaf, history, at, ctx)
    return found


def plain(one: Event) -> Event:
    """A word of few kinds: that one contradicts another is common then."""
    said = "consent_granted" if one.seq % 2 else "consent_withdrawn"
    channel = "sms" if one.seq % 3 == 0 else None
    return replace(one, event=said, bearer=one.bearer % 2, values={"purpose": "marketing", "for_channel": channel})


drawn = events(AT, NODES)
histories = st.lists(st.one_of(drawn, drawn.map(plain)), min_size=1, max_size=12, unique_by=lambda one: one.seq)
owners = st.lists(st.integers(10, 12), min_size=NODES, max_size=NODES)


@settings(max_examples=300, deadline=None)
@given(histories, owners, owners, st.lists(st.integers(0, 12), max_size=3), st.randoms(use_true_random=False))
def test_claim_and_conditions_agree(
    told: list[Event], before: list[int], after: list[int], cuts: list[int], random: Any
) -> None:
    """Late words, words dated ahead, any batches in any order, replays, merges and splits."""
    arrived = list(told)
    random.shuffle(arrived)
    with emptied() as state:
        edges = sorted({0, len(arrived), *(cut for cut in cuts if cut < len(arrived))})
        for begin, end in itertools.pairwise(edges):
            fold(state, arrived[begin:end])
        fold(state, arrived[: edges[-1] // 2])  # again
        for owner in (before, after):
            assert holds(state, owner, AT) == wanted(told, owner, AT)
        middle = sorted(one.time for one in told)[len(told) // 2]
        assert holds(state, after, middle) == wanted(told, after, middle), "as of an instant of the past"


@settings(max_examples=150, deadline=None)
@given(histories)
def test_refused_channels_are_those_of_reachable(told: list[Event]) -> None:
    from onepool.audience.conditions.standing import reference

    with emptied() as state:
        fold(state, told)
        ctx = context("Asia/Shanghai")
        bearers = pa.table({"customer_id": [1] * NODES, "identifier_id": list(range(NODES))}, schema=BEARERS)
        for channel in ("sms", "email", "wechat_oa"):
            leaf = parse_condition({"reachable": channel})
            assert isinstance(leaf, ReachableLeaf)
            # With an address that always lives, reach is what is not refused.
            unreached = [replace(one, touchpoint="nowhere") for one in told]
            alive = unittest_alive(reference, History(unreached), leaf, ctx)
            with state.read() as connection:
                no = reading.refused(connection, bearers, np.array([1]), channel, AT).tolist()
            assert no == [not alive]


def test_a_yes_about_a_purpose_that_was_taken_back_since_was_a_word_about_the_channel() -> None:
    told = [
        Event(1, "opted_out", AT - 30, 0, "email", "edm", bearer=0),
        Event(2, "consent_granted", AT - 20, 0, "email", "edm", {"purpose": "marketing"}, bearer=1),
        Event(3, "consent_withdrawn", AT - 10, 0, "email", "edm", {"purpose": "marketing"}, bearer=1),
    ]
    asked = np.array([1])
    bearers = pa.table({"customer_id": [1, 1], "identifier_id": [0, 1]}, schema=BEARERS)
    with emptied() as state:
        for seen, refuses in ((1, True), (2, False), (3, False)):
            fold(state, told[:seen])
            with state.read() as connection:
                assert reading.refused(connection, bearers, asked, "email", AT).tolist() == [refuses]


def unittest_alive(reference: Any, history: History, leaf: ReachableLeaf, ctx: Any) -> bool:
    """`reachable` for somebody whose addresses live."""
    real = reference._lives
    reference._lives = lambda *_: True
    try:
        return bool(reference.reachable(leaf, history, AT, ctx))
    finally:
        reference._lives = real

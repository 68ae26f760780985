"""`did` and `did_not`: their truth, and when it may turn without any new event."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import exp

from onepool.audience.conditions.compiler.events import EventPass, Matching
from onepool.audience.conditions.compiler.figures import figure, happened, scale_of
from onepool.audience.conditions.compiler.sql import (
    E,
    both,
    certain,
    col,
    every,
    filtered,
    fn,
    key_micros,
    micros,
    number,
    number_test,
    order_key,
    paren,
    shifted,
    when,
)
from onepool.audience.conditions.model import DidLeaf, DidNotLeaf, Figure, NumberTest
from onepool.audience.conditions.moves.explain import told
from onepool.audience.conditions.moves.model import MOVES

EVIDENCE = 5


@dataclass
class LeafSql:
    """A leaf over the columns of the joined steps: `truth` is never NULL; `turns` are microseconds or NULL.

    `later`: of whom it may come true by time alone though it is not (never NULL); None: of anybody. `later_not`: of
    whom it may cease to be true.
    """

    truth: E
    turns: list[E] = field(default_factory=list)
    figure: E | None = None
    evidence: E | None = None
    later: E | None = None
    later_not: E | None = None


def did(events: EventPass, leaf: DidLeaf | DidNotLeaf, *, evidence: bool = False) -> LeafSql:
    """The leaf as SQL; `evidence` adds the ids of up to five events behind it."""
    extreme = isinstance(leaf, DidLeaf) and bool(leaf.first or leaf.last)
    matching = events.match(leaf.event, leaf, every_row=extreme)
    found = _first_or_last(events, matching, leaf, evidence) if extreme else _figure(events, matching, leaf, evidence)
    standing = standing_turns(events, matching)
    found.turns += standing
    if not extreme and len(standing) == 1 and _at_least(leaf.figure()) is not None and _only_leaves(matching):
        # Time takes events out of the window and brings none in, but for those dated ahead.
        found.later = exp.Not(this=exp.Is(this=standing[0], expression=exp.null()))
    if isinstance(leaf, DidNotLeaf):
        found.truth, found.later, found.later_not = exp.Not(this=paren(found.truth)), None, found.later
    return found


def _only_leaves(matching: Matching) -> bool:
    """Whether the window stands still, or slides by always the same length."""
    slides = matching.window.slides
    return slides is None or slides.micros is not None


def standing_turns(events: EventPass, matching: Matching) -> list[E]:
    """When a measure may turn though nothing leaves a sliding window: moving tests, calendars, events ahead."""
    found: list[E] = []
    changes = events.reader.changes(matching.behaviour.where or {})
    if changes:
        soonest = events.column(matching.family, exp.func("LEAST", *changes) if len(changes) > 1 else changes[0])
        found.append(events.measure(matching.family, exp.Min(this=soonest)))
    if matching.window.rolls_at is not None:
        start = matching.window.start
        assert start is not None
        later = exp.GTE(this=micros(col("time")), expression=number(start))
        latest = events.measure(matching.family, filtered(exp.Max(this=col("time")), every([matching.hit, later])))
        known = exp.Not(this=exp.Is(this=latest, expression=exp.null()))
        found.append(when((known, number(matching.window.rolls_at))))
    moves = matching.moves
    if moves.back and moves.edge is not None and moves.since is not None and moves.window.start is not None:
        # What left a window of months comes into it again where its beginning jumps back.
        inside = _between(moves.since, moves.window.start)
        again = events.measure(matching.family, filtered(exp.Max(this=col("time")), every([matching.hit, inside])))
        found.append(when((exp.Not(this=exp.Is(this=again, expression=exp.null())), number(moves.edge))))
    return [*found, events.coming(matching.family)]


def _between(start: int, end: int) -> E:
    here = micros(col("time"))
    return both(exp.GTE(this=here, expression=number(start)), exp.LT(this=here.copy(), expression=number(end)))


def oldest_leaves(events: EventPass, matching: Matching) -> list[E]:
    """When the oldest event in a sliding window leaves it (nothing for other windows)."""
    if matching.window.slides is None:
        return []
    edge = events.measure(matching.family, filtered(exp.Min(this=col("time")), matching.inside))
    return [_leaves(events, edge, matching)]


def _figure(events: EventPass, matching: Matching, leaf: DidLeaf | DidNotLeaf, evidence: bool) -> LeafSql:
    if matching.window.slides is not None and leaf.figure() is None and not evidence:
        # The newest event says both whether there is one and when there will be none: one measure does.
        edge = events.measure(matching.family, filtered(exp.Max(this=col("time")), matching.inside))
        there = exp.Not(this=exp.Is(this=edge, expression=exp.null()))
        return LeafSql(there, [_leaves(events, edge, matching)])
    times = happened(events, matching)
    once = exp.GTE(this=times, expression=number(1))
    asked = leaf.figure()
    result = LeafSql(once, figure=times)
    if asked is not None:
        name, test = asked
        of, currency = (test.of, test.currency) if isinstance(test, Figure) else (None, None)
        value, sql_type = figure(events, matching, name, of, currency)
        result.figure = value
        tests = [number_test(value, scale_of(sql_type), each, operand) for each, operand in test.tests()]
        enough = every(tests) if name == "times" else certain(every(tests))
        result.truth = enough if _once_at_least(asked) else both(once, enough)
    if matching.window.slides is not None:
        result.turns.append(_leaving(events, matching, asked, result.truth))
    if evidence:
        result.evidence = newest(events, matching)
    return result


def newest(events: EventPass, matching: Matching) -> E:
    """The ids of up to five events, the latest first; of moves between segments what `moves.explain` reads."""
    one = events.column(matching.family, told()) if matching.family.event in MOVES else col("event_id")
    ids = fn("arg_max", one, order_key(col("time"), col("seq")), number(EVIDENCE))
    return events.measure(matching.family, filtered(ids, matching.inside))


def _leaving(events: EventPass, matching: Matching, asked: tuple[str, NumberTest] | None, truth: E) -> E:
    """When events leaving a sliding window may turn the truth: the newest one if one is enough, else the oldest."""
    slides = matching.window.slides
    assert slides is not None
    floor = _at_least(asked)
    which = exp.Max if floor is not None and floor <= 1 else exp.Min
    edge = events.measure(matching.family, filtered(which(this=col("time")), matching.inside))
    leaves = _leaves(events, edge, matching)
    # A count that is too small only shrinks as events leave, so only a true one can turn; one event makes it true.
    return leaves if floor is None or floor <= 1 else when((truth, leaves))


def _leaves(events: EventPass, time: E, matching: Matching) -> E:
    slides, reader = matching.window.slides, events.reader
    assert slides is not None
    edge = exp.Add(this=shifted(micros(time), slides, 1, reader.ctx.zone), expression=number(1))
    if slides.micros is not None:
        return edge
    # Months clip at short months: the edge may come before the event really leaves, then the next jump is soon enough.
    assert matching.moves.edge is not None
    known = exp.Not(this=exp.Is(this=time, expression=exp.null()))
    later = exp.GT(this=edge, expression=number(reader.at))
    return when((later, edge.copy()), (known, number(matching.moves.edge)))


def _once_at_least(asked: tuple[str, NumberTest]) -> bool:
    """Whether what is asked says itself that there is an event."""
    name, test = asked
    tests = dict(test.tests())
    many = name in ("times", "days") and len(tests) == 1
    return many and (tests.get("at_least", 0) > 0 or tests.get("above", -1) >= 0)


def _at_least(asked: tuple[str, NumberTest] | None) -> int | None:
    """How many events at least (of how many days), where that is all that is asked."""
    if asked is None:
        return 1
    name, test = asked
    tests = dict(test.tests())
    if name not in ("times", "days") or len(tests) != 1:
        return None
    if "at_least" in tests:
        return max(1, -int(-tests["at_least"] // 1))
    return max(1, int(tests["above"] // 1) + 1) if "above" in tests else None


def _first_or_last(events: EventPass, matching: Matching, leaf: DidLeaf | DidNotLeaf, evidence: bool) -> LeafSql:
    """The first (last) event before now of the name and slice is the first (last) one that also matches."""
    first = isinstance(leaf, DidLeaf) and bool(leaf.first)
    which = exp.Min if first else exp.Max
    key = events.column(matching.family, order_key(col("time"), col("seq")))
    of_all = events.measure(matching.family, filtered(which(this=key), matching.sliced))
    of_matching = events.measure(matching.family, filtered(which(this=key), matching.inside))
    truth = certain(exp.EQ(this=of_all, expression=of_matching))
    result = LeafSql(truth)
    time = fn("make_timestamptz", key_micros(of_all))
    result.figure = time
    if matching.window.slides is not None:
        result.turns.append(when((truth, _leaves(events, time, matching))))
    if evidence:
        pick = fn("arg_min" if first else "arg_max", col("event_id"), key, number(1))
        result.evidence = events.measure(matching.family, filtered(pick, matching.sliced))
    return result

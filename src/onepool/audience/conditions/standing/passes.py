"""Consent, reach and lists as SQL: words through the shared event pass, addresses and lists in passes of their own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from onepool.audience.conditions.compiler.behaviour import LeafSql
from onepool.audience.conditions.compiler.events import EventPass, Family
from onepool.audience.conditions.compiler.scope import table
from onepool.audience.conditions.compiler.sql import (
    E,
    both,
    certain,
    col,
    either,
    every,
    filtered,
    fn,
    instant,
    key_micros,
    micros,
    named,
    order_key,
    paren,
    some,
    when,
)
from onepool.audience.conditions.names import find_field
from onepool.audience.conditions.standing.addresses import AddressSteps
from onepool.audience.conditions.standing.consents import ALL, WORDS, Word
from onepool.audience.conditions.standing.model import ConsentLeaf, ListLeaf, ReachableLeaf
from onepool.audience.conditions.standing.ways import Way


@dataclass(frozen=True)
class _Said:
    """The latest word of an event that counts, per customer: its place in order, and its id where asked for."""

    yes: bool
    key: exp.Column
    event: exp.Column | None
    family: Family


class StandingPass:
    """Collects what leaves ask about how customers stand, then gives its steps: one per customer each."""

    def __init__(self, events: EventPass, *, evidence: bool = False) -> None:
        self.events = events
        self.reader = events.reader
        self.evidence = evidence
        self._lists: dict[str, str] = {}
        self._ways: dict[tuple[str, str, str], tuple[str, AddressSteps]] = {}

    def leaf(self, leaf: ConsentLeaf | ReachableLeaf | ListLeaf) -> LeafSql:
        match leaf:
            case ListLeaf():
                name = self._lists.setdefault(leaf.list, f"li{len(self._lists) + 1}")
                return LeafSql(certain(col(name)), turns=[col("lists_turns")])
            case ConsentLeaf():
                return self._consent(leaf)
            case ReachableLeaf():
                return self._reachable(leaf)

    def steps(self) -> list[tuple[str, exp.Query]]:
        """The steps that read the pool beside those of the event pass."""
        found = [step for _, way in self._ways.values() for step in way.steps()]
        return [*found, *([("lists", self._list_step())] if self._lists else [])]

    def names(self) -> list[str]:
        """Names of the steps that have one row per customer."""
        return [*(name for name, _ in self._ways.values()), *(["lists"] if self._lists else [])]

    # words

    def _consent(self, leaf: ConsentLeaf) -> LeafSql:
        asked = leaf.consent
        said = []
        for event, word in WORDS.items():
            meant = self._of_channel(word, asked.channel)
            if meant is not None:
                named = [self._names("purpose", asked.purpose), self._names("category", asked.category)]
                said.append(self._said(event, word, every([*named, meant])))
        yes, no = _latest(said, yes=True), _latest(said, yes=False)
        unsaid = exp.Is(this=no, expression=exp.null())
        return self._worded(LeafSql(certain(either(exp.GT(this=yes, expression=no.copy()), _known(yes, unsaid)))), said)

    def _refused(self, channel: str) -> LeafSql:
        """Whether the latest word about the channel is a no (see `consents`)."""
        said = []
        for event, word in WORDS.items():
            meant = self._of_channel(word, channel)
            assert meant is not None
            whole = [self._names("purpose", None), self._names("category", None)]
            said.append(self._said(event, word, meant if word.yes else every([meant, *whole])))
        yes, no = _latest(said, yes=True), _latest(said, yes=False)
        unsaid = exp.Is(this=yes, expression=exp.null())
        return self._worded(LeafSql(certain(either(exp.GT(this=no, expression=yes.copy()), _known(no, unsaid)))), said)

    def _worded(self, leaf: LeafSql, said: Sequence[_Said]) -> LeafSql:
        last = _greatest([one.key for one in said])
        leaf.figure = fn("make_timestamptz", key_micros(last))
        leaf.turns = [self.events.coming(one.family) for one in said]
        if self.evidence:
            cases = [(exp.EQ(this=one.key, expression=last.copy()), one.event) for one in said if one.event is not None]
            leaf.evidence = when(*((same, exp.Array(expressions=[event])) for same, event in cases))
        return leaf

    def _said(self, event: str, word: Word, hit: E) -> _Said:
        family, counts = self.events.among(event, every([self._is_empty("template_id"), hit]))
        key = self.events.column(family, order_key(col("time"), col("seq")))
        known = every([counts, exp.LT(this=col("time"), expression=instant(self.reader.at))])
        latest = self.events.measure(family, filtered(exp.Max(this=key), known))
        which = None
        if self.evidence:
            which = self.events.measure(family, filtered(fn("arg_max", col("event_id"), key), known))
        return _Said(word.yes, latest, which, family)

    def _names(self, part: str, wanted: str | None) -> E:
        """Whether a word means the purpose (or category), by name or since it means every one; None: every one."""
        none = self.reader.params.text(rf"^[\s,]*$|(^|,)\s*{ALL}\s*(,|$)")
        text = self.field(part)
        whole = paren(either(exp.Is(this=text, expression=exp.null()), fn("regexp_matches", text.copy(), none)))
        if wanted is None:
            return whole
        named = self.reader.params.text(rf"(^|,)\s*({re.escape(wanted)}|{ALL})\s*(,|$)")
        return paren(either(whole, certain(fn("regexp_matches", self.field(part), named))))

    def _of_channel(self, word: Word, channel: str | None) -> E | None:
        """Whether a word means the channel (None: every channel); None where it never does."""
        said = fn("nullif", self.field(word.channel), exp.Literal.string(""))
        if word.here:
            if channel is None:
                return None
            return exp.EQ(this=exp.func("COALESCE", said, col("channel")), expression=self.reader.params.text(channel))
        unsaid = exp.Is(this=said, expression=exp.null())
        if channel is None:
            return unsaid
        same = exp.EQ(this=said.copy(), expression=self.reader.params.text(channel))
        return paren(either(unsaid, certain(same)))

    def _is_empty(self, name: str) -> E:
        text = self.field(name)
        empty = exp.EQ(this=text.copy(), expression=exp.Literal.string(""))
        return paren(either(exp.Is(this=text, expression=exp.null()), empty))

    def field(self, name: str) -> E:
        """A field of an event as text, also where the standard has no column for it."""
        here = find_field(name, self.reader.ctx.names)
        if here.source == "column":
            return col(name)
        kind = fn("json_type", col("fields"), self.reader.json_path(here))
        text = fn("json_extract_string", col("fields"), self.reader.json_path(here))
        return paren(when((exp.EQ(this=kind, expression=exp.Literal.string("VARCHAR")), text)))

    # addresses

    def _reachable(self, leaf: ReachableLeaf) -> LeafSql:
        channel, touchpoint = leaf.reachable.channel, leaf.reachable.touchpoint
        ways = [
            way
            for way in self.reader.ctx.names.ways.get(channel, ())
            if touchpoint is None or touchpoint in way.touchpoints
        ]
        columns = [self._way(channel, way) for way in ways]
        refused = self._refused(channel)
        alive = paren(some([certain(col(f"{name}_lives")) for name in columns]))
        found = LeafSql(
            both(alive, exp.Not(this=paren(refused.truth))), figure=refused.figure, evidence=refused.evidence
        )
        found.turns = [*(col(f"{name}_turns") for name in columns), *refused.turns]
        return found

    def _way(self, channel: str, way: Way) -> str:
        key = (channel, way.type, way.scope)
        if key not in self._ways:
            name = f"w{len(self._ways) + 1}"
            steps = AddressSteps(name, f"reach {channel} {way.type} {way.scope}".strip(), channel, way, self)
            self._ways[key] = (steps.name, steps)
            for life in steps.lives:
                self.events.reads(life.event, None)
        return self._ways[key][1].prefix

    # lists

    def _list_step(self) -> exp.Query:
        """Who is on which list at the instant, and when that changes by what is dated ahead of it."""
        text, at = self.reader.params.text, instant(self.reader.at)
        ahead = exp.GT(this=col("time"), expression=at)
        leaves = exp.GT(this=col("until"), expression=at.copy())
        here = both(exp.Not(this=paren(ahead.copy())), paren(either(_is_null("until"), leaves.copy())))
        measures = [
            named(fn("bool_or", both(exp.EQ(this=col("list"), expression=text(one)), here.copy())), name)
            for one, name in self._lists.items()
        ]
        soonest = exp.Min(this=when((ahead, micros(col("time"))), (leaves, micros(col("until")))))
        wanted: list[E] = [text(one) for one in self._lists]
        told = exp.union(self._listed("list_entries", wanted), self._listed("list_past", wanted), distinct=False)
        return (
            exp.select(col("customer_id"), *measures, named(soonest, "lists_turns"))
            .from_(told.subquery("told"))
            .join(table(self.events.scope.owners), using=[exp.to_identifier("identifier_id", quoted=True)])
            .group_by(col("customer_id"))
        )

    def _listed(self, name: str, wanted: Sequence[E]) -> exp.Select:
        past = name == "list_past"
        until = col("until") if past else exp.cast(exp.null(), "TIMESTAMPTZ")
        found = (
            exp.select(col("list"), col("identifier_id"), col("time"), named(until, "until"))
            .from_(table(name))
            .where(exp.In(this=col("list"), expressions=[one.copy() for one in wanted]))
        )
        return found.where(exp.GT(this=col("until"), expression=instant(self.reader.at))) if past else found


def _is_null(name: str) -> E:
    return exp.Is(this=col(name), expression=exp.null())


def _latest(said: Sequence[_Said], *, yes: bool) -> E:
    """The place of the latest word that says so; NULL where there is none."""
    keys = [one.key for one in said if one.yes == yes]
    return _greatest(keys) if keys else exp.cast(exp.null(), "INT128")


def _greatest(keys: Sequence[E]) -> E:
    return keys[0] if len(keys) == 1 else exp.func("GREATEST", *keys)


def _known(key: E, other_unsaid: E) -> E:
    return paren(both(exp.Not(this=exp.Is(this=key.copy(), expression=exp.null())), other_unsaid))

"""Live addresses of one type and scope on a channel, as two steps: the relations that events began and ended, then
whether each customer has an address that lives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

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
    micros,
    named,
    order_key,
    paren,
    some,
    when,
)
from onepool.audience.conditions.standing.ways import Way
from onepool.channels.base import Life

if TYPE_CHECKING:
    from onepool.audience.conditions.standing.passes import StandingPass


class AddressSteps:
    """The steps of one way. The last one, `name`, has per customer PREFIX_lives and PREFIX_turns (microseconds)."""

    def __init__(self, prefix: str, name: str, channel: str, way: Way, standing: StandingPass) -> None:
        self.prefix = prefix
        self.name = name
        self.way = way
        self._channel = channel
        self._standing = standing
        self._reader = standing.reader
        self._scope = standing.events.scope

    @property
    def lives(self) -> Sequence[Life]:
        """The events that it reads."""
        return (*self.way.begins, *self.way.ends)

    @property
    def _owner(self) -> str:
        """Whose life events tell of: the customer's at the touchpoint, or one identifier's."""
        return "customer_id" if self.way.scoped else "identifier_id"

    def steps(self) -> list[tuple[str, exp.Query]]:
        own = [(f"{self.name} told", self._told()), (f"{self.name} lives", self._relations())] if self.lives else []
        return [*own, (self.name, self._addresses())]

    def _told(self) -> exp.Query:
        """Per owner and relation: whether the latest event before now began it, and the first event dated ahead."""
        begins = [self._is(life) for life in self.way.begins]
        ends = [self._is(life) for life in self.way.ends]
        wanted = exp.In(this=col("event"), expressions=self._texts(sorted({life.event for life in self.lives})))
        rows = (
            exp.select(
                col(self._owner),
                named(self._relation(), "relation"),
                col("time"),
                col("seq"),
                named(certain(some(begins)), "begins"),
            )
            .from_(table("events"))
            .join(table(self._scope.owners), using=[exp.to_identifier("identifier_id", quoted=True)])
            .where(wanted, self._here(), paren(some([*begins, *ends])))
        )
        known = exp.LT(this=col("time"), expression=instant(self._reader.at))
        latest = fn("arg_max", col("begins"), order_key(col("time"), col("seq")))
        return (
            exp.select(
                col(self._owner),
                named(filtered(latest, known), "began"),
                named(filtered(exp.Min(this=col("time")), exp.Not(this=paren(known.copy()))), "ahead"),
            )
            .from_(rows.subquery("told"))
            .group_by(col(self._owner), col("relation"))
        )

    def _relations(self) -> exp.Query:
        """Per owner: NULL where nothing has happened yet, else whether one relation lives."""
        return (
            exp.select(
                col(self._owner),
                named(fn("bool_or", col("began")), "lives"),
                named(exp.Min(this=col("ahead")), "ahead"),
            )
            .from_(table(f"{self.name} told"))
            .group_by(col(self._owner))
        )

    def _addresses(self) -> exp.Query:
        """The customers with identifiers of the way, who bear them now or will."""
        at = instant(self._reader.at)
        seen = exp.func("GREATEST", col("first_seen"), exp.func("COALESCE", col("valid_from"), col("first_seen")))
        here = both(
            exp.LTE(this=seen, expression=at),
            paren(either(_unknown("valid_to"), exp.GT(this=col("valid_to"), expression=at.copy()))),
        )
        later = exp.GT(this=seen.copy(), expression=at.copy())
        turns: list[E] = [
            when((later, micros(seen.copy()))),
            when((exp.GT(this=col("valid_to"), expression=at.copy()), micros(col("valid_to")))),
        ]
        alive: E = exp.true() if self.way.known else exp.false()
        if self.lives:
            alive = exp.func("COALESCE", col("lives"), alive)
            turns.append(exp.Add(this=micros(col("ahead")), expression=exp.Literal.number(1)))
        query = (
            exp.select(
                col("customer_id"),
                named(fn("bool_or", every([paren(here), alive])), f"{self.prefix}_lives"),
                named(exp.Min(this=exp.func("LEAST", *turns)), f"{self.prefix}_turns"),
            )
            .from_(table("identifiers"))
            .join(table(self._scope.owners), using=[exp.to_identifier("identifier_id", quoted=True)])
        )
        if self.lives:
            owner: list[int | str | exp.Expr] = [exp.to_identifier(self._owner, quoted=True)]
            query = query.join(table(f"{self.name} lives"), using=owner, join_type="left")
        in_use = paren(either(_unknown("base"), exp.Not(this=_unknown("valid_from"))))
        params = self._reader.params
        return query.where(
            exp.EQ(this=col("type"), expression=params.text(self.way.type)),
            exp.EQ(this=col("scope"), expression=params.text(self.way.scope)),
            in_use,
        ).group_by(col("customer_id"))

    def _here(self) -> E:
        """Whether an event speaks of these addresses at all."""
        if self.way.scoped:
            return exp.In(this=col("touchpoint"), expressions=self._texts(self.way.touchpoints))
        said = fn("nullif", self._standing.field("message_channel"), exp.Literal.string(""))
        spoken = exp.func("COALESCE", said, col("channel"))
        return exp.EQ(this=spoken, expression=self._reader.params.text(self._channel))

    def _is(self, life: Life) -> E:
        parts: list[E] = [exp.EQ(this=col("event"), expression=self._reader.params.text(life.event))]
        for name, values in life.where.items():
            parts.append(exp.In(this=self._standing.field(name), expressions=self._texts(values)))
        return paren(every(parts))

    def _relation(self) -> E:
        if self.way.per is None:
            return exp.cast(exp.null(), "VARCHAR")
        return fn("nullif", self._standing.field(self.way.per), exp.Literal.string(""))

    def _texts(self, words: Sequence[str]) -> list[E]:
        return [self._reader.params.text(word) for word in words]


def _unknown(name: str) -> E:
    return exp.Is(this=col(name), expression=exp.null())

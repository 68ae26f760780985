"""Whom to evaluate, and where a query reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from onepool.audience.conditions.compiler.sql import col, named, number


@dataclass(frozen=True, slots=True)
class Scope:
    """All customers, those in a relation of the session with a column `customer_id`, or one."""

    relation: str | None = None
    customer: int | None = None
    owned: str | None = None
    events: str | None = None

    @classmethod
    def all(cls) -> Scope:
        return cls()

    @classmethod
    def customers(cls, relation: str, *, owned: str | None = None) -> Scope:
        """Only these customers: only their events, facts and tags are read.

        `owned`: a relation of their identifiers, `identifier_id` and `customer_id`, so that nobody looks for them.
        """
        return cls(relation, owned=owned)

    @classmethod
    def one(cls, customer_id: int) -> Scope:
        return cls(customer=customer_id)

    def reading(self, events: str) -> Scope:
        """The same, with their events from a relation of the session instead of table `events`.

        It has the columns of the table that the query names; `event_id` is taken from `seq` there.
        """
        return replace(self, events=events)

    @property
    def everyone(self) -> bool:
        return self.relation is None and self.customer is None

    def steps(self) -> list[tuple[str, exp.Query]]:
        """`customers`: whom the answer is about; `owned`: their identifiers."""
        if self.everyone:
            return [("customers", exp.select(col("customer_id")).distinct().from_(table("customer_of")))]
        if self.customer is not None:
            one = exp.cast(number(self.customer), "BIGINT")
            asked: exp.Query = exp.select(named(one, "customer_id"))
            inside: exp.Expr = exp.EQ(this=col("customer_id"), expression=one.copy())
        else:
            assert self.relation is not None
            asked = exp.select(col("customer_id")).distinct().from_(table(self.relation))
            known = exp.select(col("customer_id")).from_(table("customers"))
            inside = exp.In(this=col("customer_id"), query=known.subquery())
        owned = exp.select(col("identifier_id"), col("customer_id")).from_(table(self.owned or "customer_of"))
        if self.owned is None:
            owned = owned.where(inside)
        steps: list[tuple[str, exp.Query]] = [("customers", asked), ("owned", owned)]
        if self.events is not None:
            # A step hides the table of its name from the steps behind it.
            gathered = exp.select(exp.Star(), named(col("seq"), "event_id")).from_(table(self.events))
            steps.append(("events", gathered))
        return steps

    @property
    def owners(self) -> str:
        """The relation that maps identifiers to the customers in scope."""
        return "customer_of" if self.everyone else "owned"


def union(queries: Sequence[exp.Query]) -> exp.Query:
    """All rows of all of them."""
    return exp.union(*queries, distinct=False, copy=False) if len(queries) > 1 else queries[0]


def table(name: str) -> exp.Table:
    return exp.Table(this=exp.to_identifier(name, quoted=True))

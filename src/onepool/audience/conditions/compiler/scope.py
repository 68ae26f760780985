"""Whom to evaluate, and where a query reads."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from onepool.audience.conditions.compiler.sql import col


@dataclass(frozen=True, slots=True)
class Scope:
    """All customers, or those in a relation of the session with a column `customer_id`."""

    relation: str | None = None

    @classmethod
    def all(cls) -> Scope:
        return cls()

    @classmethod
    def customers(cls, relation: str) -> Scope:
        """Only these customers: only their events, facts and tags are read."""
        return cls(relation)

    def steps(self) -> list[tuple[str, exp.Query]]:
        """`customers`: whom the answer is about; `owned`: their identifiers."""
        if self.relation is None:
            everyone = exp.select(col("customer_id")).distinct().from_(table("customer_of"))
            return [("customers", everyone)]
        asked = exp.select(col("customer_id")).distinct().from_(table(self.relation))
        owned = exp.select(col("identifier_id"), col("customer_id")).from_(table("customer_of"))
        inside = exp.In(
            this=col("customer_id"), query=exp.select(col("customer_id")).from_(table("customers")).subquery()
        )
        return [("customers", asked), ("owned", owned.where(inside))]

    @property
    def owners(self) -> str:
        """The relation that maps identifiers to the customers in scope."""
        return "customer_of" if self.relation is None else "owned"


def table(name: str) -> exp.Table:
    return exp.Table(this=exp.to_identifier(name, quoted=True))

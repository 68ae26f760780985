"""Steps of a plan put together, and what has to be there before them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Protocol, TypeAlias

from sqlglot import exp

from onepool.audience.conditions.compiler.needs import Starts
from onepool.pool import Session

if TYPE_CHECKING:
    from onepool.pool.behaviour import View

Views: TypeAlias = "Callable[[Session, Collection[str]], View | None]"
"""All customers' events as arrays of these columns, where the behaviour index has them: `BehaviourIndex.view`."""


class Prepared(Protocol):
    """Answers that no query gives: made first, and read by the steps as a relation of the session."""

    def run(self, session: Session, views: Views | None = None) -> None:
        """Have the relation in the session. `views`: the behaviour index, for plans over everybody."""

    def text(self, dialect: str = "duckdb") -> str:
        """How it is made, for reading."""

    def steps(self) -> list[tuple[str, exp.Query]]:
        """What it reads, in named steps."""

    def starts(self) -> Starts:
        """The events that it reads, each from which instant."""


def with_steps(steps: list[tuple[str, exp.Query]]) -> exp.Query:
    """The last step with all others as common table expressions before it."""
    *before, (_, last) = steps
    query = last.copy()
    tables = [
        exp.CTE(this=step, alias=exp.TableAlias(this=exp.to_identifier(name, quoted=True))) for name, step in before
    ]
    if tables:
        query.set("with_", exp.With(expressions=tables))
    return query


def text_of(steps: list[tuple[str, exp.Query]]) -> str:
    """All steps as one statement of DuckDB. The steps are not copied for it: that costs more than writing them."""
    return with_steps(steps).sql("duckdb", copy=False)


def bound(text: str, params: Mapping[str, object]) -> dict[str, object]:
    """The parameters that a query names: the engine refuses others.

    A comparison that can never hold (a length of 0.1) leaves its values unused.
    """
    used = set(re.findall(r"\$(\w+)", text))
    return {name: value for name, value in params.items() if name in used}

"""What goes wrong with a condition, place by place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from onepool.errors import OnePoolError


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault: `place` is a path such as `all[2].where.amuont`, `suggestion` the likely right word."""

    place: str
    message: str
    suggestion: str | None = None

    def __str__(self) -> str:
        hint = f"; did you mean {self.suggestion}?" if self.suggestion else ""
        return f"{self.place}: {self.message}{hint}" if self.place else f"{self.message}{hint}"


class ConditionError(OnePoolError):
    """A condition, tag or segment can't be used as written; `problems` has every fault found."""

    code = "condition"

    def __init__(self, problems: Sequence[Problem], *, where: str | None = None):
        super().__init__("; ".join(str(problem) for problem in problems), where=where)
        self.problems = list(problems)


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like this one, or None when none is near."""
    found = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return found[0] if found else None

"""The errors of this package."""

from __future__ import annotations

from collections.abc import Sequence

from onepool.errors import OnePoolError


class StandardError(OnePoolError):
    """The data standard, or an extension of it, is not well formed. `problems` has every fault found."""

    code = "standard"

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)

"""How many steps the machines really took, and in how many of them each promise had something to hold for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class Tally:
    """`steps`: states that were looked at; `kept`: of each promise, the states or deeds that put it to the test.

    A promise is counted where it could have been broken: that no two who were ruled apart are together says something
    only where two were ruled apart.
    """

    steps: int = 0
    kept: Counter[str] = field(default_factory=Counter)

    def saw(self, promise: str, when: object = True) -> None:
        """A promise was looked at and held, `when` there was something to look at."""
        if when:
            self.kept[promise] += 1

    def suffices(self, steps: int, least: Mapping[str, int]) -> None:
        """Asserts that so many steps were taken and each of these promises was put to the test so often."""
        assert self.steps >= steps, self
        missing = {name: self.kept[name] for name, count in least.items() if self.kept[name] < count}
        assert not missing, f"put to the test too seldom: {missing} of {dict(least)}"

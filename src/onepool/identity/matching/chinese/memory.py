"""What was made of an array of distinct values is kept as long as the array is: an engine asks many times for it."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

from onepool.identity.matching.kinds import Strings

T = TypeVar("T")


class PerValues(Generic[T]):
    """A function of an array of values that runs once per array. The array must not be changed."""

    def __init__(self, make: Callable[[Strings], T]) -> None:
        self._make = make
        self._kept: dict[int, tuple[weakref.ref[Strings], T]] = {}

    def __call__(self, values: Strings) -> T:
        number = id(values)
        kept = self._kept.get(number)
        if kept is not None and kept[0]() is values:
            return kept[1]
        made = self._make(values)
        # The number may be given to another array once this one is gone.
        self._kept[number] = (weakref.ref(values, lambda _: self._kept.pop(number, None)), made)
        return made

"""Registry of column kinds: how values of a kind are cleaned, compared and used for blocking.

A kind works on **distinct values** only; the engine maps records to codes of distinct values and asks once for each
distinct pair. To add a kind, write an object with the attributes of ``Kind`` and call ``register``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from onepool.identity.matching.settings import MatchingError

Levels = npt.NDArray[np.int8]
Strings = npt.NDArray[Any]
Positions = npt.NDArray[np.int64]
#: values of one blocking key per value: a string, several, or None for no key
KeyFunction = Callable[[Sequence[str]], list[str | None]]
TokenFunction = Callable[[Sequence[str]], list[list[str]]]


class Kind(Protocol):
    """One way to compare two values.

    ``levels``: names of the agreement levels from most to least alike; the last is "nothing alike". The order is a
    promise: a better level never weighs less (P20).
    """

    @property
    def name(self) -> str: ...

    @property
    def levels(self) -> tuple[str, ...]: ...

    @property
    def itself(self) -> Callable[[Strings], Levels] | None:
        """Level of each cleaned value against an equal one, where that isn't always 0 (two records of `王女士`
        share a surname only); None: always 0."""

    def clean(self, values: Sequence[str]) -> list[str | None]:
        """Distinct raw values -> cleaned values; None where the value says nothing (empty, placeholder)."""

    def compare(self, values: Strings, left: Positions, right: Positions) -> Levels:
        """Level numbers (0 = best) of pairs of cleaned values, given as positions in ``values`` (distinct, an object
        array of str). Work per value (pinyin, parsing) belongs before the pairing. Pairs are distinct; the engine
        may leave out pairs of equal values, which are level 0."""

    def keys(self) -> Mapping[str, KeyFunction]:
        """Blocking keys by name: from cleaned values to one key each (None: no key)."""

    def tokens(self) -> Mapping[str, TokenFunction]:
        """Blocking keys of which one value has several (words of an address)."""

    def shared(self) -> Mapping[int, KeyFunction]:
        """For levels below "same": what both values then have in common (level number -> key function), so that a
        rare common part (a district) weighs more than a frequent one."""


@dataclass(frozen=True)
class SimpleKind:
    """A kind made of functions; most kinds are one of these."""

    name: str
    levels: tuple[str, ...]
    cleaner: Callable[[Sequence[str]], list[str | None]]
    comparer: Callable[[Strings, Positions, Positions], Levels]
    key_functions: Mapping[str, KeyFunction] = field(default_factory=dict)
    token_functions: Mapping[str, TokenFunction] = field(default_factory=dict)
    shared_functions: Mapping[int, KeyFunction] = field(default_factory=dict)
    itself: Callable[[Strings], Levels] | None = None

    def clean(self, values: Sequence[str]) -> list[str | None]:
        return self.cleaner(values)

    def compare(self, values: Strings, left: Positions, right: Positions) -> Levels:
        return self.comparer(values, left, right)

    def keys(self) -> Mapping[str, KeyFunction]:
        return self.key_functions

    def tokens(self) -> Mapping[str, TokenFunction]:
        return self.token_functions

    def shared(self) -> Mapping[int, KeyFunction]:
        return self.shared_functions


_KINDS: dict[str, Kind] = {}
_HANZI: dict[str, Kind] = {}


def register(kind: Kind, *, hanzi: bool = False) -> None:
    """Make a kind known. With ``hanzi`` it replaces the generic one for columns written mostly in Chinese."""
    (_HANZI if hanzi else _KINDS)[kind.name] = kind


def kind_of(name: str, *, hanzi: bool = False) -> Kind:
    """The kind of that name; for Chinese columns the Chinese one where there is one.

    Raises MatchingError for a name that nobody registered.
    """
    if hanzi and name in _HANZI:
        return _HANZI[name]
    try:
        return _KINDS[name]
    except KeyError:
        if name in _HANZI:
            return _HANZI[name]
        known = ", ".join(sorted(set(_KINDS) | set(_HANZI)))
        raise MatchingError(f"unknown kind of column: {name}", hint=f"known kinds: {known}, ignore") from None


def kind_names() -> tuple[str, ...]:
    """Every registered kind, in order of name."""
    return tuple(sorted(set(_KINDS) | set(_HANZI)))

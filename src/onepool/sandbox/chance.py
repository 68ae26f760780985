"""Chance that does not depend on the order in which things are asked: a number for each name, by the seed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final, TypeVar

_T = TypeVar("_T")

_WHOLE: Final = 1 << 64
LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"


class Chance:
    """Draws by name: the same seed and the same names give the same result, whatever was drawn before."""

    def __init__(self, seed: int) -> None:
        self._key = str(seed).encode()

    def of(self, *name: object) -> float:
        """A number of [0, 1)."""
        return int.from_bytes(self._digest(name, 8), "big") / _WHOLE

    def happens(self, probability: float, *name: object) -> bool:
        """True with that probability."""
        return self.of(*name) < probability

    def between(self, span: Sequence[float], *name: object) -> float:
        """A number of [first, last) of ``span``."""
        return span[0] + (span[-1] - span[0]) * self.of(*name)

    def whole(self, low: int, high: int, *name: object) -> int:
        """A whole number of [low, high]."""
        return low + int(self.of(*name) * (high - low + 1))

    def pick(self, choices: Sequence[_T], *name: object) -> _T:
        """One of the choices."""
        return choices[int(self.of(*name) * len(choices))]

    def text(self, length: int, *name: object, letters: str = LETTERS) -> str:
        """Letters; as an id of a platform has them."""
        found = ""
        block = 0
        while len(found) < length:
            found += "".join(letters[byte % len(letters)] for byte in self._digest((*name, block), 64))
            block += 1
        return found[:length]

    def _digest(self, name: Sequence[object], size: int) -> bytes:
        joined = "\x1f".join(str(one) for one in name)
        return hashlib.blake2b(joined.encode(), digest_size=size, key=self._key[:64]).digest()

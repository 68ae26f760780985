"""Numbers as text for many rows at once."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]

MOST_BYTES = 21
"""Of one text: a sign, the 19 digits that 64 bits have, and a point."""


@numba.njit(cache=True, nogil=True)
def _write(values: I64, ends: I32, into: U8) -> None:
    digits = np.empty(MOST_BYTES, np.uint8)
    at = 0
    for row in range(values.size):
        value = values[row]
        if value < 0:
            into[at] = 45
            at += 1
            value = -value
        fraction, whole = value % 10_000, value // 10_000
        count = 0
        while whole or count == 0:
            digits[count] = 48 + whole % 10
            whole //= 10
            count += 1
        for place in range(count):
            into[at + place] = digits[count - 1 - place]
        at += count
        if fraction:
            into[at] = 46
            at += 1
            power = 1000
            while fraction:
                into[at] = 48 + fraction // power
                fraction %= power
                power //= 10
                at += 1
        ends[row + 1] = at


@numba.njit(cache=True, nogil=True)
def ten_thousandths(values: F64, most: int, into: I64) -> bool:
    """Numbers as whole ten-thousandths, halves away from zero. Returns whether all are below `most`."""
    for row in range(values.size):
        scaled = values[row] * 1e4
        cut = np.trunc(scaled)
        if abs(scaled - cut) >= 0.5:
            cut += 1.0 if scaled > 0 else -1.0
        if not abs(cut) < most:
            return False
        into[row] = int(cut)
    return True


def decimal_texts(values: I64) -> tuple[I32, U8]:
    """Whole numbers of ten-thousandths (below 2**62) as people write them, without idle zeros: where each text begins
    (int32[rows + 1]) and the bytes of all."""
    starts = np.zeros(values.size + 1, np.int32)
    into = np.empty(values.size * MOST_BYTES, np.uint8)
    _write(values, starts, into)
    return starts, into[: int(starts[-1])]

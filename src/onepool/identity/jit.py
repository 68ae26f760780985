"""How the graph's functions are compiled."""

from __future__ import annotations

from typing import Any

import numba


def compiled(function: Any) -> Any:
    """Compile with numba, keep the result on disk.

    Without numba's memory management, so the function and what it calls must not make arrays: to count references to a
    dozen tables at each call would cost several times what the functions do.
    """
    return numba.njit(cache=True, _nrt=False)(function)  # type: ignore[call-overload]

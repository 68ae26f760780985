"""How the numbers of a tag are spread: bars of one width with round ends, the thin tails in one bar each."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from onepool.pool.engine import Session

BARS: Final = 20
"""About as many bars, the tails beside them."""

_TAIL: Final = 0.01
"""Share of the customers beyond which a far number is counted with the tail."""

_TOLD_APART: Final = 2.0**52
"""Below so many widths from zero every bar has ends of its own."""

_MOST: Final = 1e307
"""Beyond it the ends of bars might be no numbers any more."""


@dataclass(frozen=True, slots=True)
class Bar:
    """Customers whose number lies in [low, high). None: no end on that side."""

    low: float | None
    high: float | None
    count: int


def histogram(session: Session, tag: str) -> list[Bar]:
    """Bars over the finite numbers of a tag, rising, with empty ones between them; nothing where it has none, or where
    they lie so far from zero, or so far apart, that floating point has no such bars.

    Numbers below the first or above the last percent of customers stand in an open bar where they lie further out than
    one bar. Whole numbers get bars of a whole width.
    """
    row = session.query(
        """SELECT quantile_cont(number, $tail) AS low, quantile_cont(number, 1 - $tail) AS high,
            min(number) AS least, max(number) AS most, bool_and(number = floor(number)) AS whole
        FROM tag_values WHERE tag = $tag AND number IS NOT NULL AND isfinite(number)""",
        {"tag": tag, "tail": _TAIL},
    ).to_pylist()[0]
    if row["least"] is None:
        return []
    width = _round(row["high"] - row["low"], whole=row["whole"])
    if not max(abs(row["low"]), abs(row["high"])) < min(width * _TOLD_APART, _MOST):
        return []
    first = math.floor(row["low"] / width)
    last = math.floor(row["high"] / width)
    if row["least"] >= (first - 1) * width:
        first = math.floor(row["least"] / width)
    if row["most"] < (last + 2) * width:
        last = math.floor(row["most"] / width)
    counts = session.query(
        """SELECT greatest(least(floor(number / $width), $last + 1), $first - 1)::BIGINT AS bar, count(*) AS n
        FROM tag_values WHERE tag = $tag AND number IS NOT NULL AND isfinite(number) GROUP BY bar""",
        {"tag": tag, "width": width, "first": first, "last": last},
    )
    found = dict(zip(counts.column("bar").to_pylist(), counts.column("n").to_pylist(), strict=True))
    bars = [Bar(one * width, (one + 1) * width, found.get(one, 0)) for one in range(first, last + 1)]
    below, above = found.get(first - 1, 0), found.get(last + 1, 0)
    if below:
        bars.insert(0, Bar(None, first * width, below))
    if above:
        bars.append(Bar((last + 1) * width, None, above))
    return bars


def _round(span: float, *, whole: bool) -> float:
    """A width of 1, 2 or 5 times a power of ten, so that some `BARS` of them cover the span; 0 where there is none."""
    if span == 0:
        return 1.0
    rough = span / BARS
    if not 0 < rough < math.inf:
        return 0.0
    power = 10.0 ** math.floor(math.log10(rough))
    width = next(step * power for step in (1, 2, 5, 10) if step * power >= rough * 0.999)
    return max(1.0, width) if whole else width

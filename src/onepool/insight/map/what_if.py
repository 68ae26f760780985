"""What would it bring if some of a touchpoint's customers also gave a phone (or another identifier)?

Nobody knows the phones that were not given. What happened when others gave theirs is known (`followers.py`); from that
the outcome is drawn again and again. A rate is drawn for each group of alike customers (known at how many touchpoints,
how active), as a beta distribution whose prior are the rates of the touchpoint, and of those the rates of all
touchpoints: where few have given, the draws spread widely by themselves. It is meant as given with proof (a code, one
tap), as the rules of contacts ask for a name only where there is none. That those who did not give may
differ from those who did cannot be seen in the data; every draw moves all rates by a common amount on the logit scale,
normal with standard deviation `SELECTION`. Intervals are percentiles of the draws.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from onepool.errors import UsageError
from onepool.identity.read import Sources
from onepool.insight.map.followers import Bools, Sides, sides
from onepool.insight.map.gather import Gathered

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

LEVEL = 0.9
DRAWS = 4_000
SELECTION = 0.5
"""Spread, in log-odds, of how far those who did not give differ from those who did: an assumption, shown as such."""
_FEW = 30
"""With fewer who gave, the rates are mostly those of other touchpoints."""
_PRIOR, _PRIOR_GROUP = 6.0, 12.0
"""How many observations the prior weighs: of all touchpoints for one, and of the touchpoint for a group."""
_GROUPS = 6
_LEAST = 1e-6
"""Rates stay so far from 0 and 1."""


class WhatIfError(UsageError):
    """There is nothing to compute it from."""

    code = "what-if"


@dataclass(frozen=True, slots=True)
class Interval:
    """Median and percentile interval of the draws."""

    low: float
    middle: float
    high: float


@dataclass(frozen=True, slots=True)
class Group:
    """Alike customers: how many have none, how many gave one, and of those how many were joined by it."""

    touchpoints: int
    active: bool
    without: int
    gave: int
    joined: int


@dataclass(frozen=True, slots=True)
class WhatIf:
    """`joined`: customers of the touchpoint that would be known at a further touchpoint; `duplicates`: customers fewer;
    `reachable`: customers more that have one. `borrowed`: too few gave one here, so others' rates weigh more."""

    touchpoint: str
    gives: str
    share: float
    level: float
    customers: int
    without: int
    may_join: int
    givers: int
    gave: int
    known: int
    refused: int
    borrowed: bool
    joined: Interval
    duplicates: Interval
    reachable: Interval
    rate: Interval
    groups: list[Group]
    draws: int
    selection: float


def what_if(
    sources: Sources,
    gathered: Gathered,
    touchpoint: str,
    share: float,
    *,
    gives: str = "phone",
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 1,
) -> WhatIf:
    """What it would bring if `share` (0 to 1) of those without one, at random, gave an identifier of type `gives`.

    Equal seeds give equal answers. Raises WhatIfError.
    """
    if gathered.place(touchpoint) is None:
        raise WhatIfError(f"touchpoint {touchpoint} knows nobody yet", where="touchpoint")
    if not gathered.of_type(gives):
        raise WhatIfError(
            f"nobody has a {gives} anywhere", where="gives", hint="choose a type that some customers have"
        )
    own = sides(sources, gathered, touchpoint, gives)
    every = sides(sources, gathered, None, gives)
    rng = np.random.default_rng(seed)
    without = int(own.without.sum())
    givers = round(without * share)
    cells = _cells(own)
    rates, known = _rates(rng, own, every, cells, draws)
    # Only those whose links may join can be joined; the others become reachable all the same.
    free = np.bincount(cells[own.without & own.may_join], minlength=_GROUPS)
    bound = without - int(free.sum())
    drawn = rng.multivariate_hypergeometric(np.r_[free, bound], givers, size=draws)[:, :_GROUPS]
    merged = rng.binomial(drawn, rates)
    fewer = merged.sum(axis=1)
    further = rng.binomial(fewer, _further(rng, own, every, draws))
    possible = np.maximum(drawn.sum(axis=1), 1)
    groups = _groups(own, cells)
    return WhatIf(
        touchpoint=touchpoint,
        gives=gives,
        share=share,
        level=level,
        customers=int(own.customer.size),
        without=without,
        may_join=int(free.sum()),
        givers=givers,
        gave=int(own.gave.sum()),
        known=int((own.gave & own.known).sum()),
        refused=int(own.refused.sum()),
        borrowed=int(own.gave.sum()) < _FEW,
        joined=_interval(further, level),
        duplicates=_interval(fewer, level),
        reachable=_interval(givers - fewer, level),
        rate=_interval(known if givers == 0 else fewer / possible, level),
        groups=groups,
        draws=draws,
        selection=SELECTION,
    )


def _cells(own: Sides) -> I64:
    """The group of each side: known at 1, 2 or more touchpoints; more active than the median or not."""
    middle = np.median(own.events) if own.events.size else 0.0
    cells: I64 = (np.clip(own.touchpoints, 1, 3) - 1) * 2 + (own.events > middle)
    return cells


def _rates(rng: np.random.Generator, own: Sides, every: Sides, cells: I64, draws: int) -> tuple[F64, F64]:
    """Drawn chances that giving joins: by group, shape (draws, groups), and of the touchpoint, shape (draws,)."""
    start = _share(every.known, every.gave)
    whole = _beta(rng, own.known, own.gave, np.full(draws, start), _PRIOR)
    drawn = np.stack(
        [_beta(rng, own.known, own.gave & (cells == n), whole, _PRIOR_GROUP) for n in range(_GROUPS)], axis=1
    )
    moved = rng.normal(0.0, SELECTION, draws)
    return _moved(drawn, moved[:, None]), _moved(whole, moved)


def _further(rng: np.random.Generator, own: Sides, every: Sides, draws: int) -> F64:
    """Drawn chances that who is joined is joined with a further touchpoint."""
    start = _share(every.elsewhere, every.known)
    return _beta(rng, own.elsewhere, own.gave & own.known, np.full(draws, start), _PRIOR)


def _beta(rng: np.random.Generator, success: Bools, among: Bools, prior: F64, weight: float) -> F64:
    """Draws of a rate: counted successes among some, after a prior of a mean and a weight in observations."""
    hits, total = int((success & among).sum()), int(among.sum())
    prior = np.clip(prior, _LEAST, 1 - _LEAST)
    return rng.beta(hits + weight * prior, total - hits + weight * (1 - prior))


def _share(part: Bools, whole: Bools) -> float:
    """A share that is neither none nor all: half an observation of each is added (Jeffreys)."""
    return (int((part & whole).sum()) + 0.5) / (int(whole.sum()) + 1)


def _moved(rate: F64, by: F64) -> F64:
    safe = np.clip(rate, _LEAST, 1 - _LEAST)
    moved: F64 = 1 / (1 + np.exp(-(np.log(safe / (1 - safe)) + by)))
    return moved


def _interval(values: npt.NDArray[np.generic], level: float) -> Interval:
    low, middle, high = np.quantile(np.asarray(values, np.float64), [(1 - level) / 2, 0.5, (1 + level) / 2])
    return Interval(float(low), float(middle), float(high))


def _groups(own: Sides, cells: I64) -> list[Group]:
    def counted(which: Bools) -> I64:
        return np.bincount(cells[which], minlength=_GROUPS)

    without, gave, joined = counted(own.without), counted(own.gave), counted(own.gave & own.known)
    return [
        Group(cell // 2 + 1, bool(cell % 2), int(without[cell]), int(gave[cell]), int(joined[cell]))
        for cell in range(_GROUPS)
        if without[cell] or gave[cell]
    ]

"""What a portrait says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from onepool.insight.portrait.tgi import Counts, Index

Kind = Literal["tag", "attribute", "channel"]

MIN_CELL = 30
"""With fewer members a share says little: such cells are marked."""

EVERYBODY = "all"
"""The base of all customers."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One value. `value` None: all values that are too rare or too many to be listed."""

    value: str | None
    counts: Counts
    index: Index
    small: bool

    @property
    def share(self) -> float | None:
        """Of the members of whom the dimension is known."""
        return self.counts.x_segment / self.counts.n_segment if self.counts.n_segment else None

    @property
    def base_share(self) -> float | None:
        return self.counts.x_base / self.counts.n_base if self.counts.n_base else None


@dataclass(frozen=True, slots=True)
class Numbers:
    """Of a number: how many have one, mean and quartiles (linear interpolation)."""

    n: int
    mean: float | None
    p25: float | None
    median: float | None
    p75: float | None


@dataclass(frozen=True, slots=True)
class Dimension:
    """A tag, an attribute or the channels, with its values. Shares are of those of whom it is known (`known`,
    `base_known`); a customer with several values counts under each."""

    kind: Kind
    name: str
    cells: tuple[Cell, ...]
    known: int
    base_known: int
    several: bool = False
    numbers: Numbers | None = None
    base_numbers: Numbers | None = None


@dataclass(frozen=True, slots=True)
class Leader:
    """The value in which segment and base differ most in one dimension. `bound`: how far log(TGI/100) surely is from
    0, all values looked at taken into account."""

    dimension: Dimension
    cell: Cell
    bound: float


@dataclass(frozen=True, slots=True)
class Portrait:
    """A segment against a base at an instant. `left_out`: (kind, name) -> why it is no dimension."""

    segment: str
    base: str
    at: datetime
    size: int
    base_size: int
    common: int
    dimensions: tuple[Dimension, ...]
    top: tuple[Leader, ...]
    compared: int
    seconds: float
    left_out: Mapping[tuple[Kind, str], str] = field(default_factory=dict)

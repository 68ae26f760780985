"""What a person may set about fitting; the defaults need no thought."""

from __future__ import annotations

from dataclasses import dataclass, replace

from onepool.errors import OnePoolError

_SURE = 0.001
"""Probabilities nearer to 0 or 1 than this are taken for certain."""

_AMPLE_PAIRS = 8_000_000
_AMPLE_PER_RECORD = 8
MOST_PAIRS = 20_000_000


class MatchingError(OnePoolError):
    """Records, columns or labels that can't be matched as given."""

    code = "matching"


@dataclass(frozen=True)
class Settings:
    """How hard to look and where to draw the lines.

    ``pair_budget``: most candidate pairs in all (None: as many as suit the records, see ``most_pairs``);
    ``pairs_per_record``: most candidate pairs per record (the smaller of both counts). ``join`` and ``review``:
    probabilities from which pairs join or are shown to people. ``cluster``: least mean probability between two clusters
    that are joined. ``caution``: how much nearer to certain it has to be
    where few pairs are gained (see ``clustering.link``); None: as suits the records. ``max_cluster``: most records of
    one person. ``rules``: most blocking rules. ``random_pairs``: pairs drawn at random to learn how often strangers
    agree. ``sample``: most pairs used in one round of EM, ``em_rounds`` of them at most. ``learn_records``: most
    records that weights and rules are learned from; frequencies and candidates are always those of all.
    ``labels_for_boosting``: labelled persons (or a fifth of the matching label pairs) from which labels teach the
    boosted model. ``boost``: whether a boosted pair model may be learned, of ``trees`` with ``leaves``.
    ``frequencies``: most values in a frequency table. ``seed``: of all sampling; the same records and settings give
    the same model.
    """

    pair_budget: int | None = None
    pairs_per_record: int = 80
    join: float = 0.95
    review: float = 0.5
    cluster: float = 0.4
    caution: float | None = None
    max_cluster: int = 60
    rules: int = 30
    random_pairs: int = 300_000
    sample: int = 400_000
    learn_records: int = 200_000
    em_rounds: int = 25
    labels_for_boosting: int = 100
    boost: bool = True
    trees: int = 40
    leaves: int = 24
    frequencies: int = 20_000
    seed: int = 1

    def __post_init__(self) -> None:
        if not 0.0 < self.review <= self.join <= 1.0:
            raise MatchingError(
                f"review ({self.review}) must lie above 0 and not above join ({self.join})",
                hint="join is the probability from which pairs join, review from which people are asked",
            )
        if (self.pair_budget is not None and self.pair_budget < 1) or self.pairs_per_record < 1:
            raise MatchingError("pair_budget and pairs_per_record must be at least 1")
        if self.caution is not None and self.caution < 0.0:
            raise MatchingError(
                "caution must not be below 0", hint="0 joins at the same probability whatever is gained"
            )
        if self.max_cluster < 1:
            raise MatchingError("max_cluster must be at least 1")

    def most_pairs(self, size: float) -> int:
        """Most candidate pairs of so many records, however many there may be of each: ``pair_budget``, or 8 million, of
        more than a million records 8 for each, never more than MOST_PAIRS. More of them cost time and found nobody else
        where it was measured (docs/decisions/2026-11-23-fewer-pairs.md)."""
        if self.pair_budget is not None:
            return self.pair_budget
        return int(min(MOST_PAIRS, max(_AMPLE_PAIRS, _AMPLE_PER_RECORD * size)))

    def pairs(self, size: float) -> int:
        """Most candidate pairs of so many records."""
        return int(min(self.most_pairs(size), self.pairs_per_record * size))


def priced(settings: Settings, over: float, under: float) -> Settings:
    """With the thresholds of the least expected cost, where one person merged with a stranger costs `over` and one
    kept as several `under`.

    Joining two records that are one person's with probability p costs (1 - p) `over` on average, keeping them apart
    p `under`: joining is cheaper from over / (over + under) on. Raises MatchingError for costs that say nothing.
    """
    if over < 0 or under < 0 or over + under <= 0:
        raise MatchingError(f"costs of {over} and {under} can't be weighed", hint="give two costs, one of them above 0")
    even = min(max(over / (over + under), _SURE), 1.0 - _SURE)
    return replace(settings, join=even, cluster=even, review=min(settings.review, even))

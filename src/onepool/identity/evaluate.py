"""Found clusters against the truth: how many pairs, records and persons are right, and what the wrong ones cost.

The two kinds of error are told apart, since they are not alike: over-merging shows one person's data to another,
under-merging greets a person as two. B-cubed after Bagga and Baldwin (1998): per record, the share of its cluster that
is the same person (precision) and the share of the person that is in its cluster (recall), averaged over the records.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from onepool.errors import OnePoolError

I64 = npt.NDArray[np.int64]

PER: Final = 10_000
OVER_COST: Final = 50.0
"""Of one person merged with a stranger, in units of `UNDER_COST`: a complaint, a report to the authority, trust."""
UNDER_COST: Final = 1.0
"""Of one person kept as several: a message sent twice, a benefit granted twice."""


class TruthError(OnePoolError):
    """The truth, or what is held against it, can't be read: a missing column, a record twice."""

    code = "truth"


@dataclass(frozen=True, slots=True)
class Score:
    """Precision and recall, 0 to 1; where nothing was found (or is to be found) they are 1: nothing was wrong."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean; 0 where both are."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What `evaluate` found. Persons are those of the truth, clusters the found ones over records of the truth."""

    records: int
    persons: int
    clusters: int
    true_pairs: int
    found_pairs: int
    right_pairs: int
    pairwise: Score
    bcubed: Score
    exact_persons: int
    """Persons whose records are exactly one cluster."""
    over_merged: int
    """Persons of whom a record lies in a cluster with a stranger's."""
    under_merged: int
    """Persons whose records lie in more than one cluster."""
    largest_cluster: int
    largest_wrong_cluster: int
    """Most records in a cluster of more than one person; 0 if there is none."""
    not_found: int
    """Records of the truth without a cluster: counted as clusters of one."""
    not_in_truth: int
    """Records with a cluster that the truth doesn't know: left out."""

    @property
    def exact_clusters(self) -> float:
        """Share of the persons whose records are exactly one cluster; 1 without persons."""
        return self.exact_persons / self.persons if self.persons else 1.0

    @property
    def over_merge(self) -> float:
        """Persons merged with a stranger per 10,000 persons."""
        return self._per(self.over_merged)

    @property
    def under_merge(self) -> float:
        """Persons kept as several per 10,000 persons."""
        return self._per(self.under_merged)

    def _per(self, persons: int) -> float:
        return persons / self.persons * PER if self.persons else 0.0

    def as_dict(self) -> dict[str, object]:
        """Everything by name, the derived figures too, as JSON takes it."""
        found: dict[str, object] = asdict(self)
        for name, score in (("pairwise", self.pairwise), ("bcubed", self.bcubed)):
            found[name] = {"precision": score.precision, "recall": score.recall, "f1": score.f1}
        return found | {
            "exact_clusters": self.exact_clusters,
            "over_merge": self.over_merge,
            "under_merge": self.under_merge,
        }


@dataclass(frozen=True, slots=True)
class Price:
    """Cost of the errors of an evaluation, in the unit in which the two kinds were priced."""

    over: float
    under: float
    persons: int

    @property
    def total(self) -> float:
        """Of both kinds."""
        return self.over + self.under

    @property
    def per_10k(self) -> float:
        """Of both kinds for 10,000 persons: comparable between files of different size."""
        return self.total / self.persons * PER if self.persons else 0.0


def price(evaluation: Evaluation, *, over: float = OVER_COST, under: float = UNDER_COST) -> Price:
    """Cost of the errors: `over` for each person merged with a stranger, `under` for each kept as several.

    The defaults say that one over-merge is as bad as fifty under-merges; only their ratio matters for a choice
    between two rules or thresholds. Raises ValueError for a negative cost.
    """
    if over < 0 or under < 0:
        raise ValueError("a cost can't be negative")
    return Price(evaluation.over_merged * over, evaluation.under_merged * under, evaluation.persons)


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column if pa.types.is_string(column.type) else column.cast(pa.string())


def evaluate(truth: pa.Table, found: pa.Table) -> Evaluation:
    """Hold found clusters against the truth, exactly; time and memory grow with the number of records.

    `truth`: columns `record_id`, `entity_id`; `found`: `record_id`, `cluster`; ids of any type that casts to text.
    Raises TruthError for a missing column, a missing id, or a record that is there twice.
    """
    entity_records, entities = _columns(truth, "entity_id", "truth")
    cluster_records, found_clusters = _columns(found, "cluster", "found")
    person, persons = _encode(entities)
    cluster, clusters = _encode(found_clusters)
    place = pc.index_in(entity_records, value_set=cluster_records)
    missing = np.asarray(place.is_null())
    position = place.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    # A record without a cluster was joined with nobody: a cluster of its own, numbered behind the others.
    own = clusters + np.arange(len(person), dtype=np.int64)
    cluster_of = own if not clusters else np.where(missing, own, cluster[position])
    not_in_truth = len(cluster_records) - (len(person) - int(missing.sum()))
    return _measure(person, persons, cluster_of, int(missing.sum()), not_in_truth)


def _columns(table: pa.Table, value: str, what: str) -> tuple[pa.Array, pa.Array]:
    for name in ("record_id", value):
        if name not in table.column_names:
            raise TruthError(f"no column {name}", where=what, hint=f"it has {', '.join(table.column_names) or 'none'}")
        if table[name].null_count:
            raise TruthError(f"{table[name].null_count} rows without {name}", where=what)
    records = _text(table["record_id"]).combine_chunks()
    values = table[value].combine_chunks()
    if (twice := len(records) - pc.count_distinct(records).as_py()) > 0:
        raise TruthError(f"{twice} rows for a record that is there already", where=what)
    return records, values


def _encode(values: pa.Array) -> tuple[I64, int]:
    encoded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
    return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64), len(encoded.dictionary)


def _pairs(sizes: I64) -> int:
    return int((sizes * (sizes - 1) // 2).sum())


def _measure(person: I64, persons: int, cluster: I64, not_found: int, not_in_truth: int) -> Evaluation:
    """From the number of records that each person has in each cluster: every figure is a sum over these cells."""
    # Only persons and clusters with records here: an unused word of a dictionary is none.
    person, cluster = np.unique(person, return_inverse=True)[1], np.unique(cluster, return_inverse=True)[1]
    person_size = np.bincount(person).astype(np.int64)
    cluster_size = np.bincount(cluster).astype(np.int64)
    keys, count = np.unique(person.astype(np.int64) * max(len(cluster_size), 1) + cluster, return_counts=True)
    count = count.astype(np.int64)
    of_person, of_cluster = np.divmod(keys, max(len(cluster_size), 1))
    a, b = person_size[of_person], cluster_size[of_cluster]
    persons, clusters, records = len(person_size), len(cluster_size), len(person)
    right, true, found = _pairs(count), _pairs(person_size), _pairs(cluster_size)
    squares = count.astype(np.float64) ** 2
    strangers = b > count
    wrong = np.unique(of_cluster[strangers])
    return Evaluation(
        records=records,
        persons=persons,
        clusters=clusters,
        true_pairs=true,
        found_pairs=found,
        right_pairs=right,
        pairwise=Score(right / found if found else 1.0, right / true if true else 1.0),
        bcubed=Score(
            float((squares / b).sum()) / records if records else 1.0,
            float((squares / a).sum()) / records if records else 1.0,
        ),
        exact_persons=int(((count == a) & (count == b)).sum()),
        over_merged=len(np.unique(of_person[strangers])),
        under_merged=int((np.bincount(of_person, minlength=persons) > 1).sum()) if records else 0,
        largest_cluster=int(cluster_size.max(initial=0)),
        largest_wrong_cluster=int(cluster_size[wrong].max(initial=0)),
        not_found=not_found,
        not_in_truth=not_in_truth,
    )

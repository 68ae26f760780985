"""How well likelihood matching finds persons, beside trivial methods. Prints a table.

    python bench/likelihood_quality.py [--sets febrl3,febrl4,hard,light] [--seed 1] [--labels 0.02]

FEBRL is read from ../shared/data/identity/febrl when it is there; the historical records are made up
(bench/_historical.py), a new seed makes new ones. Per set: exact equality of name and date, closure and average
linkage of Fellegi-Sunter weights alone, and the whole as `fit` does it.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from _historical import SETTINGS, make
from onepool.identity.matching import Settings, cluster, fit

FEBRL = Path(__file__).resolve().parents[2] / "shared" / "data" / "identity" / "febrl"


def counts(codes: np.ndarray) -> int:
    found = np.unique(codes, return_counts=True)[1]
    return int((found * (found - 1) // 2).sum())


def measure(entity: np.ndarray, found: np.ndarray) -> dict[str, float]:
    both = entity.astype(np.int64) * (int(found.max()) + 1) + found
    right = counts(both)
    precision, recall = right / max(1, counts(found)), right / max(1, counts(entity))
    _, at_entity, of_entity = np.unique(entity, return_inverse=True, return_counts=True)
    _, at_found, of_found = np.unique(found, return_inverse=True, return_counts=True)
    _, at_both, of_both = np.unique(both, return_inverse=True, return_counts=True)
    shared = of_both[at_both]
    b_precision, b_recall = (shared / of_found[at_found]).mean(), (shared / of_entity[at_entity]).mean()
    exact = (shared == of_found[at_found]) & (shared == of_entity[at_entity])
    return {
        "P": precision,
        "R": recall,
        "F1": 2 * precision * recall / max(1e-9, precision + recall),
        "B3": 2 * b_precision * b_recall / (b_precision + b_recall),
        "exact": len(np.unique(entity[exact])) / len(of_entity),
        "largest": int(of_found.max()),
    }


def febrl(*names: str) -> tuple[pa.Table, pa.Table]:
    tables = []
    for name in names:
        table = pyarrow.csv.read_csv(FEBRL / f"dataset{name}.csv")
        columns = {
            column.strip(): pc.utf8_trim_whitespace(table[column].cast(pa.string())) for column in table.column_names
        }
        columns = {column: pc.if_else(pc.equal(values, ""), None, values) for column, values in columns.items()}
        columns["record_id"] = columns.pop("rec_id")
        columns["source"] = pa.array([name] * table.num_rows)
        tables.append(pa.table(columns))
    records = pa.concat_tables(tables)
    entity = [int(name.split("-")[1]) for name in records["record_id"].to_pylist()]
    return records, pa.table({"record_id": records["record_id"], "entity_id": entity})


def labelled(truth: pa.Table, share: float, seed: int) -> pa.Table:
    """All pairs of the records of a share of the persons."""
    entity, ids = truth["entity_id"].to_numpy(), truth["record_id"].combine_chunks()
    random = np.random.default_rng(seed)
    persons = np.unique(entity)
    chosen = np.flatnonzero(np.isin(entity, random.choice(persons, int(len(persons) * share), replace=False)))
    a, b = (chosen[side] for side in np.triu_indices(len(chosen), 1))
    return pa.table({"left": ids.take(pa.array(a)), "right": ids.take(pa.array(b)), "match": entity[a] == entity[b]})


def codes_of(values: list[object]) -> np.ndarray:
    return np.unique(np.array([str(value) for value in values]), return_inverse=True)[1]


def trivial(records: pa.Table, truth: pa.Table) -> np.ndarray:
    """Same given name, surname and date of birth; a record without one of them is alone."""
    names = [c for c in records.column_names if c in ("given_name", "first_name", "surname", "dob", "date_of_birth")]
    rows = zip(*(records[name].to_pylist() for name in names), strict=True)
    return codes_of([row if all(row) else f"alone {number}" for number, row in enumerate(rows)])


def closure(size: int, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Connected components."""
    graph = coo_matrix((np.ones(len(a)), (a, b)), shape=(size, size))
    return np.asarray(connected_components(graph, directed=False)[1])


def report(name: str, method: str, scores: dict[str, float], seconds: float) -> None:
    told = "  ".join(f"{scores[key]:.4f}" for key in ("P", "R", "F1", "B3", "exact"))
    print(f"{name:9} {method:32} {told}  {scores['largest']:>6}  {seconds:7.1f}", flush=True)


def run(name: str, seed: int, labels: float) -> None:
    links = None
    if name.startswith("febrl"):
        records, truth = febrl("3") if name == "febrl3" else febrl("4a", "4b")
        links = ("link", "4a", "4b") if name == "febrl4" else None
        records = records if links else records.drop_columns(["source"])
    else:
        records, truth = make(SETTINGS[name], seed)
    ids = records["record_id"].to_pylist()
    by_id = dict(zip(truth["record_id"].to_pylist(), truth["entity_id"].to_pylist(), strict=True))
    entity = codes_of([by_id[record] for record in ids])

    def scored(found: pa.Table) -> dict[str, float]:
        of = dict(zip(found["record_id"].to_pylist(), found["cluster"].to_pylist(), strict=True))
        return measure(entity, codes_of([of[record] for record in ids]))

    report(name, "same name and date", measure(entity, trivial(records, truth)), 0.0)
    start = time.perf_counter()
    plain = fit(records, links=links, settings=Settings(boost=False))
    took = time.perf_counter() - start
    pairs = plain.pairs
    for threshold in (0.9, 0.99, 0.999):
        sure = pairs.filter(pc.greater_equal(pairs["probability"], threshold))
        at = {record: number for number, record in enumerate(ids)}
        a = np.array([at[record] for record in sure["left"].to_pylist()], dtype=np.int64)
        b = np.array([at[record] for record in sure["right"].to_pylist()], dtype=np.int64)
        report(name, f"weights, closure at {threshold}", measure(entity, closure(len(ids), a, b)), took)
    if links is None:
        found = cluster(pairs, records["record_id"], Settings().cluster, max_size=60)
        report(name, "weights, average linkage", scored(found), took)
    start = time.perf_counter()
    whole = fit(records, links=links)
    report(name, "fit (no labels)", scored(whole.clusters), time.perf_counter() - start)
    if labels and links is None:
        start = time.perf_counter()
        told = fit(records, labels=labelled(truth, labels, seed))
        report(name, f"fit ({labels:.0%} of persons labelled)", scored(told.clusters), time.perf_counter() - start)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--sets", default="febrl3,febrl4,hard,light")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--labels", type=float, default=0.0)
    given = arguments.parse_args()
    print(f"{'set':9} {'method':32} {'P':6}  {'R':6}  {'F1':6}  {'B3':6}  {'exact':6} {'largest':>7}  {'seconds':>7}")
    for name in given.sets.split(","):
        if name.startswith("febrl") and not FEBRL.exists():
            print(f"{name}: {FEBRL.name} is not there, passed over")
            continue
        run(name, given.seed, given.labels)


if __name__ == "__main__":
    main()

"""FEBRL 3 and 4, as they are published, are found nearly whole: columns guessed, no labels, no settings."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pytest

from onepool.identity.evaluate import Evaluation, evaluate
from onepool.identity.matching import fit

FEBRL = Path(__file__).resolve().parents[3] / "shared" / "data" / "identity" / "febrl"
LEAST = 0.9995

pytestmark = pytest.mark.skipif(
    not FEBRL.is_dir(),
    reason=f"the published sets are not there: {FEBRL.parent.name}/{FEBRL.name}/dataset3.csv, 4a, 4b",
)


def read(*names: str) -> pa.Table:
    """The records of some files, with a column source; blank values are missing."""
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
    return pa.concat_tables(tables)


def scored(records: pa.Table, clusters: pa.Table) -> Evaluation:
    """The truth is in the numbers of the records: rec-12-org and rec-12-dup-0 are one person."""
    ids = records["record_id"]
    persons = [name.split("-")[1] for name in ids.to_pylist()]
    return evaluate(pa.table({"record_id": ids, "entity_id": pa.array(persons)}), clusters)


def test_duplicates_in_one_file() -> None:
    """FEBRL 3: 5,000 records of 2,000 persons."""
    records = read("3").drop_columns(["source"])
    assert records.num_rows == 5_000
    assert scored(records, fit(records).clusters).pairwise.f1 >= LEAST


def test_two_files_of_the_same_people() -> None:
    """FEBRL 4: 5,000 persons, a record of each in either file."""
    records = read("4a", "4b")
    assert records.num_rows == 10_000
    assert scored(records, fit(records, links=("link", "4a", "4b")).clusters).pairwise.f1 >= LEAST

"""Records and truth: one owner for each id at a date, silence before a number's next owner, masks that hide."""

from __future__ import annotations

import filecmp
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest
import yaml
from tests.demo.people.conftest import Sample

from onepool.demo.people.generate import generate
from onepool.demo.people.oracle import LIMIT, bounds
from onepool.demo.people.plan import Plan
from onepool.demo.people.profiles import BORROWED, MASKED, PLACEHOLDER, STAFF, TYPED, TYPO, VERIFIED, VIRTUAL
from onepool.demo.people.sources import SHOPS, SOURCES
from onepool.standards.normalise.contact import phone

DAY = 86_400_000_000
_USED = ("first_used", "last_used")


def truth(sample: Sample, name: str) -> pa.Table:
    return pcsv.read_csv(sample.truth / name)


def accounts(sample: Sample) -> pa.Table:
    return pq.ParquetFile(sample.truth / "evidence" / "accounts-0000.parquet").read()


def test_equal_plans_give_equal_files(tmp_path: Path) -> None:
    plan = Plan(people=120, seed=3)
    for name in ("a", "b"):
        generate(plan, tmp_path / name / "records", tmp_path / name / "truth")
    files = [path.relative_to(tmp_path / "a") for path in sorted((tmp_path / "a").rglob("*")) if path.is_file()]
    assert len(files) > 20
    _, differ, missing = filecmp.cmpfiles(tmp_path / "a", tmp_path / "b", [str(file) for file in files], shallow=False)
    assert (differ, missing) == ([], [])


def test_every_identifier_has_one_owner_at_each_date(sample: Sample) -> None:
    found = sorted(path.name for path in sample.truth.glob("truth-*.csv"))
    assert found == ["truth-2023-07-02.csv", "truth-2024-01-01.csv", "truth-2024-07-02.csv", "truth-2024-12-31.csv"]
    sizes = []
    for name in [*found, "records.csv"]:
        table = truth(sample, name)
        assert pc.count_distinct(table["record_id"]).as_py() == table.num_rows
        sizes.append(table.num_rows)
    assert sizes == sorted(sizes)


def test_the_truth_knows_every_account_of_the_records(sample: Sample) -> None:
    known = set(truth(sample, "records.csv")["record_id"].to_pylist())
    for source in SOURCES:
        table = sample.records(source.name)
        wrong = table["attribute.phone"].to_pylist() if "attribute.phone" in table.column_names else []
        good = np.array([text != "11111111111" for text in wrong], np.bool_)
        ids = table.filter(pa.array(good))[source.key] if len(wrong) else table[source.key]
        assert {f"{source.key}:{value}" for value in ids.unique().to_pylist() if value is not None} <= known


def test_who_takes_back_consent_is_alone(sample: Sample) -> None:
    table = truth(sample, "records.csv")
    alone = table.filter(pc.match_substring(table["entity_id"], "#"))
    assert alone.num_rows == sample.generated.counts["accounts with consent taken back"] > 0
    assert pc.count_distinct(alone["entity_id"]).as_py() == alone.num_rows


def test_a_number_rests_before_its_next_owner(sample: Sample) -> None:
    table = truth(sample, "recycled.csv")
    assert table.num_rows >= 4
    ids, owners = table["record_id"].to_pylist(), table["entity_id"].to_pylist()
    first, last = (table[name].cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_pylist() for name in _USED)
    for row in range(1, table.num_rows):
        if ids[row] == ids[row - 1]:
            assert owners[row] != owners[row - 1]
            assert first[row] - last[row - 1] >= 90 * DAY
    # As of the end it is the last owner's.
    final = dict(
        zip(*(truth(sample, "records.csv")[name].to_pylist() for name in ("record_id", "entity_id")), strict=True)
    )
    assert {one: final[one] for one in ids} == dict(zip(ids, owners, strict=True))


def test_masked_values_are_never_plain(sample: Sample) -> None:
    table = accounts(sample)
    mode = table["mode"].to_numpy()
    phones = table["phone"].to_numpy(zero_copy_only=False)
    names = table["name"].to_numpy(zero_copy_only=False)
    assert all(re.fullmatch(r"1\d\d\*{4}\d{4}", text) for text in phones[mode == MASKED])
    assert all(text is None or text.endswith("*") for text in names[mode == MASKED])
    assert all(re.fullmatch(r"17\d{9}-\d{4}", text) for text in phones[mode == VIRTUAL])
    for text in [*phones[mode == MASKED], *phones[mode == VIRTUAL]]:
        found = phone(text)
        assert found is not None
        assert not found.usable


def test_receivers_are_hidden_as_often_as_the_rates_say(sample: Sample) -> None:
    tables = [sample.records(name) for name in (*SHOPS, "jd", "douyin")]
    phones = [text for table in tables for text in table["receiver_phone"].to_pylist() if text is not None]
    assert len(phones) > 2_000
    assert sum("*" in text for text in phones) / len(phones) == pytest.approx(0.4, abs=0.04)
    assert sum("-" in text for text in phones) / len(phones) == pytest.approx(0.35, abs=0.04)


def test_accounts_hold_phones_as_the_rates_say(sample: Sample) -> None:
    mode = accounts(sample)["mode"].to_numpy()
    typed = np.isin(mode, (TYPED, TYPO, BORROWED, STAFF, PLACEHOLDER))
    assert (mode == TYPO).sum() / typed.sum() == pytest.approx(0.008, abs=0.006)
    assert (mode == PLACEHOLDER).sum() / typed.sum() == pytest.approx(0.005, abs=0.005)
    assert (mode == BORROWED).sum() / typed.sum() == pytest.approx(0.027, abs=0.015)
    assert (mode == VERIFIED).sum() > 500


def test_what_was_used_is_told(sample: Sample) -> None:
    told = yaml.safe_load((sample.truth / "rates.yaml").read_text(encoding="utf-8"))
    assert (told["people"], told["tier"], told["seed"], told["sealed"]) == (1_500, "medium", 11, False)
    assert told["rates"] == sample.world.rates.as_dict()


def test_the_flat_table_has_its_truth(sample: Sample) -> None:
    flat, answers = truth(sample, "flat.csv"), truth(sample, "flat-truth.csv")
    assert flat["record_id"].to_pylist() == answers["record_id"].to_pylist()
    assert pc.count_distinct(flat["record_id"]).as_py() == flat.num_rows == sample.generated.counts["flat records"]
    assert pq.ParquetFile(sample.truth / "records.parquet").read().num_rows == flat.num_rows


def test_the_oracle_lies_between_the_baselines_and_the_ceiling(sample: Sample) -> None:
    found = bounds(sample.truth)
    assert found["apart"]["recall"] == 0
    assert found["ceiling"]["over_merge"] == 0
    assert found["oracle"]["over_merge"] <= LIMIT
    assert found["platform_ids"]["recall"] < found["oracle"]["recall"] <= found["ceiling"]["recall"]
    assert found["phone"]["over_merge"] > 100
    assert (sample.truth / "bounds.json").exists()


def test_the_oracle_takes_no_phone_for_proved_that_no_record_says_is(sample: Sample) -> None:
    uses = pq.ParquetFile(sample.truth / "evidence" / "uses-0000.parquet").read()
    proved = uses.filter(pc.equal(uses["mode"], VERIFIED)).num_rows
    told = 0
    for source in sample.generated.files:
        records = sample.records(source)
        if "method" in records.column_names:
            said = pc.and_(pc.equal(records["method"], "verified"), pc.is_valid(records["attribute.phone"]))
            told += pc.sum(pc.fill_null(said, False)).as_py()
    assert 0 < proved <= told

"""Mapping files: what is written in them is meant as it is written."""

from __future__ import annotations

from pathlib import Path

from onepool.collect.files import load_mapping

WRITTEN = """\
kind: orders
header: 2
columns:
  no: order_id
  sex: {attribute: gender, values: {01: female, 是: yes, on: 1_000}}
  note: null
  left: {ignore: true}
constants: {store_id: 0012, channel: no}
missing: [0, "-", no]
"""


def test_words_and_numbers_are_taken_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text(WRITTEN, encoding="utf-8")
    found = load_mapping(path)
    assert found.constants == {"store_id": "0012", "channel": "no"}
    assert found.columns["no"].field == "order_id"
    assert found.columns["sex"].values == {"01": "female", "是": "yes", "on": "1_000"}
    assert (found.columns["note"].ignore, found.columns["left"].ignore, found.header) == (True, True, 2)
    assert found.missing == ["0", "-", "no"]

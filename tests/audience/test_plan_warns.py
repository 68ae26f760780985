"""onepool plan, onepool apply and onepool segment plan say which values were never seen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from onepool.cli.app import app
from onepool.workspace import init_workspace

TAG = """
tag: from_the_north
title: {zh: 北方, en: From the north}
kind: state
says: attribute
states:
  - {value: north, when: {attribute: province, is: 北京省}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    init_workspace(tmp_path / "brand").close()
    for kind in ("segments", "tags"):
        (tmp_path / "brand" / kind).mkdir(exist_ok=True)
    segment = "{segment: shanghai, title: x, condition: {attribute: city, is: 上海市}}"
    (tmp_path / "brand" / "segments" / "shanghai.yaml").write_text(segment, encoding="utf-8")
    return tmp_path / "brand"


def ran(folder: Path, *arguments: str) -> Result:
    found = CliRunner().invoke(app, [*arguments, "--workspace", str(folder)])
    assert found.exit_code == 0, found.output
    return found


SAID = "warning: segment shanghai: is: the attribute city has never been 上海市; did you mean 上海?"


def test_a_plan_warns_of_values_never_seen(folder: Path) -> None:
    assert SAID in ran(folder, "plan").stderr
    (row,) = json.loads(ran(folder, "plan", "--json").stdout)
    assert row["warnings"] == [
        {"place": "is", "message": "the attribute city has never been 上海市", "suggestion": "上海"}
    ]


def test_applying_warns_and_takes_it_over(folder: Path) -> None:
    assert SAID in ran(folder, "apply").stderr
    assert json.loads(ran(folder, "plan", "--json").stdout) == []
    assert "warning" not in ran(folder, "plan").stderr


def test_what_is_right_has_no_warnings(folder: Path) -> None:
    path = folder / "segments" / "shanghai.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("上海市", "上海"), encoding="utf-8")
    (row,) = json.loads(ran(folder, "apply", "--json").stdout)
    assert "warnings" not in row


def test_conditions_in_tags_are_looked_at_too(folder: Path) -> None:
    (folder / "segments" / "shanghai.yaml").unlink()
    (folder / "tags" / "north.yaml").write_text(TAG, encoding="utf-8")
    (row,) = json.loads(ran(folder, "plan", "--json").stdout)
    (one,) = row["warnings"]
    assert one["place"] == "states[0].when.is" and one["message"].endswith("has never been 北京省")


def test_a_segment_planned_alone_warns_as_well(folder: Path) -> None:
    assert SAID in ran(folder, "segment", "plan", "shanghai").stderr
    assert (
        json.loads(ran(folder, "segment", "plan", "shanghai", "--json").stdout)["warnings"][0]["suggestion"] == "上海"
    )


def test_a_decision_about_what_is_no_message_is_refused_in_words(folder: Path) -> None:
    found = CliRunner().invoke(app, ["delivery", "decide", "sent", "zz", "--workspace", str(folder)])
    assert found.exit_code != 0 and "zz is no message" in str(found.exception)

"""onepool list …, and lists in Python."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from typer.testing import CliRunner, Result

import onepool
from onepool import apply as files
from onepool.apply_lists import fill
from onepool.audience.lists import ListError, snapshot_list
from onepool.cli.app import app
from onepool.errors import OnePoolError
from onepool.handle import NotFound
from onepool.workspace import init_workspace, open_workspace


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    workspace = init_workspace(tmp_path / "brand")
    workspace.close()
    (tmp_path / "numbers.csv").write_bytes("姓名,手机号\n王芳,13800000001\n李强,138****0002\n".encode("gb18030"))
    return tmp_path / "brand"


def ran(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["list", *arguments, "--workspace", str(folder)])


def test_a_list_on_the_command_line(folder: Path) -> None:
    numbers = str(folder.parent / "numbers.csv")
    assert ran(folder, "upload", "press", numbers, "--check").exit_code != 0
    done = json.loads(ran(folder, "upload", "press", numbers, "--title", "Press", "--json").stdout)
    assert {name: done[name] for name in ("type", "column", "read", "entries", "unmatched", "refused")} == {
        "type": "phone", "column": "手机号", "read": 2, "entries": 1, "unmatched": 1, "refused": 1,
    }  # fmt: skip
    assert done["refusals"][0]["row"] == 3
    (row,) = json.loads(ran(folder, "list", "--json").stdout)
    assert (row["list"], row["customers"], row["entries"], row["unmatched"]) == ("press", 0, 1, 1)
    shown = json.loads(ran(folder, "show", "press", "--json").stdout)
    assert shown["used_by"] == [] and shown["changes"][0]["source"] == "numbers.csv"
    (entry,) = json.loads(ran(folder, "unmatched", "press", "--json").stdout)
    assert entry["value"] == "138****0001"
    assert json.loads(ran(folder, "members", "press", "--json").stdout) == []
    assert "Press" in ran(folder, "show", "press").stdout
    assert ran(folder, "delete", "press").exit_code == 0
    assert ran(folder, "show", "press").exit_code != 0


def test_a_list_in_use_stays(folder: Path) -> None:
    ran(folder, "upload", "press", str(folder.parent / "numbers.csv"))
    segments = folder / "segments"
    segments.mkdir(exist_ok=True)
    (segments / "s.yaml").write_text(
        "{segment: not_press, title: x, condition: {not: {list: press}}}", encoding="utf-8"
    )
    assert CliRunner().invoke(app, ["apply", "--workspace", str(folder)]).exit_code == 0
    refused = ran(folder, "delete", "press")
    assert refused.exit_code != 0 and "segment:not_press" in str(refused.exception)


def test_lists_in_python(folder: Path) -> None:
    ran(folder, "upload", "press", str(folder.parent / "numbers.csv"))
    with onepool.open(str(folder)) as ws:
        press = ws.list("press")
        assert (press.size(), press.unmatched(), press.members().num_rows) == (0, 1, 0)
        done = press.upload(folder.parent / "numbers.csv", mode="replace", check=True)
        assert (done.name, done.entries) == ("press", 1)
        with pytest.raises(NotFound):
            ws.list("nobody")


def test_lists_as_files_of_the_workspace(folder: Path) -> None:
    def apply() -> list[str]:
        found = CliRunner().invoke(app, ["apply", "--workspace", str(folder), "--json"])
        assert found.exit_code == 0, found.output
        return [f"{one['action']} {one['kind']} {one['name']}" for one in json.loads(found.stdout)]

    (folder / "lists").mkdir(exist_ok=True)
    numbers = folder / "lists" / "numbers.csv"
    numbers.write_text("手机号\n13900000001\n13900000002\n", encoding="utf-8")
    (folder / "lists" / "press.yaml").write_text("list: press\ntitle: Press\nfile: lists/numbers.csv\n", "utf-8")
    (folder / "segments" / "all_press.yaml").write_text(
        "segment: all_press\ntitle: Press\ncondition: {list: press}\n", "utf-8"
    )
    assert apply() == ["add list press", "add segment all_press"]
    assert apply() == []
    shown = json.loads(ran(folder, "show", "press", "--json").stdout)
    assert (shown["entries"], len(shown["changes"]), shown["changes"][0]["mode"]) == (2, 1, "replace")
    numbers.write_text("手机号\n13900000003\n", encoding="utf-8")
    assert apply() == ["change list press"]
    shown = json.loads(ran(folder, "show", "press", "--json").stdout)
    assert (shown["entries"], len(shown["changes"])) == (1, 2)
    numbers.write_text("手机号\n12\n", encoding="utf-8")
    refused = CliRunner().invoke(app, ["apply", "--workspace", str(folder)])
    assert isinstance(refused.exception, ListError) and refused.exception.where == "lists/press.yaml"
    numbers.unlink()
    assert "can't be read" in str(CliRunner().invoke(app, ["plan", "--workspace", str(folder)]).exception)


def applied(folder: Path) -> list[str]:
    found = CliRunner().invoke(app, ["apply", "--workspace", str(folder), "--json"])
    assert found.exit_code == 0, found.output
    return [f"{one['action']} {one['name']}" for one in json.loads(found.stdout)]


@pytest.fixture
def press(folder: Path) -> Path:
    """A workspace with the list `press` out of lists/a.csv, of two numbers."""
    (folder / "lists").mkdir(exist_ok=True)
    (folder / "lists" / "a.csv").write_text("手机号\n13900000001\n13900000002\n", encoding="utf-8")
    (folder / "lists" / "press.yaml").write_text("list: press\ntitle: Press\nfile: lists/a.csv\n", "utf-8")
    assert applied(folder) == ["add press"]
    return folder


def entries_of(folder: Path, name: str = "press") -> int:
    return int(json.loads(ran(folder, "show", name, "--json").stdout)["entries"])


def test_going_back_to_an_earlier_file_puts_its_content_back(press: Path) -> None:
    long = "lists/" + "b" * 190 + ".csv"
    (press / long).write_text("手机号\n13900000009\n", encoding="utf-8")
    yaml = press / "lists" / "press.yaml"
    yaml.write_text(f"list: press\ntitle: Press\nfile: {long}\n", "utf-8")
    assert applied(press) == ["change press"] and entries_of(press) == 1
    assert applied(press) == []
    yaml.write_text("list: press\ntitle: Press\nfile: lists/a.csv\n", "utf-8")
    assert applied(press) == ["change press"] and entries_of(press) == 2


def test_an_apply_cut_short_before_a_list_was_filled_goes_on(press: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (press / "lists" / "a.csv").write_text("手机号\n13900000003\n", encoding="utf-8")
    workspace = open_workspace(press)
    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
        broken.setattr("onepool.apply.fill", _killed)
        files.apply(workspace, author="test")
    workspace.close()
    assert entries_of(press) == 2
    assert applied(press) == ["fill press"] and entries_of(press) == 1
    assert applied(press) == []


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_file_that_changes_while_it_is_applied_is_not_taken(press: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = press / "lists" / "a.csv"
    numbers.write_text("手机号\n13900000003\n", encoding="utf-8")

    def meanwhile(*given: Any) -> None:
        numbers.write_text("手机号\n13900000004\n13900000005\n13900000006\n", encoding="utf-8")
        fill(*given)

    workspace = open_workspace(press)
    with monkeypatch.context() as changing, pytest.raises(ListError, match=r"lists/press.yaml: .* changed meanwhile"):
        changing.setattr("onepool.apply.fill", meanwhile)
        files.apply(workspace, author="test")
    workspace.close()
    assert applied(press) == ["change press"] and entries_of(press) == 3


def test_what_is_exported_is_applied_elsewhere(press: Path, tmp_path: Path) -> None:
    numbers = str(press.parent / "numbers.csv")
    ran(press, "upload", "calls", numbers)
    workspace = open_workspace(press)
    snapshot_list(workspace, "then", "then", pa.array([], pa.int64()), author="test")
    workspace.close()
    other = tmp_path / "other"
    init_workspace(other).close()
    said = CliRunner().invoke(app, ["export", str(other), "--workspace", str(press)])
    assert said.exit_code == 0 and "then" in said.output and not (other / "lists" / "then.yaml").exists()
    assert sorted(applied(other)) == ["add calls", "add press"]
    assert entries_of(other) == 2 and applied(other) == [] == applied(press)
    (press / "lists" / "a.csv").unlink()
    again = tmp_path / "again"
    init_workspace(again).close()
    CliRunner().invoke(app, ["export", str(again), "--workspace", str(press)])
    assert "add press" in applied(again) and entries_of(again) == 0


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("source: snapshot", "made of members"),
        ('file: "lists/a\\0b"', "is no path"),
        ("file: ../../x.csv", "outside the workspace"),
    ],
)
def test_a_list_that_no_file_can_make_is_refused(press: Path, more: str, said: str) -> None:
    (press / "lists" / "odd.yaml").write_text(f"list: odd\ntitle: Odd\n{more}\n", "utf-8")
    failed = CliRunner().invoke(app, ["plan", "--workspace", str(press)]).exception
    assert isinstance(failed, OnePoolError) and said in str(failed) and "lists/odd.yaml" in str(failed)

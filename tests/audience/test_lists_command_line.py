"""onepool list …, and lists in Python."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import onepool
from onepool.audience.lists import ListError
from onepool.cli.app import app
from onepool.handle import NotFound
from onepool.workspace import init_workspace


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

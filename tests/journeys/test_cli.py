"""onepool journey …: the same as over HTTP, for terminals and machines."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.journeys.brand import CART, COUPON, MESSAGE, STAFF, TOUCHPOINTS, cart
from typer.testing import CliRunner

from onepool.cli import journeys, sentences
from onepool.cli.app import app
from onepool.errors import OnePoolError, UsageError
from onepool.workspace import init_workspace


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace whose folder has everything that the cart story names."""
    root = tmp_path / "brand"
    init_workspace(root).close()
    kinds = {"touchpoints": TOUCHPOINTS.values(), "segments": [STAFF], "messages": [MESSAGE], "coupons": [COUPON]}
    for kind, bodies in kinds.items():
        for number, body in enumerate(bodies):
            write(root / kind / f"{number}.yaml", body)
    write(root / "journeys" / "cart.yaml", CART)
    return root


def write(path: Path, body: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(body, allow_unicode=True, sort_keys=False), encoding="utf-8")


def run(folder: Path, *words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, [*words, "-w", str(folder)], env={"COLUMNS": "200"})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.output


def made(folder: Path, *words: str) -> Any:
    return json.loads(run(folder, *words, "--json"))


@pytest.fixture
def applied(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ONEPOOL_AUTHOR", "tester")
    run(folder, "apply")
    return folder


def test_life_of_a_journey(applied: Path) -> None:
    (row,) = made(applied, "journey", "list")
    assert (row["journey"], row["status"], row["version"], row["draft"], row["faults"]) == (
        "cart_recall", "draft", None, True, 0,
    )  # fmt: skip
    done = made(applied, "journey", "publish", "cart_recall")
    assert (done["version"], done["runs"]) == (1, [])
    assert made(applied, "journey", "list")[0]["status"] == "live"
    run(applied, "journey", "pause", "cart_recall", "--reason", "stock")
    assert made(applied, "journey", "show", "cart_recall")["state"]["status"] == "paused"
    run(applied, "journey", "resume", "cart_recall")

    write(applied / "journeys" / "cart.yaml", cart(max_life="10 days"))
    run(applied, "apply")
    assert made(applied, "journey", "list")[0]["draft"] is True
    assert "14 天 → 10 天" in run(applied, "journey", "diff", "cart_recall")
    assert made(applied, "journey", "publish", "cart_recall", "--dry-run", "--old-runs", "move") == []
    run(applied, "journey", "publish", "cart_recall", "--old-runs", "move")
    versions = made(applied, "journey", "versions", "cart_recall")
    assert [(one["version"], one["entries"], one["by"]) for one in versions] == [
        (2, True, "tester"),
        (1, False, "tester"),
    ]
    assert "they say the same" in run(applied, "journey", "diff", "cart_recall", "2")
    run(applied, "journey", "stop", "cart_recall")
    assert made(applied, "journey", "list")[0]["status"] == "stopping"


def test_names_are_whole_on_a_narrow_terminal(applied: Path) -> None:
    told = CliRunner().invoke(app, ["journey", "list", "-w", str(applied)], env={"COLUMNS": "80"}).output
    assert "cart_recall" in told and "differs" in told


def test_words(applied: Path) -> None:
    said = run(applied, "journey", "show", "cart_recall")
    assert "加入购物车" in said and "cases[0] → end_goal" in said
    assert yaml.safe_load(run(applied, "journey", "show", "cart_recall", "--yaml")) == CART
    assert made(applied, "journey", "show", "cart_recall")["definition"] == CART


def test_a_faulty_file_is_told_by_place(applied: Path, tmp_path: Path) -> None:
    file = tmp_path / "draft.yaml"
    write(file, cart(nodes__wait3__next="chek", nodes__send1__chain__2__unknown="resend"))
    told = run(applied, "journey", "check", str(file), code=1)
    assert "nodes.wait3.next: there is no node chek; did you mean check?" in told
    found = json.loads(CliRunner().invoke(app, ["journey", "check", str(file), "--json", "-w", str(applied)]).output)
    assert {"nodes.wait3.next", "nodes.send1.chain[2].unknown"} <= {
        one["place"] for one in found if one["severity"] == "error"
    }
    assert "no faults" in run(applied, "journey", "check", "cart_recall")
    write(applied / "journeys" / "cart.yaml", cart(nodes__wait3__next="chek"))
    with pytest.raises(OnePoolError, match=r"nodes\.wait3\.next"):
        run(applied, "apply")


def test_templates(applied: Path) -> None:
    names = [one["template"] for one in made(applied, "journey", "templates")]
    assert "cart_recall" in names and len(names) >= 11
    told = run(applied, "journey", "new", "welcome_wecom", "hello", "-p", "wait=2 days")
    assert "hello is a draft" in told
    assert made(applied, "journey", "show", "hello")["definition"]["params"]["wait"] == "2 days"
    with pytest.raises(UsageError, match="NAME=VALUE"):
        run(applied, "journey", "new", "welcome_wecom", "other", "-p", "wait")


def test_what_is_behind_figures(applied: Path) -> None:
    for words in (["runs", "cart_recall"], ["results", "cart_recall", "--from", "2026-11-02", "--to", "2026-11-01"]):
        with pytest.raises(OnePoolError, match=r"never published|after --to"):
            run(applied, "journey", *words)
    made(applied, "journey", "publish", "cart_recall")
    nobody: dict[str, Any] = {"total": 0, "runs": []}
    for words in (["--stage", "clicked"], ["--segment", "staff"], ["--reason", "goal", "--from", "2026-11-01"]):
        assert made(applied, "journey", "runs", "cart_recall", *words) == nobody
    assert made(applied, "journey", "results", "cart_recall", "--to", "2026-11-01")["entered"] == 0
    for more in (["--node", "send1", "--hop", "1"], ["--version", "1"], ["--run", "7"]):
        assert made(applied, "delivery", "list", "--journey", "cart_recall", *more) == []
    with pytest.raises(UsageError, match="whose step"):
        run(applied, "delivery", "list", "--node", "send1")


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_figures_are_told_in_the_language_of_the_workspace(applied: Path, language: str) -> None:
    settings = applied / "onepool.yaml"
    settings.write_text(settings.read_text().replace("language: zh-CN", f"language: {language}"))
    run(applied, "journey", "publish", "cart_recall")
    told = {
        ("results", "cart_recall"): ("漏斗：进入 0，触达 0", "funnel: entered 0, reached 0"),
        ("plan", "cart_recall"): ("每天进入：", "entrants per day: "),
        ("backtest", "cart_recall"): ("会进入 0 人", "0 would have entered"),
        ("test", "cart_recall"): ("cart_recall 没有用例", "cart_recall has no cases"),
        ("pause", "cart_recall"): ("cart_recall 已暂停", "cart_recall is paused"),
    }
    for words, (chinese, english) in told.items():
        text = run(applied, "journey", *words)
        wanted, other = (chinese, english) if language == "zh-CN" else (english, chinese)
        assert wanted in text
        assert other not in text
    # What machines read is the same in both.
    assert made(applied, "journey", "plan", "cart_recall")["followed"] == "0 of 0"


def test_every_sentence_has_its_chinese() -> None:
    said = [
        node.args[0].value
        for path in sorted(Path(journeys.__file__).parent.glob("journey*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("worded", "spoken")
        if isinstance(node.args[0], ast.Constant)
    ]
    assert len(said) > 12
    assert [text for text in said if text not in sentences.CHINESE] == []


def test_wrong_use(applied: Path) -> None:
    for words in (
        ["show", "nothing"],
        ["check", "nothing"],
        ["versions", "nothing"],
        ["publish", "cart_recall", "--old-runs", "x"],
    ):
        with pytest.raises(UsageError):
            run(applied, "journey", *words)
    with pytest.raises(OnePoolError, match="another way"):
        run(applied, "journey", "publish", "cart_recall")
        run(applied, "journey", "enter", "cart_recall", "1")


def test_the_schema_is_of_the_model() -> None:
    schema = json.loads(CliRunner().invoke(app, ["journey", "schema"]).output)
    assert schema["$schema"].endswith("2020-12/schema") and "entry" in schema["properties"]

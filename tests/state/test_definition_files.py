"""Definition files: a plan is checked as apply checks it, and what is wrong is said with its place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from onepool.apply import apply, plan, read_folder
from onepool.collect.log import Record
from onepool.errors import OnePoolError
from onepool.workspace import Workspace, init_workspace
from onepool.yaml_core import load

SHOP = "touchpoint: shop\nchannel: web\ntitle: {zh: 商城, en: Web shop}\nscopes: {user_id: crm}\n"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return init_workspace(tmp_path)


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("touchpoints/shop.yaml", "touchpoint: shop\nchanel: web", "`chanel` is not known here"),
        ("touchpoints/shop.yaml", "touchpoint: shop", "a touchpoint needs a channel"),
        ("touchpoints/shop.yaml", "touchpoint: shop\nchannel: webb", "there is no channel webb"),
        ("touchpoints/shop.yaml", "touchpoint: My shop!\nchannel: web", "a name of letters, digits and _ is wanted"),
        ("touchpoints/shop.yaml", SHOP.replace("{user_id: crm}", "crm"), "a mapping such as {user_id: crm}"),
        ("touchpoints/shop.yaml", SHOP.replace("{zh: 商城, en: Web shop}", "7"), "title: a text"),
        ("segments/s.yaml", "segment: s\ntitle: s\ncondition: {did: cart_add}", "did you mean cart_added?"),
        (
            "segments/s.yaml",
            "segment: s\ntitle: {zh: 加购, en: In the cart, not paid}\ncondition: {did: order_paid}",
            "`not paid` is not known here; known are zh, en",
        ),
        ("tags/t.yaml", "tag: t\ntitle: t", "kind: one of"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_saved(workspace: Workspace, file: str, text: str, said: str) -> None:
    (workspace.root / "touchpoints/good.yaml").write_text("touchpoint: good\nchannel: web\n", encoding="utf-8")
    (workspace.root / file).write_text(text, encoding="utf-8")
    for command in (lambda: plan(workspace), lambda: apply(workspace, author="test")):
        with pytest.raises(OnePoolError) as failed:
            command()
        assert said in str(failed.value) and file in str(failed.value)
    assert workspace.touchpoints() == {}


def test_what_is_planned_is_applied(workspace: Workspace) -> None:
    (workspace.root / "touchpoints/shop.yaml").write_text(SHOP, encoding="utf-8")
    planned = plan(workspace)
    assert [(change.action, change.kind, change.name) for change in planned] == [("add", "touchpoint", "shop")]
    assert apply(workspace, author="test") == planned
    assert plan(workspace) == []
    assert workspace.touchpoints()["shop"].write_key


def test_rules_that_were_saved_before_a_death_reach_the_log_with_the_next_apply(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rules() -> list[Record]:
        return [one for one in workspace.log.read(0, 1000, 1 << 20) if one.protocol == "standard"]

    def dies(self: Workspace) -> None:
        raise KeyboardInterrupt

    (workspace.root / "touchpoints/shop.yaml").write_text(SHOP, encoding="utf-8")
    before = len(rules())
    with monkeypatch.context() as patch:
        patch.setattr(Workspace, "log_rules", dies)
        with pytest.raises(KeyboardInterrupt):
            apply(workspace, author="test")
    assert plan(workspace) == [] and len(rules()) == before
    assert apply(workspace, author="test") == []
    assert len(rules()) == before + 1 and b"shop" in rules()[-1].body
    apply(workspace, author="test")
    assert len(rules()) == before + 1


def test_the_tables_of_a_database_are_written_as_the_how_to_says(workspace: Workspace) -> None:
    """`on` is a key that YAML 1.1 reads as true, and numbers are read as numbers."""
    text = (Path(__file__).parents[2] / "docs/how-to/databases.md").read_text(encoding="utf-8")
    (settings,) = [one for one in re.findall(r"^```yaml\n(.*?)^```", text, re.S | re.M) if "tables:" in one]
    written = "touchpoint: erp\nchannel: erp\n" + settings.replace('"1": male, "2":', "1: male, 2:")
    (workspace.root / "touchpoints/erp.yaml").write_text(written, encoding="utf-8")
    (change,) = apply(workspace, author="test")
    assert change.action == "add"
    orders, members = workspace.touchpoints()["erp"].settings["tables"]
    assert orders["join"][0]["on"] == {"member_id": "id"} and orders["lines"]["on"] == {"id": "order_id"}
    assert members["traits"]["gender"]["values"] == {"1": "male", "2": "female"}


def test_yes_no_on_and_off_are_words(workspace: Workspace) -> None:
    table = """
      - {name: orders, table: sale, kind: order, key: id, ids: {phone: tel}, steps: {placed: at},
         fields: {order_id: id, status: {column: paid, values: {yes: paid, no: unpaid, on: open, true: "1", 01: a}}}}
"""
    written = f"touchpoint: erp\nchannel: erp\npaused: true\nsettings:\n  url: 'sqlite:///x'\n  tables:{table}"
    (workspace.root / "touchpoints/erp.yaml").write_text(written, encoding="utf-8")
    ((_, _, body, _),) = read_folder(workspace.root)
    (orders,) = body["settings"]["tables"]
    values = {"yes": "paid", "no": "unpaid", "on": "open", "true": "1", "01": "a"}
    assert (body["paused"], orders["fields"]["status"]["values"]) == (True, values)
    assert (load("a: [yes, Off, TRUE, false, ~]"), load("{no: 1, <<: {on: 2}}")) == (
        {"a": ["yes", "Off", True, False, None]}, {"no": 1, "on": 2},
    )  # fmt: skip


def test_numbers_are_what_is_written() -> None:
    written = "[0012, 12:30, 1_000, 007.5, 1e3, 12, -3, 0, +8, 0.5, 1.5e-3, 0x1F]"
    assert load(written) == ["0012", "12:30", "1_000", "007.5", "1e3", 12, -3, 0, 8, 0.5, 0.0015, 31]

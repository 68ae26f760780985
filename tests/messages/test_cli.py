"""onepool message …, onepool coupon …"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from onepool.cli.app import app
from onepool.workspace import init_workspace

from .brand import message, sms

BODY = message(
    sms("${code} 拒收请回复R", code="{{ code }}"), variables={"code": {"type": "coupon", "from": "vars.code"}}
)
COUPON = {"coupon": "C1", "face": {"percent": 10}, "stock": 20, "codes": {"generated": {"prefix": "A-"}}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    workspace = init_workspace(tmp_path / "brand")
    workspace.close()
    root = tmp_path / "brand"
    touchpoint = {"touchpoint": "sms", "channel": "sms", "settings": {
        "provider": "aliyun", "signature": "棉屿母婴", "path_secret": "env:NOWHERE"}}  # fmt: skip
    for kind, name, body in (
        ("touchpoints", "sms", touchpoint), ("messages", "m", BODY), ("coupons", "c", {**COUPON}),
    ):  # fmt: skip
        (root / kind).mkdir(exist_ok=True)
        (root / kind / f"{name}.yaml").write_text(yaml.safe_dump(body, allow_unicode=True), encoding="utf-8")
    assert ran(root, "apply").exit_code == 0
    return root


def ran(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--workspace", str(folder)])


def told(folder: Path, *arguments: str) -> Any:
    done = ran(folder, *arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_messages_on_the_command_line(folder: Path) -> None:
    assert told(folder, "message", "list")[0]["channels"] == "sms"
    assert told(folder, "message", "show", "m")["needs"]["run"] == ["vars.code"]
    assert "it can be used" in ran(folder, "message", "check", "m").stdout
    found = told(folder, "message", "preview", "m", "--value", "vars.code=ABC")
    assert found["text"] == "【棉屿母婴】ABC 拒收请回复R" and found["segments"] == 1
    wrong = folder / "wrong.yaml"
    wrong.write_text(yaml.safe_dump({**BODY, "variables": {}}, allow_unicode=True), encoding="utf-8")
    refused = ran(folder, "message", "check", str(wrong))
    assert refused.exit_code == 1 and "contents[0].content.params.code" in refused.stdout
    (folder / "messages" / "m.yaml").write_text(wrong.read_text(encoding="utf-8"), encoding="utf-8")
    assert "there is no variable code" in str(ran(folder, "apply").exception), "faults are not applied"


def test_coupons_on_the_command_line(folder: Path) -> None:
    assert told(folder, "coupon", "generate", "C1", "50") == {"made": 20}
    (row,) = told(folder, "coupon", "list")
    assert (row["free"], row["left"], row["low"]) == (20, 20, False)
    masked = told(folder, "coupon", "codes", "C1", "--limit", "3")
    assert len(masked) == 3 and all("****" in one["code"] for one in masked)
    assert told(folder, "coupon", "codes", "C1", "--clear")[0]["code"].startswith("A-")
    assert told(folder, "coupon", "show", "C1")["definition"]["face"] == {"percent": 10.0, "min_spend": 0.0}
    codes = folder / "codes.txt"
    codes.write_text("X1\n", encoding="utf-8")
    assert "takes no list" in str(ran(folder, "coupon", "load", "C1", str(codes)).exception)
    uploaded = {**COUPON, "coupon": "C2", "codes": {"uploaded": True}, "low": 5}
    (folder / "coupons" / "d.yaml").write_text(yaml.safe_dump(uploaded), encoding="utf-8")
    assert ran(folder, "apply").exit_code == 0
    assert told(folder, "coupon", "load", "C2", str(codes))["added"] == 1
    assert "only 1 codes of coupon C2" in ran(folder, "doctor", "--json").stdout

"""A workspace with two customers and what stands between them, and `onepool identity` run in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from typer.testing import CliRunner

from onepool.cli.app import app
from onepool.imports import import_into
from onepool.state import schema
from onepool.workspace import Workspace, init_workspace

WEI, LI = "+8613711112222", "+8613733334444"
# Two people; somebody was once signed in with both accounts.
EVENTS = """event,time,phone,unionid@wx-open,device@app,order_id,amount
order_paid,2026-11-01T04:00:00Z,13711112222,uA,,O-1,120.50
app_started,2026-11-02T04:00:00Z,13711112222,,d-1,,
order_paid,2026-11-01T05:00:00Z,13733334444,uB,,O-2,30
app_started,2026-11-03T04:00:00Z,,uA,,,
page_viewed,2026-11-04T04:00:00Z,13711112222,uB,,,
"""
RULES = {"identity": "rules", "types": {"unionid": {"max_per_customer": 1}}}
WEI_IS, LI_IS = "phone:13711112222", "phone:13733334444"


def make_brand(root: Path) -> Path:
    """Customer 1: a phone, a unionid, a device. Customer 2: a phone, a unionid. A conflict and a proposal between."""
    ws = init_workspace(root)
    ws.save("identity", "rules", RULES, author="test")
    file = root.parent / "events.csv"
    file.write_text(EVENTS)
    outcome = import_into(ws, "events", [file])
    assert (outcome.accepted, outcome.quarantined) == (5, 0), outcome.refused
    ids = numbers(ws)
    with ws.state.write() as connection:
        a, b = sorted((ids[WEI], ids[LI]))
        row = {"a": a, "b": b, "probability": 0.91, "detail": "[]", "model": 1, "at": 0, "status": "open"}
        connection.execute(insert(schema.candidates).values(row))
    ws.close()
    return root


def numbers(ws: Workspace) -> dict[str, int]:
    """Identifiers by value."""
    found = ws.pool.query("SELECT identifier_id, value FROM identifiers")
    return dict(zip(found["value"].to_pylist(), found["identifier_id"].to_pylist(), strict=True))


def run(folder: Path, *words: str, status: int = 0) -> str:
    result = CliRunner(env={"COLUMNS": "80"}).invoke(
        app, ["identity", *words, "--workspace", str(folder)], catch_exceptions=False
    )
    assert result.exit_code == status, result.output
    return result.output


def answer(folder: Path, *words: str) -> Any:
    return json.loads(run(folder, *words, "--json"))

"""`onepool.open(DIR)`: the same answers beside a running server and without one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.e2e.server import Server
from tests.e2e.shop import CARTS, DEFINITIONS, HEROINE, PEOPLE, open_shop

import onepool
from onepool.audience.conditions import ConditionError
from onepool.errors import OnePoolError
from onepool.handle import Handle
from onepool.pool.remote import RemoteEngine
from onepool.workspace import init_workspace

ACTIVE = DEFINITIONS["segments/active_buyers.yaml"]["condition"]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same shop in which no server runs."""
    folder = tmp_path_factory.mktemp("alone")
    init_workspace(folder / "ws").close()
    open_shop(folder / "ws", folder)
    return folder / "ws"


@pytest.fixture(params=["beside a server", "alone"])
def handle(request: pytest.FixtureRequest) -> Iterator[Handle]:
    if request.param == "alone":
        root = request.getfixturevalue("alone")
    else:
        served: Server = request.getfixturevalue("server")
        root = served.root
    with onepool.open(root) as opened:
        assert isinstance(opened.workspace.pool, RemoteEngine) == (request.param != "alone")
        yield opened


def test_sql_over_the_views(handle: Handle) -> None:
    found = handle.query("SELECT count(*) AS n FROM customers").to_pylist()
    assert found[0]["n"] >= PEOPLE
    with pytest.raises(OnePoolError):
        handle.query("DELETE FROM customers")


def test_a_segment_is_what_its_condition_selects(handle: Handle) -> None:
    segment = handle.segment("active_buyers")
    members = segment.members().column("customer_id").to_pylist()
    assert segment.size() == len(members) > 0
    assert handle.select(ACTIVE).column("customer_id").to_pylist() == members
    assert set(members) <= set(segment.changes().column("customer_id").to_pylist())
    long_ago = datetime.now(UTC) - timedelta(days=400)
    assert handle.select(ACTIVE, as_of=long_ago).num_rows == 0
    with pytest.raises(OnePoolError, match="there is no segment"):
        handle.segment("nobody")


def test_tags_of_all_and_of_one(handle: Handle) -> None:
    stages = handle.tag("stage")
    assert stages.num_rows >= PEOPLE
    assert set(stages.column("value").to_pylist()) == {"active", "dormant", "prospect"}
    heroine = handle.customer(f"phone:{HEROINE['phone']}")
    active = handle.select({"tag": "stage", "is": "active"})
    assert active.num_rows == stages.column("value").to_pylist().count("active")
    # Tags were computed for the first time today.
    assert handle.select({"tag": "stage", "is": "active"}, as_of=datetime.now(UTC) - timedelta(days=1)).num_rows == 0
    assert {row["tag"]: row["value"] for row in heroine.tags().to_pylist()}["stage"] == "active"


def test_a_customer_by_any_identifier(handle: Handle) -> None:
    heroine = handle.customer(f"member_no@club:{HEROINE['member_no']}")
    assert handle.customer(heroine.customer_id).customer_id == heroine.customer_id
    timeline = heroine.timeline()
    paid = [row for row in timeline.to_pylist() if row["event"] == "order_paid"]
    assert [row["order_id"] for row in paid] == ["H-0", "H-1", "H-2"]
    assert {(float(row["amount"]), row["currency"], row["touchpoint"]) for row in paid} == {(60.0, None, "store")}
    assert heroine.timeline(limit=1).num_rows == 1
    with pytest.raises(OnePoolError, match="no customer is known"):
        handle.customer("phone:13999999999")


def test_questions_that_are_not_saved(handle: Handle) -> None:
    carts = handle.select({"did": "cart_added", "where": {"category": {"is": "咖啡"}}, "within": {"last": "3 days"}})
    assert carts.num_rows >= CARTS
    with pytest.raises(ConditionError, match="did you mean category"):
        handle.select({"did": "cart_added", "where": {"categry": {"is": "咖啡"}}})

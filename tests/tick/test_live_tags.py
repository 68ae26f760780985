"""Live tags of every kind equal a computation from scratch, whatever comes in which order."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from onepool.audience.tags import parse_tag
from onepool.audience.tags.inputs import ValuesError, import_values
from onepool.audience.tags.model import ImportTag
from onepool.rebuild import build, content_hashes
from onepool.tick import Runner

from .conftest import World, make_world
from .test_live import check

TAGS: dict[str, dict[str, Any]] = {
    "level": {"kind": "import"},
    "rfm": {"kind": "rfm", "from": {"did": "order_paid", "sum": "amount"}, "within": {"last": "6 days"}},
    "stage": {
        "kind": "state",
        "otherwise": "new",
        "states": [
            {"value": "churned", "quiet": {"did": "order_paid", "percentile": 90}},
            {"value": "dormant", "quiet": {"did": "order_paid", "percentile": 50, "of": "own", "min_intervals": 1}},
            {"value": "buyer", "when": {"did": "order_paid"}},
        ],
    },
    "fan": {
        "kind": "expression",
        "inputs": {"views": {"did": "product_viewed", "times": True, "within": {"last": "3 days"}}},
        "expression": "rank_share(views) + if(tag.level = 'gold', 1, 0)",
        "cut": {"by": "percent", "at": [50], "labels": ["low", "high"]},
    },
    "abandoned": {
        "kind": "sequence",
        "sequence": [{"did": "cart_added"}, {"did_not": "order_paid", "for": "24 hours"}],
        "valid_for": "2 days",
        "value": "yes",
    },
    "orders": {
        "kind": "sql",
        "sql": "SELECT customer_id AS id, count(*) AS value FROM orders GROUP BY 1",
        "type": "number",
    },
    "keen": {"kind": "expression", "expression": "if(tag.orders >= 2, 'keen', 'calm')", "when_missing": "keep_last"},
}

event = st.fixed_dictionaries(
    {
        "event": st.sampled_from(["product_viewed", "cart_added", "order_paid"]),
        "who": st.sampled_from(["a", "b", "c"]),
        "signed_in": st.sampled_from([None, None, "u1", "u2"]),
        "age_hours": st.integers(0, 24 * 9),
        "amount": st.integers(1, 80),
    }
)
step = st.one_of(
    st.lists(event, min_size=1, max_size=4),
    st.integers(1, 24 * 4).map(lambda hours: timedelta(hours=hours)),
    st.sampled_from(["restart", "import", "jobs"]),
)


@settings(max_examples=5, deadline=None)
@given(steps=st.lists(step, min_size=2, max_size=7))
def test_live_tags_equal_recomputed_ones_after_every_step(steps: list[Any]) -> None:
    with TemporaryDirectory() as folder:
        world = make_world(Path(folder) / "ws")
        try:
            for name, body in TAGS.items():
                world.workspace.save("tag", name, {"tag": name, "title": name, "says": "value", **body}, author="t")
            number = 0
            for one in steps:
                if isinstance(one, timedelta):
                    world.clock.advance(one)
                elif one == "restart":
                    world.restart()
                elif one == "import":
                    _import(world, number)
                elif one == "jobs":
                    Runner(world.workspace, world.worker).work_off()
                else:
                    for item in one:
                        number += 1
                        world.send(_call(world, item, number))
                world.drain()
                check(world)
            found = content_hashes(world.workspace.pool)
            build(world.workspace, Path(folder) / "again.duckdb")
            again = world.workspace.open_pool(Path(folder) / "again.duckdb")
            try:
                assert content_hashes(again) == found
            finally:
                again.close()
        finally:
            world.close()


def _import(world: World, number: int) -> None:
    item = world.workspace.definitions.get("tag", "level")
    assert item is not None
    tag = parse_tag(item.body)
    assert isinstance(tag, ImportTag)
    mode = "overwrite" if number % 2 else "append"
    raw = f"id,level\nu1,{'gold' if number % 3 else 'silver'}\n".encode()
    try:
        import_values(world.workspace, tag.model_copy(update={"mode": mode}), raw, "user_id@shop", "t")
    except ValuesError:
        raise AssertionError("the file is sound") from None


def _call(world: World, item: dict[str, Any], number: int) -> dict[str, Any]:
    call: dict[str, Any] = {
        "event": item["event"],
        "anonymousId": item["who"],
        "timestamp": (world.clock.now() - timedelta(hours=item["age_hours"])).isoformat(),
        "properties": {"product_id": "P1", "order_id": f"O{number}", "amount": item["amount"], "currency": "CNY"},
    }
    return call | ({"userId": item["signed_in"]} if item["signed_in"] else {})

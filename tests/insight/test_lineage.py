"""Lineage: what definitions of every kind read, and the graph made of that."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml

from onepool.apply import FOLDERS, apply
from onepool.audience.conditions.names import CORE_FIELDS
from onepool.insight.lineage import EVERY_EVENT, Graph, lineage, reads
from onepool.workspace import Workspace, init_workspace

KNOWN = {
    "event": frozenset({"order_paid", "page_viewed"}),
    "field": frozenset({"amount", "channel"}),
    "attribute": frozenset({"city", "age"}),
    "tag": frozenset({"level", "basket"}),
    "segment": frozenset({"vip"}),
}


SPENT = "SELECT customer_id AS id, sum(amount) AS value FROM events WHERE event = 'order_paid' GROUP BY 1"
LEVELS = """SELECT c.customer_id AS id, t.value FROM tags t JOIN customers c USING (customer_id)
    WHERE t.tag = 'level' AND c.city = 'vip'"""


def ids(kind: str, body: dict[str, Any]) -> set[str]:
    return {ref.id for ref in reads(kind, {kind: "x", "title": "X", **body}, KNOWN)}


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("segment", {"condition": {"attribute": "city", "is": "上海"}}, {"attribute:city"}),
        (
            "segment",
            {
                "condition": {
                    "all": [
                        {
                            "did": "order_paid",
                            "where": {"items.category": "母婴"},
                            "sum": {"of": "amount", "at_least": 1},
                        },
                        {"not": {"any": [{"tag": "level", "is": "高"}, {"segment": "vip"}, {"list": "blocked"}]}},
                        {"consent": {"purpose": "marketing"}},
                        {"reachable": {"channel": "sms"}},
                    ]
                }
            },
            {
                "event:order_paid",
                "field:order_paid.items.category",
                "field:order_paid.amount",
                "tag:level",
                "segment:vip",
                "list:blocked",
            },
        ),
        (
            "segment",
            {
                "condition": {
                    "sequence": [{"did": "cart_added", "where": {"product_id": "P"}}, {"did_not": "order_paid"}]
                }
            },
            {"event:cart_added", "field:cart_added.product_id", "event:order_paid"},
        ),
        ("tag", {"kind": "attribute", "from": {"attribute": "city"}, "map": {"tag": "no"}}, {"attribute:city"}),
        (
            "tag",
            {
                "kind": "metric",
                "from": {"did": "order_paid", "sum": "amount"},
                "over": {"did": ["page_viewed"], "times": True},
            },
            {"event:order_paid", "field:order_paid.amount", "event:page_viewed"},
        ),
        (
            "tag",
            {
                "kind": "preference",
                "from": {"did": ["a", "b"], "field": "category", "of": "amount", "weights": {"a": 2}},
            },
            {"event:a", "field:a.category", "field:a.amount", "event:b", "field:b.category", "field:b.amount"},
        ),
        (
            "tag",
            {
                "kind": "state",
                "states": [
                    {"value": "v", "when": {"segment": "vip"}},
                    {"value": "q", "quiet": {"did": "order_paid", "percentile": 75, "of": "all"}},
                ],
            },
            {"segment:vip", "event:order_paid"},
        ),
        (
            "tag",
            {"kind": "sql", "sql": SPENT},
            {"event:order_paid", "field:order_paid.amount"},
        ),
        (
            "tag",
            {"kind": "sql", "sql": LEVELS},
            {"tag:level", "attribute:city"},
        ),
        ("tag", {"kind": "sql", "sql": "SELECT ("}, set()),
        (
            "tag",
            {
                "kind": "expression",
                "inputs": {"views": {"did": "page_viewed", "times": True}},
                "expression": "0.5 * views + tag.basket + attribute.age",
            },
            {"event:page_viewed", "tag:basket", "attribute:age"},
        ),
        (
            "tag",
            {
                "kind": "model",
                "model": "lookalike",
                "like": {"segment": "vip"},
                "features": {"events": ["page_viewed"]},
            },
            {"segment:vip", "event:page_viewed"},
        ),
        (
            "destination",
            {
                "what": "members",
                "segments": ["vip"],
                "tags": ["level"],
                "columns": {
                    "id": "customer_id",
                    "b": "tag.basket",
                    "p": "identifier.phone",
                    "c": "attribute.city",
                    "v": "segment.vip",
                },
            },
            {"segment:vip", "tag:level", "tag:basket", "identifier:phone", "attribute:city"},
        ),
        ("tag", {"kind": "model", "model": "cluster", "within": {"last": "90 days"}}, {"event:*"}),
        (
            "destination",
            {"what": "list_members", "lists": ["kept"], "columns": {"l": "list.other", "s": "segment.vip"}},
            {"list:kept", "list:other", "segment:vip"},
        ),
        ("destination", {"what": "tags", "columns": [{"id": "customer_id"}, {"b": "tag.basket"}]}, {"tag:basket"}),
        ("list", {"source": "snapshot", "segment": "vip"}, {"segment:vip"}),
    ],
)
def test_what_is_read(kind: str, body: dict[str, Any], expected: set[str]) -> None:
    assert ids(kind, body) == expected


@pytest.fixture(params=["onepool.demo.workspace", "onepool.demo.brand.workspace"])
def brand(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Workspace]:
    """A demonstration brand's own definitions."""
    ws = init_workspace(tmp_path / "brand")
    source = resources.files(request.param)
    for kind in (*FOLDERS.values(), "maps"):
        (ws.root / kind).mkdir(exist_ok=True)
        if source.joinpath(kind).is_dir():
            for file in source.joinpath(kind).iterdir():
                (ws.root / kind / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    apply(ws, author="test")
    yield ws
    ws.close()


def graph_of(ws: Workspace) -> Graph:
    with ws.pool.read() as session:
        return lineage(ws.definitions, ws.standard(), ws.touchpoints(), session)


def test_the_demonstration_brand_hangs_together(brand: Workspace) -> None:
    graph = graph_of(brand)
    assert not [node.id for node in graph.nodes.values() if node.missing]
    assert {node.kind for node in graph.nodes.values()} >= {"touchpoint", "event", "field", "tag", "segment"}
    for item in (*brand.definitions.current("tag"), *brand.definitions.current("segment")):
        node = f"{item.kind}:{item.name}"
        assert graph.reached(node, "up") or item.body.get("kind") == "import", f"{node} is made of nothing"
        for up in graph.reached(node, "up"):
            assert node in graph.reached(up, "down")
    # Every event and field that a definition reads is one of the standard.
    standard = brand.standard()
    for node_ in graph.nodes.values():
        if node_.kind == "event":
            assert node_.name in standard.events or node_.id == EVERY_EVENT.id
        if node_.kind == "field":
            event, _, field = node_.name.partition(".")
            assert field.removeprefix("items.") in {
                *standard.event_fields(event),
                *standard.item_fields,
                *CORE_FIELDS,
            }


def test_around_and_users(brand: Workspace) -> None:
    brand.save("segment", "a", {"segment": "a", "title": "A", "condition": {"did": "order_paid"}}, author="t")
    brand.save("segment", "b", {"segment": "b", "title": "B", "condition": {"segment": "a"}}, author="t")
    brand.save("segment", "c", {"segment": "c", "title": "C", "condition": {"segment": "b"}}, author="t")
    graph = graph_of(brand)
    assert graph.users("segment:a") == ["segment:b"]
    assert graph.reached("segment:a", "down") == ["segment:b", "segment:c"]
    around = graph.around("segment:b")
    assert {"segment:a", "segment:b", "segment:c", "event:order_paid"} <= set(around.nodes)
    assert all(edge.source in around.nodes and edge.target in around.nodes for edge in around.edges)
    brand.save("segment", "d", {"segment": "d", "condition": {"tag": "gone", "is": "x"}}, author="t")
    assert graph_of(brand).nodes["tag:gone"].missing


def test_definitions_are_read_as_yaml_writes_them() -> None:
    body = yaml.safe_load("{segment: x, condition: {did: order_paid, where: {amount: {at_least: 5}}}}")
    assert {ref.id for ref in reads("segment", body)} == {"event:order_paid", "field:order_paid.amount"}

"""Coupons of customers who become one, and are parted again, in the tick."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from tests.tick.conftest import World
from tests.tick.test_identity import customer_of, side

from onepool.identity import decisions
from onepool.journeys import store
from onepool.state.coupons import coupon_codes

GIVING: dict[str, Any] = {
    "journey": "giving",
    "entry": {"did": "cart_added", "reentry": {"when": "always", "parallel": 5}},
    "policy": {"category": "transactional"},
    "max_life": "14 days",
    "start": "give",
    "nodes": {
        "give": {"do": "issue_coupon", "batch": "ONE", "save": "code", "next": "done", "else": "none"},
        "none": {"do": "end", "as": "other"},
        "done": {"do": "end", "as": "completed"},
    },
}


def cart(who: str) -> dict[str, Any]:
    return {"event": "cart_added", "userId": who, "properties": {"product_id": "P", "cart_id": "C"}}


def whose(world: World) -> list[int]:
    with world.workspace.state.read() as connection:
        found = connection.execute(select(coupon_codes.c.customer_id).order_by(coupon_codes.c.id)).scalars()
        return [int(one) for one in found]


def test_who_took_in_somebody_with_a_code_gets_no_second_one_and_gives_it_back(world: World) -> None:
    ws = world.workspace
    ws.definitions.save("coupon", "ONE", {"coupon": "ONE", "face": {"amount": 5}}, author="t")
    ws.definitions.save("journey", "giving", GIVING, author="t")
    store.publish(ws, world.clock, "giving", author="boss", may_approve=True)
    world.settle()
    world.send({"event": "page_viewed", "userId": "anna"}, {"event": "page_viewed", "userId": "bert"})
    world.send(cart("bert"))
    world.settle()
    anna, bert = side(world, "anna"), side(world, "bert")
    assert whose(world) == [bert.anchor]
    # Between two instants of the grid: Anna comes in in the step that takes the merge.
    made = decisions.merge(ws.state, world.clock, anna, bert, author="test")
    world.clock.advance(timedelta(milliseconds=30))
    world.send(cart("anna"))
    world.drain()
    world.settle()
    assert customer_of(world, "bert") == anna.anchor
    assert whose(world) == [anna.anchor], "one each, and it is Bert's"
    decisions.undo(ws.state, world.clock, made.id, author="test")
    world.settle()
    world.settle()
    assert whose(world) == [bert.anchor]
    world.send(cart("anna"), cart("bert"))
    world.settle()
    world.settle()
    assert customer_of(world, "bert") == bert.anchor
    assert whose(world) == [bert.anchor, anna.anchor], "Bert has his, and Anna gets one of her own"

"""OneID in the tick: history follows who is who, decisions and rules are taken up, and crashes change nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from onepool.identity import decisions
from onepool.identity.decisions import Side
from onepool.identity.read.preview_types import Change, SegmentEffect
from onepool.tick import Desk, Worker
from onepool.verify import verify

from .conftest import World

PHONE = "13916234871"


def bought(user: str, order: str, **more: Any) -> dict[str, Any]:
    properties = {"order_id": order, "amount": 10, "currency": "CNY"} | more
    return {"event": "order_paid", "userId": user, "properties": properties}


def known(user: str, **traits: Any) -> dict[str, Any]:
    return {"type": "identify", "userId": user, "traits": traits}


def customer_of(world: World, value: str) -> int:
    """Whose an identifier is now."""
    return int(
        world.value(
            """SELECT c.customer_id FROM identifiers i JOIN customer_of c USING (identifier_id) WHERE i.value = $v
            AND (i.base IS NULL OR i.valid_from IS NOT NULL) ORDER BY i.generation DESC LIMIT 1""",
            v=value,
        )
    )


def orders_of(world: World, customer: int) -> list[str]:
    rows = world.rows(
        """SELECT o.order_id FROM orders o JOIN customer_of c USING (identifier_id)
        WHERE c.customer_id = $c ORDER BY o.order_id""",
        c=customer,
    )
    return [row["order_id"] for row in rows]


def sound(world: World) -> None:
    """Everything kept live equals what a computation from scratch gives."""
    world.restart()
    assert [f"{f.check}: {f.difference}" for f in verify(world.workspace) if f.difference] == []
    world.restart()


def side(world: World, value: str) -> Side:
    customer = customer_of(world, value)
    rows = world.rows("SELECT identifier_id FROM customer_of WHERE customer_id = $c", c=customer)
    return Side(customer, tuple(row["identifier_id"] for row in rows))


def test_the_history_of_a_number_stays_with_whom_it_was_then(world: World) -> None:
    world.send(known("anna", phone=PHONE, name="王伟"), bought("anna", "A-1"))
    world.send({"event": "order_paid", "anonymousId": "x", "properties": {"order_id": "P-1", "phone": PHONE}})
    world.drain()
    world.clock.advance(timedelta(days=200))
    world.send(known("bert", phone=PHONE, name="李娜"))
    world.send({"event": "order_paid", "anonymousId": "y", "properties": {"order_id": "P-2", "phone": PHONE}})
    world.settle()
    anna, bert = customer_of(world, "anna"), customer_of(world, "bert")
    assert anna != bert
    assert customer_of(world, "+86" + PHONE) == bert
    assert orders_of(world, anna) == ["A-1", "P-1"]
    assert orders_of(world, bert) == ["P-2"]
    sound(world)


def test_a_number_of_the_shop_joins_nobody_and_everybody_keeps_the_orders(world: World) -> None:
    for number in range(12):
        world.send(known(f"u{number}", phone=PHONE), bought(f"u{number}", f"O-{number:02}"))
        world.settle()
    customers = {customer_of(world, f"u{number}") for number in range(12)}
    assert len(customers) == 12
    assert [orders_of(world, customer_of(world, f"u{n}")) for n in range(12)] == [[f"O-{n:02}"] for n in range(12)]
    sound(world)


def test_a_decision_moves_all_history_with_the_next_tick_and_an_undo_gives_it_back(world: World) -> None:
    world.send(bought("anna", "A-1"), bought("bert", "B-1"))
    world.settle()
    anna, bert = side(world, "anna"), side(world, "bert")
    made = decisions.merge(world.workspace.state, world.clock, anna, bert, author="test")
    world.settle()
    assert orders_of(world, customer_of(world, "bert")) == ["A-1", "B-1"]
    assert customer_of(world, "bert") == anna.anchor
    decisions.undo(world.workspace.state, world.clock, made.id, author="test")
    world.settle()
    assert customer_of(world, "bert") == bert.anchor
    assert orders_of(world, customer_of(world, "bert")) == ["B-1"]
    sound(world)


def test_never_is_stronger_than_any_evidence(world: World) -> None:
    world.send(bought("anna", "A-1"), bought("bert", "B-1"))
    world.settle()
    decisions.never(world.workspace.state, world.clock, side(world, "anna"), side(world, "bert"), author="test")
    world.settle()
    world.send(known("anna", phone=PHONE), known("bert", phone=PHONE))
    world.settle()
    assert customer_of(world, "anna") != customer_of(world, "bert")
    sound(world)


def test_links_wait_for_consent_and_go_with_it(world: World) -> None:
    world.define("touchpoint", "shop", channel="web", title="shop", write_key="wk", joining="consent")
    world.send(known("anna", phone=PHONE))
    world.settle()
    assert customer_of(world, "anna") != customer_of(world, "+86" + PHONE)
    world.send({"event": "consent_granted", "userId": "anna", "properties": {"purpose": "identity"}})
    world.settle()
    assert customer_of(world, "anna") == customer_of(world, "+86" + PHONE)
    world.send({"event": "consent_withdrawn", "userId": "anna", "properties": {}})
    world.settle()
    assert customer_of(world, "anna") != customer_of(world, "+86" + PHONE)
    sound(world)


@pytest.mark.parametrize(
    ("words", "apart"),
    [
        ({"purpose": "identity"}, True), ({"purpose": "identity, marketing"}, True),
        ({"purpose": "marketing,identity"}, True),
        ({"purpose": "all"}, True), ({"purpose": " , "}, True), ({"purpose": "marketing"}, False),
        ({"purpose": "marketing, service"}, False), ({"for_channel": "sms"}, False), ({"category": "promotion"}, False),
        ({"purpose": "all", "for_channel": "sms"}, False),
    ],
)  # fmt: skip
def test_which_words_are_about_who_is_who(world: World, words: dict[str, str], apart: bool) -> None:
    def one() -> bool:
        return bool(customer_of(world, "anna") == customer_of(world, "+86" + PHONE))

    world.define("touchpoint", "shop", channel="web", title="shop", write_key="wk", joining="consent")
    world.send(known("anna", phone=PHONE))
    world.send({"event": "consent_granted", "userId": "anna", "properties": words})
    world.settle()
    assert one() is apart, "what would take them apart lets them join, and nothing else does"
    world.send({"event": "consent_granted", "userId": "anna", "properties": {}})
    world.settle()
    assert one()
    world.send({"event": "consent_withdrawn", "userId": "anna", "properties": words})
    world.settle()
    assert one() is not apart
    sound(world)


def test_rules_are_previewed_exactly_and_then_hold_for_all_data(world: World) -> None:
    world.define("segment", "buyers", title="buyers", condition={"did": "order_paid"})
    for number in range(4):
        world.send(
            known(f"u{number}", phone=PHONE, email=f"e{number}@example.org"), bought(f"u{number}", f"O-{number}")
        )
    world.settle()
    rules = {"identity": "rules", "types": {"user_id": {"max_per_customer": 4}, "phone": {"max_customers": 4}}}
    before = world.rows("SELECT * FROM customer_of ORDER BY ALL")
    found = Desk(world.workspace, world.worker).preview_rules(rules)
    assert world.rows("SELECT * FROM customer_of ORDER BY ALL") == before
    world.workspace.save("identity", "rules", rules, author="test")
    world.settle()
    assert world.value("SELECT count(DISTINCT customer_id) FROM customer_of") == found.customers_after
    (effect,) = found.segments
    assert world.value("SELECT count(*) FROM segment_members WHERE segment = 'buyers'") == effect.after > 0
    sound(world)


def test_previews_name_segments_of_which_nothing_changes(world: World) -> None:
    for name in ("buyers", "others"):
        world.define("segment", name, title=name, condition={"did": "order_paid"})
    world.send(bought("anna", "A-1"), bought("bert", "B-1"))
    world.settle()
    desk, anna, bert = Desk(world.workspace, world.worker), customer_of(world, "anna"), customer_of(world, "bert")
    saved = world.workspace.definitions.get("identity", "rules")
    same = desk.preview_rules({} if saved is None else saved.body, ["buyers"])
    assert (same.merged, same.split, same.identifiers_moved) == (0, 0, 0)
    assert same.segments == [SegmentEffect("buyers", 2, 2)]
    apart = desk.preview_decision(Change("never", anna, bert), ["others"])
    assert apart.segments == [SegmentEffect("others", 2, 2)]
    joined = desk.preview_decision(Change("merge", anna, bert), ["buyers"])
    assert joined.segments == [SegmentEffect("buyers", 2, 1, leaving=1)]
    assert [one.segment for one in desk.preview_decision(Change("merge", anna, bert)).segments] == ["buyers", "others"]


def test_a_preview_of_a_decision_keeps_nothing(world: World) -> None:
    world.send(bought("anna", "A-1"), bought("bert", "B-1"))
    world.settle()
    anna, bert = customer_of(world, "anna"), customer_of(world, "bert")
    found = Desk(world.workspace, world.worker).preview_decision(Change("merge", anna, bert))
    assert (found.merged, found.split) == (1, 0)
    world.settle()
    assert customer_of(world, "bert") == bert
    sound(world)


@pytest.mark.parametrize("where", ["before the state", "between state and pool"])
def test_a_crash_while_a_decision_is_taken_up_changes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    world.send(bought("anna", "A-1"), bought("bert", "B-1"))
    world.settle()
    decisions.merge(world.workspace.state, world.clock, side(world, "anna"), side(world, "bert"), author="test")
    commit: Callable[..., None] = Worker._commit

    def dies(self: Worker, *arguments: Any) -> None:
        if where == "between state and pool":
            commit(self, *arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(Worker, "_commit", dies)
    with pytest.raises(KeyboardInterrupt):
        world.drain()
    monkeypatch.undo()
    world.restart()
    world.drain()
    assert customer_of(world, "anna") == customer_of(world, "bert")
    sound(world)


def test_two_reviewers_at_once_don_t_both_decide(world: World) -> None:
    world.send(bought("anna", "A-1"), bought("bert", "B-1"))
    world.settle()
    anna, bert = side(world, "anna"), side(world, "bert")
    decisions.merge(world.workspace.state, world.clock, anna, bert, author="one@example.org")
    with pytest.raises(decisions.Decided, match=r"one@example\.org"):
        decisions.never(world.workspace.state, world.clock, anna, bert, author="two@example.org")


def test_conclusions_of_another_edition_are_written_again(world: World) -> None:
    world.send(known("anna", phone=PHONE))
    world.settle()
    with world.workspace.state.write() as connection:
        connection.exec_driver_sql("UPDATE links SET status = 'conflict', reason = 'size'")
    sound(world)


def test_rules_that_hand_numbers_on_move_history(world: World) -> None:
    """Whose a phone was is told anew of all that came before, in the state, the pool and the preview."""
    keeping = {"identity": "rules", "types": {"phone": {"recycle_days": 0}}}
    handing = {"identity": "rules", "types": {"phone": {"recycle_days": 90}}}
    world.workspace.save("identity", "rules", keeping, author="test")
    world.send(known("anna", phone=PHONE, name="王伟"))
    world.send({"event": "order_paid", "anonymousId": "x", "properties": {"order_id": "P-1", "phone": PHONE}})
    world.drain()
    world.clock.advance(timedelta(days=200))
    world.send(known("bert", phone=PHONE, name="李娜"))
    world.send({"event": "order_paid", "anonymousId": "y", "properties": {"order_id": "P-2", "phone": PHONE}})
    world.settle()
    assert world.value("SELECT count(*) FROM identifiers WHERE base IS NOT NULL") == 0
    found = Desk(world.workspace, world.worker).preview_rules(handing)
    world.workspace.save("identity", "rules", handing, author="test")
    world.settle()
    assert world.value("SELECT count(DISTINCT customer_id) FROM customer_of") == found.customers_after
    assert world.value("SELECT count(*) FROM identifiers WHERE base IS NOT NULL AND valid_from IS NOT NULL") == 1
    assert orders_of(world, customer_of(world, "anna")) == ["P-1"]
    assert orders_of(world, customer_of(world, "bert")) == ["P-2"]
    sound(world)

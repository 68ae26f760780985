"""The cart story of the demonstration brand, from the cart to the reminder; the platforms are played by the test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.reach.outbox import NOON, Platform

from onepool import apply
from onepool.audience.catalog import load_catalog
from onepool.channels.base import Message, Receipt
from onepool.clock import FakeClock
from onepool.collect.log import NewRecord
from onepool.demo.brand import workspace as definitions
from onepool.demo.brand.secrets import write_secrets
from onepool.journeys import store
from onepool.journeys.guarding import JourneyGuard
from onepool.journeys.states import RunState
from onepool.reach.senders import Senders
from onepool.reach.states import SendState
from onepool.state.coupons import coupon_codes
from onepool.state.journeys import runs
from onepool.state.outbox import sends
from onepool.tick import Worker
from onepool.workspace import Workspace, init_workspace

SCOPES = {
    "mini": {"unionid": "wxop_demo", "openid": "wx8f20be41d7c6395a"},
    "oa": {"unionid": "wxop_demo", "openid": "wx5a1d0c7e93b2f401"},
    "wecom": {"unionid": "wxop_demo", "external_userid": "wwd3a85f0b7c614e92"},
}
ITEM = [{"product_id": "MY0003", "quantity": 1, "price": 129}]


@dataclass
class Story:
    """The brand's workspace and its people."""

    ws: Workspace
    clock: FakeClock
    worker: Worker
    senders: Senders
    platform: Platform
    number: int = field(default=0)

    def event(self, touchpoint: str, who: str, name: str, ids: dict[str, str] | None = None, **properties: Any) -> None:
        self.number += 1
        listed = [{"type": kind, "id": value} for kind, value in {"unionid": f"u-{who}", **(ids or {})}.items()]
        body: dict[str, Any] = {
            "messageId": f"m{self.number}", "timestamp": self.clock.now().isoformat(),
            "context": {"externalIds": listed},
        }  # fmt: skip
        body |= {"type": "track", "event": name, "properties": properties} if name else {"type": "identify"}
        if not name:
            body["traits"] = properties
        raw = json.dumps({"batch": [body]}, ensure_ascii=False).encode()
        head = json.dumps({"call": "batch", "scopes": SCOPES[touchpoint]}).encode()
        self.ws.log.append([NewRecord(self.clock.now(), touchpoint, "segment", head, raw)])

    def person(self, who: str, *over: str) -> None:
        if "oa" in over:
            self.event("oa", who, "followed", {"openid": f"o-{who}"})
        if "wecom" in over:
            self.event("wecom", who, "contact_added", {"external_userid": f"w-{who}"}, staff_id="lisa")
        if "sms" in over:
            self.event("mini", who, "", phone=f"138{sum(map(ord, who)) * 7919 % 10**8:08d}", nickname=who)
        self.event("mini", who, "consent_granted", purpose="marketing")

    def cart(self, who: str) -> None:
        self.event("mini", who, "cart_added", product_id="MY0003", product_name="云柔纸尿裤 M 68 片", price=129)

    def on(self, **time: float) -> None:
        """Time passes; everything that is due happens, what is sent comes back, and is taken in."""
        self.clock.advance(timedelta(**time))
        for _ in range(6):
            self.clock.advance(timedelta(seconds=1))
            self.worker.drain()
            self.senders.step()
        self.worker.drain()

    def sent(self, who: str) -> list[tuple[str, str, str | None]]:
        """(channel, state, reason) of this person's messages, in order."""
        with self.ws.state.read() as connection:
            query = select(sends).where(sends.c.customer_id == self.customer(who))
            rows = connection.execute(query.order_by(sends.c.planned, sends.c.hop)).all()
        return [(row.channel, SendState(row.state).name, row.reason) for row in rows]

    def runs(self, who: str) -> list[tuple[str, str | None]]:
        with self.ws.state.read() as connection:
            rows = connection.execute(select(runs).where(runs.c.customer_id == self.customer(who))).all()
        return [(RunState(row.state).name, row.reason) for row in rows]

    def code(self, who: str) -> str:
        with self.ws.state.read() as connection:
            query = select(coupon_codes.c.code).where(coupon_codes.c.customer_id == self.customer(who))
            return str(connection.execute(query).scalar_one())

    def customer(self, who: str) -> int:
        found = self.ws.pool.query(
            """SELECT c.customer_id FROM identifiers i JOIN customer_of c USING (identifier_id)
            WHERE i.type = 'unionid' AND i.value = $value""",
            {"value": f"u-{who}"},
        )
        return int(found.column(0)[0].as_py())

    def calls(self, who: str) -> list[tuple[str, Message]]:
        mine = (f"o-{who}", f"w-{who}", f"+86138{sum(map(ord, who)) * 7919 % 10**8:08d}")
        return [(place, one) for place, one in self.platform.calls if set(one.to.values()) & set(mine)]


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    clock = FakeClock(NOON)
    root = tmp_path / "brand"
    ws = init_workspace(root, definitions.settings_text(), clock)
    write_secrets(ws.data)
    definitions.copy_into(root, ("standard", "touchpoints", "identity", "coupons", "messages", "policies", "journeys"))
    (staff,) = (one for one in definitions.files("segments") if one.name == "staff_and_test.yaml")
    (root / "segments" / staff.name).write_text(staff.read_text(encoding="utf-8"), encoding="utf-8")
    apply.apply(ws, author="test")
    draft = ws.definitions.get("journey", "cart_recall")
    assert draft is not None
    # Everybody is treated here; what holdouts are is tested with the executor.
    body = {**draft.body, "experiment": {"respect_global_control": False}}
    ws.save("journey", "cart_recall", body, author="test")
    store.publish(ws, clock, "cart_recall", author="test", may_approve=True)
    platform = Platform()
    worker = Worker(ws)
    guard = JourneyGuard(ws.state, lambda: load_catalog(ws).context)
    senders = Senders(ws, guard=guard, connections=platform, threads=2)  # type: ignore[arg-type]
    yield Story(ws, clock, worker, senders, platform)
    senders.close()
    worker.close()
    ws.close()


def test_from_the_cart_to_the_reminder(story: Story) -> None:
    def answer(message: Message) -> Receipt:
        if message.to.get("openid") == "o-eve":
            return Receipt("refused", "not_follower", code="43004")
        if "external_userid" in message.to:
            return Receipt("task", provider_id=f"t{message.key}")
        return Receipt("sent", provider_id=f"p{message.key}")

    story.platform.answer = answer
    story.platform.told = lambda message, number: Receipt("sent", provider_id=number)
    story.person("ann", "oa", "sms")
    story.person("bob", "wecom")
    story.person("cat", "sms")
    story.person("dan", "oa")
    story.person("eve", "oa", "sms")
    story.on(minutes=1)
    for who in ("ann", "bob", "cat", "dan", "eve"):
        story.cart(who)
    story.on(minutes=10)
    assert story.runs("ann") == [("HELD", None)]
    story.event("mini", "dan", "order_paid", order_id="O-1", amount=129, items=ITEM)
    story.on(minutes=25)

    # Exits hold for runs that have not begun, too.
    assert story.runs("dan") == [("ENDED", "exit:paid_without_coupon")] and story.calls("dan") == []
    assert story.sent("ann") == [("wechat_oa", "ACCEPTED", None)]
    ((_, first),) = story.calls("ann")
    assert first.content["template_id"] == "CART_COUPON"
    assert story.code("ann") in json.dumps(first.content, ensure_ascii=False)
    assert "云柔纸尿裤" in json.dumps(first.content, ensure_ascii=False)
    assert [(channel, reason) for channel, _, reason in story.sent("cat")] == [
        ("wechat_oa", "not_follower"), ("wecom", "not_friend"), ("sms", None),
    ]  # fmt: skip
    assert [(channel, reason) for channel, _, reason in story.sent("eve")] == [
        ("wechat_oa", "not_follower"), ("wecom", "not_friend"), ("sms", None),
    ]  # fmt: skip
    assert story.sent("bob")[0] == ("wechat_oa", "SUPPRESSED", "not_follower")
    assert story.sent("bob")[1][0] == "wecom" and len(story.sent("bob")) == 2
    assert len({story.code(who) for who in ("ann", "bob", "cat", "eve")}) == 4, "everybody has a code of his own"

    story.on(hours=20)
    assert story.sent("bob")[1][1] in ("ACCEPTED", "DELIVERED"), "the associate has confirmed it"
    story.event("mini", "bob", "coupon_redeemed", coupon_code=story.code("bob"), order_id="O-2")
    story.on(minutes=1)
    assert story.runs("bob") == [("ENDED", "goal")]

    before = len(story.platform.calls)
    story.on(days=2)
    assert len(story.platform.calls) == before
    story.on(hours=4)
    assert [one.content["template_id"] for place, one in story.calls("ann") if place == "sms"] == ["CART_REMIND_SMS"]
    assert story.runs("ann") == [("ENDED", "completed")]
    assert not any(place == "sms" for place, _ in story.calls("bob")), "nobody is reminded who has redeemed"
    told = story.ws.pool.query("SELECT DISTINCT journey FROM events WHERE event = 'message_sent'").to_pylist()
    assert told == [{"journey": "cart_recall"}]

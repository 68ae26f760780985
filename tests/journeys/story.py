"""The demonstration brand with journeys that send: its people act, its platforms are played by the test."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from tests.reach.outbox import NOON, Platform

from onepool import apply
from onepool.audience.catalog import load_catalog
from onepool.channels.base import Message
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

    def publish(self, name: str) -> None:
        """Publish a draft for everybody: what holdouts are is tested with the executor."""
        draft = self.ws.definitions.get("journey", name)
        assert draft is not None
        body = {**draft.body, "experiment": {"respect_global_control": False}}
        self.ws.save("journey", name, body, author="test")
        store.publish(self.ws, self.clock, name, author="test", may_approve=True)

    def close(self) -> None:
        self.senders.close()
        self.worker.close()
        self.ws.close()

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


def open_story(root: Path, state_url: str | None = None) -> Story:
    """The brand's definitions without its data; nothing is published yet. Without an address the state is its own
    SQLite."""
    # Off the grid on which steps happen, as events are.
    clock = FakeClock(NOON + timedelta(milliseconds=137))
    place = "" if state_url is None else f"\nstate: {state_url}\n"
    ws = init_workspace(root, definitions.settings_text() + place, clock)
    write_secrets(ws.data)
    definitions.copy_into(root, ("standard", "touchpoints", "identity", "coupons", "messages", "policies", "journeys"))
    (staff,) = (one for one in definitions.files("segments") if one.name == "staff_and_test.yaml")
    (root / "segments" / staff.name).write_text(staff.read_text(encoding="utf-8"), encoding="utf-8")
    apply.apply(ws, author="test")
    platform = Platform()
    worker = Worker(ws)
    guard = JourneyGuard(ws.state, lambda: load_catalog(ws).context)
    senders = Senders(ws, guard=guard, connections=platform, threads=2)  # type: ignore[arg-type]
    return Story(ws, clock, worker, senders, platform)

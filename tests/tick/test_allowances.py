"""Reply windows and balances: as a naive fold would count them, once, in any batches, and as the sender takes them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from onepool.channels.base import Account, Request
from onepool.clock import from_micros
from onepool.collect import hooked
from onepool.pool import DuckDBEngine
from onepool.rebuild import build, content_hashes
from onepool.state import State
from onepool.state.schema import allowances as state_allowances
from onepool.tick import allowances
from onepool.tick.allowances import DEEDS, ENDLESS, Allowed

from .conftest import World

NEVER = np.iinfo(np.int64).min
APP = "wx1234567890abcdef"
HOUR = 3600

Deed = tuple[int, int, int, int]  # key, time, messages, seconds


def naive(deeds: Sequence[Deed]) -> dict[int, tuple[int, int, int]]:
    """One deed after another, by the words of the module."""
    state: dict[int, tuple[int, int, int]] = {}
    for key, time, messages, seconds in deeds:
        left, until, updated = state.get(key, (0, NEVER, NEVER))
        end = time + seconds
        if end > updated:  # else it came late
            left = max(left if until > time else 0, messages)
            until = max(until, end)
        state[key] = (left, until, max(updated, time))
    return state


DEED = st.tuples(st.integers(0, 3), st.integers(0, 60), st.sampled_from([2, 3, 5]), st.sampled_from([1, 10, 48]))


@settings(max_examples=200, deadline=None)
@given(st.lists(DEED, max_size=40), st.lists(st.integers(0, 40), max_size=4))
def test_any_batches_give_what_one_after_another_gives(deeds: list[Deed], cuts: list[int]) -> None:
    state: dict[int, tuple[int, int, int]] = {}
    edges = sorted({0, len(deeds), *(cut for cut in cuts if cut < len(deeds))})
    for begin, end in itertools.pairwise(edges):
        batch = deeds[begin:end]
        keys = list(dict.fromkeys(one[0] for one in batch))
        start = np.array([state.get(key, (0, NEVER, NEVER)) for key in keys], np.int64).reshape(-1, 3)
        column = [np.array([one[at] for one in batch], np.int64) for at in (1, 2, 3)]
        code = np.array([keys.index(one[0]) for one in batch], np.int64)
        adds = np.zeros(len(batch), np.bool_)
        after = allowances.folded(code, column[0], column[1], column[0] + column[2], adds, start)
        state |= {key: tuple(row) for key, row in zip(keys, after.tolist(), strict=True)}
    assert state == naive(deeds)


STEP = st.one_of(
    st.tuples(st.just("deed"), DEED),
    st.tuples(st.just("balance"), st.tuples(st.integers(4, 5), st.integers(0, 60))),
    st.tuples(st.just("spend"), st.tuples(st.integers(0, 5), st.integers(0, 80))),
    st.tuples(st.just("close"), st.tuples(st.integers(0, 5), st.integers(0, 80))),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(STEP, max_size=25))
def test_the_state_follows_deeds_and_messages_sent(steps: list[tuple[str, Any]]) -> None:
    """Through the database, with sends between the batches; nobody ever sends more than the rules allow."""
    state = State("sqlite://")
    model: dict[int, tuple[int, int, int]] = {}
    for number, (kind, what) in enumerate(steps):
        key = what[0]
        left, until, updated = model.get(key, (0, NEVER, NEVER))
        balance = key >= 4
        with state.write() as connection:
            if kind == "deed":
                _, time, messages, seconds = what
                allowances.fold(connection, table((number, key, time, messages, time + seconds, False)))
                if time + seconds > updated:
                    left, until = max(left if until > time else 0, messages), max(until, time + seconds)
                model[key] = (left, until, max(updated, time))
            elif kind == "balance":
                allowances.fold(connection, table((number, key, what[1], 1, ENDLESS, True)))
                model[key] = (left + 1, ENDLESS, max(updated, what[1]))
            elif kind == "spend":
                now = from_micros(what[1])
                took = allowances.spend(connection, "tp", key, name(balance), now, per(balance))
                assert took == (left > 0 and until > what[1])
                if took:
                    model[key] = (left - 1, until, what[1])
            else:
                allowances.close(connection, "tp", key, name(balance), from_micros(what[1]), per(balance))
                if key in model:
                    model[key] = (0, until, what[1])
            found = {one.identifier_id: one.left for one in allowances.allowed(connection, "tp", range(6), at(30))}
        assert found == {key: one[0] for key, one in model.items() if one[0] > 0 and one[1] > 30}
    state.close()


def name(balance: bool) -> str:
    return "subscription" if balance else "reply"


def per(balance: bool) -> str:
    return "TPL" if balance else ""


def at(moment: int) -> datetime:
    return from_micros(moment)


def table(*deeds: tuple[int, int, int, int, int, bool]) -> pa.Table:
    rows = [
        {"touchpoint": "tp", "identifier_id": key, "allowance": name(adds), "per": per(adds), "seq": seq,
         "time": time, "messages": messages, "until": until, "adds": adds}
        for seq, key, time, messages, until, adds in deeds
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, DEEDS)


# through the worker


@pytest.fixture
def oa(world: World) -> World:
    world.define(
        "touchpoint",
        "oa",
        title="OA",
        channel="wechat_oa",
        settings={"appid": APP, "token": "env:T", "mode": "plain"},
    )
    return world


def push(world: World, openid: str, event: str = "", **parts: Any) -> None:
    """A push of the platform, now."""
    now = world.clock.now()
    kind = {"MsgType": "event", "Event": event} if event else {"MsgType": "text", "Content": "hi"}
    given = {"FromUserName": openid, "CreateTime": int(now.timestamp()), **kind, **parts}
    body = "<xml>" + "".join(f"<{name}>{value}</{name}>" for name, value in given.items()) + "</xml>"
    account = Account("oa", "wechat_oa", {"appid": APP})
    world.workspace.log.append([hooked.pushed(Request("POST", "", "", {}, body.encode()), account, now, None)])


def identifier(world: World, openid: str) -> int:
    found: int = world.value("SELECT identifier_id FROM identifiers WHERE type = 'openid' AND value = $v", v=openid)
    return found


def left(world: World, openid: str) -> list[tuple[str, str, int, float | None]]:
    """(allowance, template, messages left, seconds until the end) now."""
    now = world.clock.now()
    with world.workspace.state.read() as connection:
        found = allowances.allowed(connection, "oa", [identifier(world, openid)], now)
    return [(o.allowance, o.per, o.left, (o.until - now).total_seconds() if o.until else None) for o in found]


def popup(**templates: str) -> str:
    rows = "".join(
        f"<List><TemplateId>{name}</TemplateId><SubscribeStatusString>{status}</SubscribeStatusString></List>"
        for name, status in templates.items()
    )
    return rows


def test_a_follower_who_writes_may_be_answered(oa: World) -> None:
    push(oa, "oA", "subscribe")
    oa.drain()
    assert left(oa, "oA") == [("reply", "", 3, 60.0)]
    oa.clock.advance(timedelta(seconds=59))
    push(oa, "oA", MsgId=1)
    oa.drain()
    assert left(oa, "oA") == [("reply", "", 5, 48.0 * HOUR)]
    oa.clock.advance(timedelta(hours=48))
    assert left(oa, "oA") == []


def test_a_link_in_the_menu_opens_nothing_a_click_does(oa: World) -> None:
    push(oa, "oA", "VIEW", EventKey="https://example.com")
    oa.drain()
    assert left(oa, "oA") == []
    push(oa, "oA", "CLICK", EventKey="K")
    oa.drain()
    assert left(oa, "oA") == [("reply", "", 3, 60.0)]


def test_each_agreed_subscription_is_one_message_of_that_template(oa: World) -> None:
    for number in range(2):
        push(oa, "oA", "subscribe_msg_popup_event", SubscribeMsgPopupEvent=popup(T1="accept", T2="reject"))
        oa.clock.advance(timedelta(seconds=1 + number))
    push(oa, "oA", "subscribe_msg_change_event", SubscribeMsgChangeEvent=popup(T1="accept"))
    oa.drain()
    assert left(oa, "oA") == [("subscription", "T1", 2, None)]
    spent = []
    for _ in range(3):
        with oa.workspace.state.write() as connection:
            spent.append(allowances.spend(connection, "oa", identifier(oa, "oA"), "subscription", oa.clock.now(), "T1"))
    assert spent == [True, True, False]
    with oa.workspace.state.write() as connection:
        allowances.give_back(connection, "oa", identifier(oa, "oA"), "subscription", "T1")
    assert left(oa, "oA") == [("subscription", "T1", 1, None)]


def test_the_allowance_is_the_openids_even_where_a_unionid_bears_the_event(oa: World) -> None:
    push(oa, "oA", "SCAN", EventKey="1", UnionId="uA")
    oa.drain()
    assert oa.value("SELECT i.type FROM events e JOIN identifiers i USING (identifier_id)") == "unionid"
    assert left(oa, "oA") == [("reply", "", 3, 60.0)]


def test_repeated_pushes_count_once_also_after_a_restart(oa: World) -> None:
    for _ in range(3):
        push(oa, "oA", "subscribe_msg_popup_event", SubscribeMsgPopupEvent=popup(T1="accept"))
    oa.drain()
    oa.restart()
    oa.drain()
    assert left(oa, "oA") == [("subscription", "T1", 1, None)]


def test_a_crash_between_state_and_pool_counts_once(oa: World, monkeypatch: pytest.MonkeyPatch) -> None:
    push(oa, "oA", "subscribe_msg_popup_event", SubscribeMsgPopupEvent=popup(T1="accept"))
    oa.drain()
    push(oa, "oB", "subscribe_msg_popup_event", SubscribeMsgPopupEvent=popup(T1="accept"))

    class Killed(BaseException):
        pass

    def die(*args: Any) -> None:
        raise Killed

    monkeypatch.setattr("onepool.tick.worker._set_log_offset", die)
    with pytest.raises(Killed):
        oa.worker.step()
    monkeypatch.undo()
    oa.restart()
    oa.drain()
    assert left(oa, "oA") == left(oa, "oB") == [("subscription", "T1", 1, None)]


def test_a_pool_that_is_made_again_counts_nothing_again(oa: World, tmp_path: Path) -> None:
    push(oa, "oA", "subscribe_msg_popup_event", SubscribeMsgPopupEvent=popup(T1="accept"))
    push(oa, "oA", "subscribe", EventKey="qrscene_7")
    oa.drain()
    before = left(oa, "oA")
    hashes = content_hashes(oa.workspace.pool)
    oa.close()
    oa.restart()
    build(oa.workspace, tmp_path / "again.duckdb")
    engine = DuckDBEngine(tmp_path / "again.duckdb")
    assert content_hashes(engine) == hashes
    engine.close()
    assert left(oa, "oA") == before


def test_a_window_lasts_as_long_as_its_touchpoint_says(oa: World) -> None:
    """Douyin's window for answers could not be checked: two accounts, one of which says otherwise."""
    message = {"conversation_short_id": "c", "conversation_type": 1, "message_type": "text", "text": "hi"}
    body = {"event": "im_receive_msg", "from_user_id": "dA", "to_user_id": "biz", "content": message}
    for name, said in (("dy", {}), ("dy_own", {"window_reply_messages": 3, "window_reply_hours": 12})):
        secrets = {"client_key": "awkey123", "client_secret": "env:T"}
        oa.define("touchpoint", name, title="DY", channel="douyin", settings={**secrets, **said})
        now = oa.clock.now()
        content = {**message, "server_message_id": name, "create_time": int(now.timestamp() * 1000)}
        raw = json.dumps({**body, "client_key": "awkey123", "content": content}).encode()
        account = Account(name, "douyin", {"client_key": "awkey123"})
        oa.workspace.log.append([hooked.pushed(Request("POST", "", "", {}, raw), account, now, None)])
    oa.drain()
    with oa.workspace.state.read() as connection:
        rows = connection.execute(select(state_allowances).order_by(state_allowances.c.touchpoint)).all()
    opened = [(one.touchpoint, one.left_count, (one.until - one.updated) / 3_600e6) for one in rows]
    assert opened == [("dy", 5, 24.0), ("dy_own", 3, 12.0)]


def test_what_is_erased_is_gone(oa: World) -> None:
    push(oa, "oA", "subscribe")
    oa.drain()
    with oa.workspace.state.write() as connection:
        allowances.forget(connection, [identifier(oa, "oA")])
        assert allowances.allowed(connection, "oa", [identifier(oa, "oA")], oa.clock.now()) == []


def test_an_answer_is_plain(oa: World) -> None:
    push(oa, "oA", "subscribe")
    oa.drain()
    with oa.workspace.state.read() as connection:
        (one,) = allowances.allowed(connection, "oa", [identifier(oa, "oA"), 10**9], oa.clock.now())
    assert one == Allowed(identifier(oa, "oA"), "reply", "", 3, oa.clock.now() + timedelta(seconds=60))

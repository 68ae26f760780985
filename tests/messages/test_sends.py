"""What goes out: values from the run and the pool, short links of each send, versions as they were."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from sqlalchemy import select

from onepool.clock import FakeClock
from onepool.collect import links as short
from onepool.definitions import Definitions
from onepool.pool import DuckDBEngine
from onepool.reach import messages
from onepool.reach.messages import Linking, Needs, parse_message
from onepool.reach.messages.gather import gather
from onepool.state import State
from onepool.state.schema import short_links

from .brand import WORDING, message, wecom

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
BODY = message(
    wecom("{{ name }} {{ code }} {{ level }} {{ links.cart }} {{ links.preferences }}"),
    variables={
        "name": {"from": "attribute.nickname", "default": "亲"},
        "level": {"from": "tag.vip_level", "default": "新客"},
        "code": {"type": "coupon", "from": "vars.code"},
    },
    links={"cart": "https://shop.brand.test/?c={{ code | url_encode }}"},
)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    made = State.at(tmp_path / "state.sqlite")
    yield made
    made.close()


@pytest.fixture
def pool() -> Iterator[DuckDBEngine]:
    engine = DuckDBEngine(":memory:", "Asia/Shanghai", threads=1)
    with engine.write() as session:
        session.execute("CREATE TABLE profiles (customer_id BIGINT, nickname VARCHAR, time_zone VARCHAR, born DATE)")
        session.execute(
            "CREATE TABLE tag_values (customer_id BIGINT, tag VARCHAR, value VARCHAR, number DOUBLE, list VARCHAR[])"
        )
        session.execute(
            "INSERT INTO profiles VALUES (1, '小王', 'America/New_York', '2020-02-03'), (2, NULL, NULL, NULL)"
        )
        session.execute(
            "INSERT INTO tag_values VALUES (2, 'vip_level', 'gold', NULL, NULL), (1, 'other', 'x', NULL, NULL)"
        )
    yield engine
    engine.close()


def rows(customers: list[int], codes: list[str | None]) -> pa.Table:
    run = [json.dumps({} if code is None else {"vars.code": code, "trigger.n": 3}) for code in codes]
    return pa.table({"customer_id": pa.array(customers, pa.int64()), "vars": pa.array(run, pa.string())})


def test_values_come_from_the_run_and_the_pool_in_the_order_of_the_rows(pool: DuckDBEngine) -> None:
    needs = Needs(("vars.code", "trigger.n", "trigger.none"), ("nickname", "born", "gone"), ("vip_level",))
    customers = pa.array([2, 1, 2, 9], pa.int64())
    run = pa.array(['{"vars.code":"A","trigger.n":3}', None, '{"vars.code":["x","y"]}', "{}"], pa.string())
    with pool.read() as session:
        found = gather(session, needs, customers, run, zone="time_zone")
    assert found.column("vars.code").to_pylist() == ["A", None, "x、y", None]
    assert found.column("trigger.n").to_pylist() == ["3", None, None, None]
    assert found.column("attribute.nickname").to_pylist() == [None, "小王", None, None]
    assert found.column("tag.vip_level").to_pylist() == ["gold", None, "gold", None]
    assert found.column("zone").to_pylist() == [None, "America/New_York", None, None]
    assert "attribute.gone" not in found.column_names


def test_every_send_has_links_of_its_own_made_in_one_go(state: State, pool: DuckDBEngine) -> None:
    found = parse_message(BODY)
    people = [("external_userid", "ww1", f"wm{number}") for number in range(3)]

    def linking(connection: object, *, again: bool = False) -> Linking:
        return Linking(
            connection, "https://go.brand.test/", "wecom", "wecom", NOW, [11, 12, 13], people, "cart", again,  # type: ignore[arg-type]
            preferences=lambda _, right: [f"https://go.brand.test/p/{row}" for row in right],
        )  # fmt: skip

    table = rows([1, 2, 2], ["A", "B", None])
    with pool.read() as session, state.write() as connection:
        told = messages.render_sends(session, found, found.contents[0], table, WORDING, linking=linking(connection))
    contents = told.contents()
    assert told.problems[2] == "variable code has no value and no default" and contents[2] is None
    assert contents[0] is not None and contents[1] is not None
    first, second = contents[0]["text"].split(), contents[1]["text"].split()
    assert first[:3] == ["小王", "A", "新客"] and second[:3] == ["亲", "B", "gold"]
    assert first[4] == "https://go.brand.test/p/0"
    with state.read() as connection:
        link = short.find(connection, first[3].rpartition("/")[2])
        made = connection.execute(select(short_links.c.message_id, short_links.c.url)).all()
    assert link is not None
    assert (link.url, link.message_id, link.id, link.campaign) == (
        "https://shop.brand.test/?c=A", "11", people[0], "cart",
    )  # fmt: skip
    assert sorted(made) == [("11", "https://shop.brand.test/?c=A"), ("12", "https://shop.brand.test/?c=B")]
    with pool.read() as session, state.write() as connection:
        again = messages.render_sends(
            session, found, found.contents[0], table, WORDING, linking=linking(connection, again=True)
        )
    assert again.contents() == contents, "another attempt leads through the same links"


def test_without_links_made_they_are_as_long_as_real_ones(pool: DuckDBEngine) -> None:
    found = parse_message(BODY)
    with pool.read() as session:
        told = messages.render_sends(
            session, found, found.contents[0], rows([1], ["A"]), WORDING, base="https://go.brand.test"
        )
    assert told.contents()[0] == {
        "text": "小王 A 新客 https://go.brand.test/l/xxxxxxxx https://go.brand.test/p/xxxxxxxx"
    }


def test_links_lead_to_allowed_hosts_only(pool: DuckDBEngine) -> None:
    body = message(
        wecom("{{ links.item }}"),
        variables={"item": {"type": "url", "from": "vars.code"}},
        links={"item": "{{ item }}"},
    )
    found = parse_message(body)
    given = ["https://m.brand.test/1", "https://brand.test.evil.test/", "ftp://brand.test/", "https://x@brand.test/"]
    with pool.read() as session:
        told = messages.render_sends(
            session, found, found.contents[0], rows([1] * 4, [*given]), WORDING, hosts=["brand.test"]
        )
    assert [problem is None for problem in told.problems] == [True, False, False, False]
    assert "may not lead" in str(told.problems[1])


@pytest.mark.parametrize("base", ["", "http://127.0.0.1:8000"])
def test_a_part_that_is_an_address_may_be_a_short_link(state: State, pool: DuckDBEngine, base: str) -> None:
    content = {
        "template": "OA", "channel": "wechat_oa", "kind": "template",
        "content": {"template_id": "T", "url": "{{ links.a }}", "data": {"thing1": "x"}},
    }  # fmt: skip
    found = parse_message(message(content, links={"a": "https://shop.brand.test/"}))
    with pool.read() as session, state.write() as connection:
        linking = Linking(connection, base, "oa", "wechat_oa", NOW, [1], [("openid", "wx", "o1")]) if base else None
        told = messages.render_sends(
            session, found, found.contents[0], rows([1], [None]), WORDING, hosts=["brand.test"], linking=linking
        )
    assert told.problems == [None]


def test_a_send_takes_the_version_that_it_was_planned_with(state: State) -> None:
    definitions = Definitions(state, FakeClock(NOW))
    definitions.save("message", "m", message(wecom("one")), author="t")
    definitions.save("message", "m", message(wecom("two")), author="t")
    definitions.delete("message", "m", author="t")
    with state.read() as connection:
        assert messages.load(connection, "m", 1).contents[0].content == {"text": "one"}
        assert messages.load(connection, "m", 2).contents[0].content == {"text": "two"}
        with pytest.raises(messages.UnknownMessage):
            messages.load(connection, "m")

"""Naming one customer on the command line, and what it prints."""

from __future__ import annotations

import pytest

from onepool.api.lookup import find_customer, show_customer, spellings

from .conftest import World


@pytest.mark.parametrize(
    ("who", "customer"),
    [
        ("1", 1),
        ("4", 3),
        ("99", None),
        ("phone:137 1111 2222", 1),
        ("手机号:13711112222", 1),
        ("email:ZHANG.WEI@example.com", 1),
        ("openid:oABC", 3),
        ("openid@wx1:oABC", 3),
        ("openid@wx2:oABC", None),
        ("unionid:oABC", None),
        ("oABC", None),
        ("", None),
        ("nonsense:x", None),
    ],
)
def test_find(world: World, who: str, customer: int | None) -> None:
    with world.ws.pool.read() as session:
        assert find_customer(session, who, world.ws.standard()) == customer


def test_one_value_of_two_customers_names_nobody(world: World) -> None:
    with world.ws.pool.write() as session:
        session.execute(
            "INSERT INTO identifiers (identifier_id, type, scope, value) VALUES (9, 'openid', 'wx2', 'oABC')"
        )
        session.execute("INSERT INTO customer_of VALUES (9, 5)")
    with world.ws.pool.read() as session:
        assert find_customer(session, "openid:oABC", world.ws.standard()) is None
        assert find_customer(session, "openid@wx2:oABC", world.ws.standard()) == 5


def test_show(world: World) -> None:
    with world.ws.pool.read() as session:
        shown = show_customer(session, 1, world.ws.standard())
    assert shown["customer"][0]["orders"] == 2
    assert {row["value"] for row in shown["identifiers"]} == {"137****2222", "z***@example.com"}
    assert len(shown["latest events"]) == 4
    assert "1371111" not in str(shown)


def test_spellings() -> None:
    assert spellings("", "CN") == []
    assert "+8613711112222" in spellings("137-1111-2222", "CN")
    assert "a@b.cn" in spellings("A@B.CN", "CN")
    assert "+14155550123" not in spellings("4155550123", "CN")
    assert spellings("138****1234", "CN") == ["138****1234"]

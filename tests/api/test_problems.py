"""Errors look alike everywhere and tell nothing that they should not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from onepool.api.app import MAX_BODY
from onepool.api.openapi import text
from onepool.pool import PoolError

from .conftest import World

FILE = Path(__file__).parents[2] / "console" / "openapi.json"


def test_committed_openapi_is_fresh() -> None:
    assert FILE.read_text(encoding="utf-8") == text(), "run: python -m onepool.api.openapi console/openapi.json"


def test_openapi_is_served(empty: World) -> None:
    document = empty.browser().get("/api/openapi.json").json()
    assert document["openapi"].startswith("3.")
    assert "Problem" in document["components"]["schemas"]
    ids = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(ids) == len(set(ids))
    assert all(name[0].islower() and any(letter.isupper() for letter in name) for name in ids)


def test_shape(world: World) -> None:
    answer = world.signed_in().get("/api/v1/customers/999")
    problem = answer.json()
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["code"] == "customer-unknown"
    assert problem["type"] == "urn:onepool:problem:customer-unknown"
    assert problem["title"] == "Not Found" and problem["status"] == 404
    assert problem["instance"].startswith("urn:onepool:occurrence:")


def test_unknown_paths_and_methods(empty: World) -> None:
    browser = empty.signed_in()
    assert browser.get("/api/v1/nothing").json()["code"] == "not-found"
    assert browser.put("/api/v1/home", {}).json()["code"] == "method-not-allowed"


def test_faults_of_a_body_are_placed_and_never_echoed(empty: World) -> None:
    answer = empty.browser().post("/api/v1/session", {"email": "a@b.c", "password": ["s3cret-value"], "more": 1})
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid-request"
    assert {finding["place"] for finding in answer.json()["problems"]} == {"password", "more"}
    assert "s3cret-value" not in answer.text


def test_wrong_parameters(empty: World) -> None:
    browser = empty.signed_in()
    for path in ("/api/v1/customers?page=0", "/api/v1/customers?sort=name;drop", "/api/v1/customers/abc"):
        assert browser.get(path).status_code == 422
    answer = browser.get("/api/v1/customers?size=100000").json()
    assert answer["where"] == "size"


def test_inner_errors_keep_their_secrets(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise PoolError("Conversion Error near '13711112222'")

    browser = world.signed_in()
    monkeypatch.setattr(world.ws.pool, "read", broken)
    answer = browser.get("/api/v1/home")
    assert (answer.status_code, answer.json()["code"]) == (500, "pool")
    assert "13711112222" not in answer.text
    assert answer.json()["instance"]


def test_too_large(empty: World) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(33):
            yield b" " * (MAX_BODY // 32)

    browser = empty.signed_in()
    for content in (b"x" * (MAX_BODY + 1), pieces()):
        answer = browser.request("POST", "/api/v1/query", content=content)
        assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


def test_security_headers(empty: World) -> None:
    headers = empty.browser().get("/api/v1/home").headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"

"""Who gets in, and who may do what."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from onepool.api.access import Need
from onepool.api.app import OPENAPI_PATH, bare_app
from onepool.privacy import api_keys, audit, sessions
from onepool.privacy.attempts import PER_PAIR
from onepool.privacy.roles import PERMISSIONS, Permission, Role
from onepool.privacy.users import disable_user, ensure_admin

from .conftest import PASSWORD, World

OPEN = {("POST", "/api/v1/session")}
CONDITION = {"attribute": "city", "is": "上海"}
BODIES = {
    "/api/v1/session": {"email": "a@b.test", "password": "x"},
    "/api/v1/session/password": {"current": "a", "new": "b" * 12},
    "/api/v1/segments": {
        "name": "s",
        "title": {"zh": "人", "en": "s"},
        "condition": CONDITION,
    },
    "/api/v1/segments/{name}": {"title": {"zh": "人", "en": "s"}, "condition": CONDITION},
    "/api/v1/segments/plan": {"name": "vip", "condition": CONDITION},
    "/api/v1/segments/overlap": {"segments": ["vip", "s"]},
    "/api/v1/segments/combine": {"expression": "vip"},
    "/api/v1/segments/{name}/snapshot": {"list": "kept", "title": {"zh": "名单", "en": "Kept"}},
    "/api/v1/conditions/preview": {"condition": CONDITION},
    "/api/v1/lists": {"name": "l", "title": {"zh": "名单", "en": "l"}},
    "/api/v1/quarantine/replay": {"rule": "type.money"},
    "/api/v1/imports": {"file": "0123456789abcdef", "kind": "orders"},
    "/api/v1/imports/look": {"file": "0123456789abcdef", "kind": "orders"},
    "/api/v1/query": {"sql": "SELECT 1"},
    "/api/v1/touchpoints/{name}": {"title": {"zh": "店", "en": "Shop"}, "channel": "web"},
    "/api/v1/touchpoints/{name}/secrets/{setting}": {"value": "x"},
    "/api/v1/touchpoints/{name}/sync": {},
    "/api/v1/touchpoints/{name}/sandbox/acts": {"do": "follow"},
    "/api/v1/touchpoints/{name}/messages": {"kind": "text", "to": {}},
    "/api/v1/touchpoints/{name}/preview": {"channel": "web"},
    "/api/v1/destinations/{name}": {"body": {}},
    "/api/v1/destinations/{name}/secrets/{setting}": {"value": "x"},
    "/api/v1/destinations/{name}/run": {},
    "/api/v1/tags": {"definition": {"tag": "t"}},
    "/api/v1/tags/plan": {"definition": {"tag": "t"}},
    "/api/v1/tags/{name}": {"definition": {"tag": "t"}},
    "/api/v1/tags/{name}/run": {},
    "/api/v1/tags/{name}/backfill": {"from": "2026-11-01T00:00:00Z", "to": "2026-11-02T00:00:00Z"},
    "/api/v1/consents": {
        "customer_id": 1,
        "choices": [{"granted": False, "purpose": "marketing"}],
        "reason": "asked at the counter",
    },
    "/api/v1/notices": {"name": "welcome", "texts": {"zh": "你好"}},
    "/api/v1/suppressions": {"customer_id": 1, "note": "asked for it"},
    "/api/v1/suppressions/{id}/lift": {"reason": "a mistake"},
    "/api/v1/approvals/{id}/decide": {"approve": True},
    "/api/v1/approvals/{id}/withdraw": {},
    "/api/v1/journeys": {"definition": {"journey": "j"}},
    "/api/v1/journeys/check": {"definition": {}},
    "/api/v1/journeys/plan": {"definition": {"journey": "j"}},
    "/api/v1/journeys/simulate": {"definition": {"journey": "j"}, "start": "2026-11-01T00:00:00Z"},
    "/api/v1/journeys/simulate/difference": {"definition": {"journey": "j"}, "start": "2026-11-01T00:00:00Z"},
    "/api/v1/journeys/backtest": {"definition": {"journey": "j"}, "start": "2026-11-01T00:00:00Z"},
    "/api/v1/journeys/cases": {"definition": {"journey": "j"}, "start": "2026-11-01T00:00:00Z", "name": "c"},
    "/api/v1/journeys/cases/run": {"definition": {"journey": "j"}},
    "/api/v1/journeys/{name}": {"definition": {"journey": "j"}},
    "/api/v1/journeys/{name}/publish": {},
    "/api/v1/journeys/{name}/pause": {},
    "/api/v1/journeys/{name}/resume": {},
    "/api/v1/journeys/{name}/stop": {},
    "/api/v1/journeys/{name}/ask-approval": {},
    "/api/v1/journeys/{name}/approve": {"decision": "approved"},
    "/api/v1/journeys/{name}/enter": {"customer_id": 1},
    "/api/v1/journeys/templates/{template}": {"journey": "j"},
    "/api/v1/messages": {"definition": {"message": "m"}},
    "/api/v1/messages/check": {"definition": {"message": "m"}},
    "/api/v1/messages/preview": {"name": "m"},
    "/api/v1/messages/{name}": {"definition": {"message": "m"}},
    "/api/v1/messages/{name}/test": {"template": "t", "touchpoint": "sms", "to": {}},
    "/api/v1/messages/{name}/ask-approval": {},
    "/api/v1/unknown/decide": {"journey": "j", "decision": "drop"},
    "/api/v1/broadcasts": {"definition": {"broadcast": "b"}},
    "/api/v1/broadcasts/check": {"definition": {}},
    "/api/v1/broadcasts/{name}": {"definition": {"broadcast": "b"}},
    "/api/v1/broadcasts/{name}/ask-approval": {},
    "/api/v1/policies": {"definition": {}},
    "/api/v1/policies/check": {"definition": {}},
    "/api/v1/journeys/{name}/comments": {"text": "which coupon?"},
    "/api/v1/journeys/{name}/comments/{id}": {"resolved": True},
    "/api/v1/tasks/{id}/done": {},
    "/api/v1/tasks/{id}/reassign": {"staff_id": "lisa"},
    "/api/v1/coupons": {"definition": {"coupon": "c"}},
    "/api/v1/coupons/check": {"definition": {"coupon": "c"}},
    "/api/v1/coupons/{name}": {"definition": {"coupon": "c"}},
    "/api/v1/coupons/{name}/generate": {"count": 1},
    "/api/v1/coupons/{name}/void": {"free": True, "reason": "leaked"},
    "/api/v1/identity/model/restore": {"to": 1, "version": 2, "reason": "it was better"},
    "/api/v1/identity/model/restore/preview": {"to": 1},
    "/api/v1/customers/{customer_id}/reveal": {"reason": "asked by the customer"},
    "/api/v1/customers/{customer_id}/copy": {"reason": "asked by the customer"},
}
VALUES = {
    "customer_id": "1",
    "run_id": "1",
    "name": "vip",
    "case": "holidays",
    "tag": "buyer",
    "segment": "vip",
    "id": "5",
    "setting": "secret",
    "template": "cart_recall",
    "send_id": "00000000000000ff",
    "touchpoint": "shop",
    "version": "1",
    "table": "member",
    "first": "1",
    "last": "2",
}


def routes() -> list[tuple[str, str, Dependant]]:
    found = []
    for route in iter_route_contexts(bare_app().routes):
        assert isinstance(route.original_route, APIRoute) or route.path == OPENAPI_PATH, f"unguarded {route.path}"
        if isinstance(route.original_route, APIRoute):
            found += [(method, route.path, route.dependant) for method in sorted(route.methods)]
    return found


ROUTES = routes()


def needs(dependant: Dependant) -> set[Permission]:
    own = {dependant.call.permission} if isinstance(dependant.call, Need) else set()
    return own.union(*(needs(inner) for inner in dependant.dependencies))


def filled(path: str) -> str:
    return path.format(**VALUES)


def test_there_are_routes() -> None:
    assert len(ROUTES) > 25


@pytest.mark.parametrize(("method", "path", "dependant"), ROUTES, ids=[f"{m} {p}" for m, p, _ in ROUTES])
def test_every_route_names_its_permission(method: str, path: str, dependant: Dependant) -> None:
    if (method, path) in OPEN:
        assert not needs(dependant)
    else:
        assert len(needs(dependant)) == 1


def test_every_route_is_closed_to_strangers(empty: World) -> None:
    stranger = empty.browser()
    for method, path, _ in ROUTES:
        if (method, path) in OPEN:
            continue
        for headers in ({}, {"Authorization": "Bearer opk_wrong"}, {"Authorization": "Basic YTpi"}):
            answer = stranger.request(method, filled(path), json=BODIES.get(path), headers=headers)
            assert answer.status_code == 401, f"{method} {path}: {answer.text}"
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("role", list(Role))
def test_roles_and_routes(world: World, role: Role) -> None:
    browser = world.signed_in(role)
    for method, path, dependant in ROUTES:
        permission = next(iter(needs(dependant)), None)
        if permission is None or permission in PERMISSIONS[role]:
            continue
        answer = browser.request(method, filled(path), json=BODIES.get(path))
        assert (answer.status_code, answer.json()["code"]) == (403, "no-permission"), f"{role} {method} {path}"
        assert answer.json()["where"] == permission


def test_only_admin_and_privacy_may_see_values_in_clear() -> None:
    allowed = {role for role in Role if Permission.CUSTOMERS_REVEAL in PERMISSIONS[role]}
    assert allowed == {Role.PRIVACY, Role.ADMIN}


def test_first_admin_once(empty: World) -> None:
    made = ensure_admin(empty.ws.state, empty.clock)
    assert made is not None and len(made[1]) >= 20
    assert ensure_admin(empty.ws.state, empty.clock) is None
    answer = empty.browser().post("/api/v1/session", {"email": made[0], "password": made[1]})
    assert answer.json()["user"]["role"] == "admin"


def test_cookie_is_strict_and_not_readable(empty: World) -> None:
    email = empty.user(Role.ANALYST)
    answer = empty.browser().post("/api/v1/session", {"email": email.upper(), "password": PASSWORD})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and "path=/" in cookie and "secure" not in cookie
    behind_tls = empty.browser()
    behind_tls.address = ""
    answer = behind_tls.post(
        "/api/v1/session", {"email": email, "password": PASSWORD}, headers={"X-Forwarded-Proto": "https"}
    )
    assert "secure" in answer.headers["set-cookie"].lower()


def test_session_lives_while_used_but_not_for_ever(empty: World) -> None:
    browser = empty.signed_in()
    step = sessions.IDLE - timedelta(minutes=1)
    for _ in range(sessions.LONGEST // step):
        empty.clock.advance(step)
        assert browser.get("/api/v1/session").status_code == 200
    empty.clock.advance(sessions.LONGEST - (sessions.LONGEST // step) * step)
    assert browser.get("/api/v1/session").status_code == 401


def test_session_ends_when_idle(empty: World) -> None:
    browser = empty.signed_in()
    empty.clock.advance(sessions.IDLE)
    assert browser.get("/api/v1/session").json()["code"] == "not-signed-in"


def test_signing_in_again_gives_a_new_token_and_ends_the_old_one(empty: World) -> None:
    browser = empty.signed_in()
    first = dict(browser.cookies)
    browser.post("/api/v1/session", {"email": "admin@brand.test", "password": PASSWORD})
    assert dict(browser.cookies) != first
    old = empty.browser()
    old.cookies.update(first)
    assert old.get("/api/v1/session").status_code == 401
    assert browser.get("/api/v1/session").status_code == 200


def test_signing_out(empty: World) -> None:
    browser = empty.signed_in()
    token = dict(browser.cookies)
    assert browser.delete("/api/v1/session").status_code == 204
    again = empty.browser()
    again.cookies.update(token)
    assert again.get("/api/v1/session").status_code == 401


def test_disabled_user_is_out_at_once(empty: World) -> None:
    browser = empty.signed_in(Role.MARKETER)
    disable_user(empty.ws.state, empty.clock, "marketer@brand.test")
    assert browser.get("/api/v1/home").status_code == 401
    answer = empty.browser().post("/api/v1/session", {"email": "marketer@brand.test", "password": PASSWORD})
    assert answer.json()["code"] == "wrong-password"


def test_changing_the_password_ends_other_sessions(empty: World) -> None:
    here = empty.signed_in()
    there = empty.browser()
    there.post("/api/v1/session", {"email": "admin@brand.test", "password": PASSWORD})
    wrong = here.post("/api/v1/session/password", {"current": "no", "new": "another long password"})
    assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong-password")
    weak = here.post("/api/v1/session/password", {"current": PASSWORD, "new": "aaaaaaaaaaaaaa"})
    assert (weak.status_code, weak.json()["code"]) == (400, "password-weak")
    assert (
        here.post("/api/v1/session/password", {"current": PASSWORD, "new": "another long password"}).status_code == 200
    )
    assert here.get("/api/v1/session").status_code == 200
    assert there.get("/api/v1/session").status_code == 401


def test_writes_by_cookie_need_the_header(empty: World) -> None:
    browser = empty.signed_in()
    browser.headers.clear()
    for method, path, _ in ROUTES:
        if method == "GET":
            continue
        answer = browser.request(method, filled(path), json=BODIES.get(path))
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf"), f"{method} {path}"
    assert browser.get("/api/v1/session").status_code == 200


def test_guessing_is_slowed_down_and_survives_restarts(empty: World) -> None:
    email = empty.user(Role.MARKETER)
    stranger = empty.browser()
    for _ in range(PER_PAIR):
        assert stranger.post("/api/v1/session", {"email": email, "password": "guess"}).status_code == 401
    closed = stranger.post("/api/v1/session", {"email": email, "password": PASSWORD})
    assert (closed.status_code, closed.json()["code"]) == (429, "too-many-attempts")
    assert 0 < int(closed.headers["retry-after"]) <= 900
    owner = empty.browser()
    owner.address = "198.51.100.1"
    assert owner.post("/api/v1/session", {"email": email, "password": PASSWORD}).status_code == 200
    empty.clock.advance(timedelta(minutes=15))
    assert stranger.post("/api/v1/session", {"email": email, "password": PASSWORD}).status_code == 200


def test_right_password_forgets_the_failures(empty: World) -> None:
    email = empty.user(Role.MARKETER)
    browser = empty.browser()
    for _ in range(3):
        for _ in range(PER_PAIR - 1):
            browser.post("/api/v1/session", {"email": email, "password": "guess"})
        assert browser.post("/api/v1/session", {"email": email, "password": PASSWORD}).status_code == 200


def test_api_key_works_without_cookie_and_header_until_revoked(empty: World) -> None:
    key, secret = api_keys.create_key(empty.ws.state, empty.clock, name="report", role=Role.ANALYST)
    program = empty.browser()
    program.headers = {"Authorization": f"Bearer {secret}"}
    answer = program.get("/api/v1/session").json()
    assert (answer["via"], answer["user"]["email"], answer["user"]["role"]) == ("key", None, "analyst")
    assert program.post("/api/v1/query", {"sql": "SELECT 1 AS one"}).json()["rows"] == [[1]]
    assert program.delete("/api/v1/session").status_code == 403
    api_keys.revoke_key(empty.ws.state, empty.clock, key.id)
    assert program.get("/api/v1/session").json()["code"] == "key-unknown"


def test_what_was_done_is_kept(world: World) -> None:
    browser = world.signed_in()
    browser.post("/api/v1/customers/1/reveal", {"reason": "the customer asked"})
    browser.post("/api/v1/query", {"sql": "SELECT 1"})
    world.browser().post("/api/v1/session", {"email": "admin@brand.test", "password": "wrong"})
    entries = {entry.action: entry for _, entry in audit.trail(world.ws.state)}
    assert entries["customer.reveal"].subject == "customer:1"
    assert entries["customer.reveal"].detail == {"reason": "the customer asked"}
    assert entries["query.run"].actor == "user:admin@brand.test"
    assert entries["session.refused"].detail == {"address": "203.0.113.7"}
    assert {"session.start", "user.add"} <= entries.keys()
    assert PASSWORD not in str(entries)
    page = browser.get("/api/v1/audit", limit=2).json()
    assert [item["action"] for item in page["items"]] == ["session.refused", "query.run"]
    rest = browser.get("/api/v1/audit", before=page["next"]).json()
    assert rest["items"][0]["action"] == "customer.reveal" and rest["next"] is None

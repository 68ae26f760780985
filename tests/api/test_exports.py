"""Lists as files: what is in them, who may have them, and that it is noted."""

from __future__ import annotations

import asyncio
import csv
import io
from decimal import Decimal

import pytest
from fastapi.responses import StreamingResponse
from sqlalchemy import insert

from onepool.api.csv_file import csv_file
from onepool.clock import to_micros
from onepool.privacy.roles import Role
from onepool.reach import policies
from onepool.reach.rules import SendPolicy
from onepool.reach.states import SendState
from onepool.state.outbox import sends

from .conftest import NOW, Browser, World


def rows(browser: Browser, path: str, **params: str) -> list[dict[str, str]]:
    answer = browser.get(path, **params)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"] and answer.text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))


def noted(browser: Browser) -> list[str]:
    return [one["subject"] for one in browser.get("/api/v1/audit").json()["items"] if one["action"] == "export"]


def test_members_are_a_file_with_what_the_page_shows(world: World) -> None:
    admin = world.signed_in()
    title = {"zh": "贵宾", "en": "VIP"}
    admin.post("/api/v1/segments", {"name": "vip", "title": title, "condition": {"attribute": "city", "is": "上海"}})
    shown = admin.get("/api/v1/segments/vip/members").json()["items"]
    found = rows(admin, "/api/v1/segments/vip/members.csv")
    assert [int(one["customer_id"]) for one in found] == [one["customer_id"] for one in shown]
    assert [one["phone"] or None for one in found] == [one["phone"] for one in shown]
    assert [one["name"] or None for one in found] == [one["name"] for one in shown]
    assert noted(admin) == ["segment:vip"]
    analyst = rows(world.signed_in(Role.ANALYST), "/api/v1/segments/vip/members.csv")
    assert [one["name"] for one in analyst] != [one["name"] for one in found], "names are for those who may see them"
    assert admin.get("/api/v1/segments/nobody/members.csv").status_code == 404


def test_deliveries_are_a_file_filtered_as_the_log(world: World) -> None:
    admin, now = world.signed_in(), to_micros(NOW)
    with world.ws.state.write() as connection:
        (policy,) = policies.store(connection, [SendPolicy()])
        for number, state in enumerate((SendState.ACCEPTED, SendState.SUPPRESSED, SendState.QUEUED), 1):
            connection.execute(
                insert(sends).values(
                    send_id=number, run_id=7, journey="recall", customer_id=1, channel="sms", touchpoint="sms",
                    kind="marketing", message="hello", message_version=1, policy=policy, category="promotion",
                    priority=1500, state=int(state), reason=None, due=now, planned=now + number, attempts=1,
                    told=False, changed=now,
                )
            )  # fmt: skip
    found = rows(admin, "/api/v1/deliveries.csv", journey="recall")
    assert [one["state"] for one in found] == ["queued", "suppressed", "accepted"]
    assert [one["state"] for one in rows(admin, "/api/v1/deliveries.csv", state="suppressed")] == ["suppressed"]
    assert rows(admin, "/api/v1/deliveries.csv", journey="other") == []
    assert noted(admin) == ["deliveries"] * 3
    taken = [one["detail"] for one in admin.get("/api/v1/audit").json()["items"] if one["action"] == "export"]
    assert taken == [
        {"messages": 0, "journey": "other"}, {"messages": 1, "state": "suppressed"},
        {"messages": 3, "journey": "recall"},
    ]  # fmt: skip


def lines(made: StreamingResponse) -> list[str]:
    async def read() -> str:
        return "".join([str(part) async for part in made.body_iterator])

    return asyncio.run(read()).split("\r\n")


def test_no_text_is_a_formula_for_a_spreadsheet() -> None:
    texts = ["=1+1", "+86", "-x", "@a", "\t=1", "＝1", "＋1", "－1", "＠a"]
    made = csv_file(
        "x", ("a", "b"), [[[one, None] for one in texts], [["plain, with comma", 7], [-5, Decimal("-20.50")]]]
    )
    assert made.headers["content-disposition"] == 'attachment; filename="x.csv"'
    assert lines(made) == [
        "\ufeffa,b", *(f"'{one}," for one in texts), '"plain, with comma",7', "-5,-20.50", "",
    ]  # fmt: skip
    assert lines(csv_file("x", ("a",), [[["\n=1"], ["\r=1"]]])) == ["\ufeffa", '"\'\n=1"', '"\'\r=1"', ""]


@pytest.mark.parametrize("role", [Role.MARKETER, Role.ENGINEER, Role.PRIVACY])
def test_lists_are_taken_out_by_those_who_may_only(world: World, role: Role) -> None:
    browser = world.signed_in(role)
    for path in ("/api/v1/segments/vip/members.csv", "/api/v1/deliveries.csv"):
        answer = browser.get(path)
        assert (answer.status_code, answer.json()["where"]) == (403, "exports.take")


def test_the_audit_trail_says_what_was_taken_out(world: World) -> None:
    admin = world.signed_in()
    since = "2026-11-01T00:00:00+00:00"
    rows(
        admin, "/api/v1/deliveries.csv", broadcast="nobody", channel="sms", state="queued", since=since, customer_id="7"
    )
    (found,) = [one for one in admin.get("/api/v1/audit").json()["items"] if one["action"] == "export"]
    assert found["detail"] == {
        "messages": 0, "broadcast": "nobody", "channel": "sms", "state": "queued", "since": since, "customer_id": 7,
    }  # fmt: skip

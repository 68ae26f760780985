"""What people say about journeys and their steps: beside the definition, never in it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.api.conftest import World, empty, quick_hashes, world  # noqa: F401

from onepool.journeys import comments
from onepool.privacy.roles import Role

PATH = "/api/v1/journeys/cart_recall"


@pytest.fixture
def journey(world: World) -> World:  # noqa: F811
    made = world.signed_in(Role.MARKETER).post("/api/v1/journeys", {"definition": {"journey": "cart_recall"}})
    assert made.status_code == 201, made.text
    return world


def test_comments_are_added_resolved_and_opened_again_and_no_version_changes(journey: World) -> None:
    mei, boss = journey.signed_in_again(Role.MARKETER), journey.signed_in(Role.APPROVER)
    before = mei.get(PATH).json()
    first = mei.post(f"{PATH}/comments", {"text": " Which coupon? ", "node": "send1"})
    assert first.status_code == 201, first.text
    said = first.json()
    assert (said["text"], said["node"], said["author"], said["resolved_at"]) == (
        "Which coupon?", "send1", "user:marketer@brand.test", None,
    )  # fmt: skip
    journey.clock.advance(timedelta(minutes=1))
    boss.post(f"{PATH}/comments", {"text": "双十一以后再上"})
    listed = mei.get(f"{PATH}/comments").json()["items"]
    assert [(one["node"], one["text"]) for one in listed] == [("send1", "Which coupon?"), (None, "双十一以后再上")]
    done = boss.put(f"{PATH}/comments/{said['id']}", {"resolved": True}).json()
    assert done["resolved_by"] == "user:approver@brand.test" and done["resolved_at"] is not None
    # Whoever says it again changes nothing of who said it first.
    assert mei.put(f"{PATH}/comments/{said['id']}", {"resolved": True}).json() == done
    again = mei.put(f"{PATH}/comments/{said['id']}", {"resolved": False}).json()
    assert (again["resolved_by"], again["resolved_at"]) == ("", None)
    assert mei.get(PATH).json() == before


def test_who_may_read_journeys_reads_comments_and_who_may_write_them_writes(journey: World) -> None:
    analyst = journey.signed_in(Role.ANALYST)
    assert analyst.get(f"{PATH}/comments").json() == {"items": []}
    assert analyst.post(f"{PATH}/comments", {"text": "no"}).json()["code"] == "no-permission"


def test_what_can_not_be_said_is_refused(journey: World, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = journey.signed_in_again(Role.MARKETER)
    assert browser.post(f"{PATH}/comments", {"text": "  "}).json()["code"] == "comment"
    assert browser.post(f"{PATH}/comments", {"text": "x" * 2001}).status_code == 422
    assert browser.post(f"{PATH}/comments", {"text": "x", "node": "no node"}).status_code == 422
    assert browser.get("/api/v1/journeys/other/comments").status_code == 404
    number = browser.post(f"{PATH}/comments", {"text": "one"}).json()["id"]
    browser.post("/api/v1/journeys", {"definition": {"journey": "other"}})
    elsewhere = browser.put(f"/api/v1/journeys/other/comments/{number}", {"resolved": True})
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (404, "comment-unknown")
    monkeypatch.setattr(comments, "MOST", 1)
    assert "open" in browser.post(f"{PATH}/comments", {"text": "two"}).json()["detail"]

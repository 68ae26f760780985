"""The demonstration brand can be used by whoever reads only one language, and has something for a broadcast."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml
from tests.journeys.story import Story, open_story

from onepool.demo.brand import workspace as definitions
from onepool.journeys import gallery
from onepool.reach import broadcasts
from onepool.reach.broadcasts.checking import problems


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    made = open_story(tmp_path_factory.mktemp("brand") / "brand")
    yield made
    made.close()


def test_folders_are_in_both_languages() -> None:
    journeys = [yaml.safe_load(one.read_text(encoding="utf-8")) for one in definitions.files("journeys")]
    for body in [*journeys, *(one.journey for one in gallery.gallery())]:
        zh, _, en = body["folder"].partition(" · ")
        assert not zh.isascii() and en.isascii() and en, body["journey"]


@pytest.mark.parametrize(
    ("message", "channel", "template"),
    [
        ("member_day", "sms", "MEMBER_DAY_SMS"),
        ("member_day", "email", "MEMBER_DAY_EMAIL"),
        ("member_day", "wecom", "MEMBER_DAY_WECOM"),
        ("new_season", "sms", "NEW_SEASON_SMS"),
        ("new_season", "email", "NEW_SEASON_EMAIL"),
    ],
)
def test_a_broadcast_can_be_tried_at_once(story: Story, message: str, channel: str, template: str) -> None:
    body = story.ws.definitions.get("message", message)
    assert body is not None and set(body.body["title"]) == {"zh", "en"}
    written = {"broadcast": "sale", "message": message, "channel": channel, "template": template,
               "audience": {"who": {"did": "order_paid"}}}  # fmt: skip
    assert problems(story.ws, broadcasts.parse(written)) == []


def test_messages_of_journeys_are_none_for_broadcasts(story: Story) -> None:
    written = {"broadcast": "sale", "message": "cart_coupon", "channel": "sms", "template": "CART_COUPON_SMS",
               "audience": {"who": {"did": "order_paid"}}}  # fmt: skip
    assert problems(story.ws, broadcasts.parse(written)) != []

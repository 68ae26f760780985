"""What manifests say of addresses fits what they say of identifiers, messages and signals, and the data standard."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from onepool.audience.conditions.standing.consents import WORDS
from onepool.audience.conditions.standing.ways import ways_of
from onepool.channels import registry
from onepool.channels.base import Life, Manifest
from onepool.collect.touchpoint import Touchpoint
from onepool.standards import load_standard

STANDARD = load_standard()
CARRYING = [manifest for manifest in registry.manifests() if manifest.addresses]


def test_some_channels_carry_messages_to_people() -> None:
    names = {manifest.name for manifest in CARRYING}
    assert {"sms", "email", "wecom", "wechat_oa", "wechat_mini", "douyin"} <= names


@pytest.mark.parametrize("manifest", CARRYING, ids=lambda one: one.name)
def test_addresses_fit_the_rest(manifest: Manifest) -> None:
    for address in manifest.addresses:
        assert address.type in {one.type for one in manifest.identifiers}
        assert any(address.type in message.to for message in manifest.messages)
        assert address.known or address.begins
        for life in (*address.begins, *address.ends):
            assert life.event in STANDARD.events
            fields = set(STANDARD.event_fields(life.event))
            assert set(life.where) <= fields and (address.per is None or address.per in fields)
        ends = {(life.event, str(life.where)) for life in address.ends}
        assert not ends & {(life.event, str(life.where)) for life in address.begins}


def test_words_are_events_with_the_fields_that_are_read() -> None:
    for event, word in WORDS.items():
        assert {word.channel, "purpose"} <= set(STANDARD.event_fields(event))


def test_ways_have_the_scopes_that_their_channels_read() -> None:
    touchpoints: Iterable[Touchpoint] = [
        Touchpoint("a", "wechat_oa", settings={"appid": "wx1"}),
        Touchpoint("b", "wechat_oa", settings={"appid": "wx1"}),
        Touchpoint("c", "wechat_oa", settings={"appid": "wx2"}, scopes={"openid": "other"}),
        Touchpoint("d", "douyin"),
        Touchpoint("e", "web"),
        Touchpoint("f", "sms"),
    ]
    ways = ways_of(touchpoints)
    assert [(way.scope, way.touchpoints) for way in ways["wechat_oa"]] == [("other", ("c",)), ("wx1", ("a", "b"))]
    assert [(way.type, way.scope, way.scoped) for way in ways["sms"]] == [("phone", "", False)]
    assert [way.scope for way in ways["douyin"]] == ["d"]
    assert Life(event="unfollowed") in ways["wechat_oa"][0].ends and "web" not in ways

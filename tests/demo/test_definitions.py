"""The definitions of the demonstration workspace can be used, and say what they are in both languages."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from onepool.audience.definitions import check_segment, check_tag
from onepool.collect.touchpoint import Touchpoint
from onepool.demo.workspace import definitions, settings_text
from onepool.settings import Settings
from onepool.standards import load_standard
from onepool.workspace import touchpoint_of

STANDARD = load_standard([])
TAGS = definitions("tag")
SEGMENTS = definitions("segment")
TOUCHPOINTS: list[Touchpoint] = [touchpoint_of(name, body) for name, body in definitions("touchpoint").items()]


def test_there_are_ten_of_each_and_all_kinds() -> None:
    assert len(TAGS) == len(SEGMENTS) == 10
    assert {tag["kind"] for tag in TAGS.values()} == {"attribute", "first_last", "metric", "preference", "state"}


def test_settings() -> None:
    settings = Settings.model_validate(yaml.safe_load(settings_text()))
    assert (settings.currency, settings.country) == ("USD", "US")


def test_touchpoints() -> None:
    assert {(point.name, point.channel) for point in TOUCHPOINTS} == {
        ("supermarket", "store"),
        ("coupon_mail", "direct_mail"),
        ("web_shop", "web"),
    }
    assert all(point.scopes["member_no"] == "completejourney" for point in TOUCHPOINTS)
    assert [point.write_key for point in TOUCHPOINTS if point.write_key] == ["wk_demo_web_shop"]


@pytest.mark.parametrize("name", TAGS)
def test_tag(name: str) -> None:
    check_tag(TAGS[name], STANDARD, TAGS, SEGMENTS, TOUCHPOINTS, f"tags/{name}.yaml")
    assert TAGS[name]["tag"] == name


@pytest.mark.parametrize("name", SEGMENTS)
def test_segment(name: str) -> None:
    check_segment(SEGMENTS[name], STANDARD, TAGS, SEGMENTS, TOUCHPOINTS, f"segments/{name}.yaml")
    assert SEGMENTS[name]["segment"] == name


@pytest.mark.parametrize("body", [*TAGS.values(), *SEGMENTS.values(), *definitions("touchpoint").values()])
def test_titles_are_in_both_languages(body: dict[str, Any]) -> None:
    assert set(body["title"]) == {"zh", "en"}
    assert all(body["title"].values())

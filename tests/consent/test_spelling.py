"""What is written down about nothing is refused; what is about something is taken."""

from __future__ import annotations

import pytest

from onepool.reach.spelling import SpellingError, channels_of, check_spelling
from onepool.standards.load import load_standard

CHANNELS = channels_of(load_standard(), ["shop_app"])


@pytest.mark.parametrize(
    ("channel", "purpose", "category", "near"),
    [
        ("SMS", "marketing", "", "sms"),
        ("短信", "marketing", "", None),
        ("emial", "marketing", "", "email"),
        ("sms", "Marketing", "", "marketing"),
        ("sms", "marketing, Service", "", "service"),
        ("sms", "marketting", "", "marketing"),
        ("", "ALL", "", "all"),
        ("", "", "", None),
        ("", "loyality", "", "loyalty"),
        ("sms", "all", "Promotion", "promotion"),
    ],
)
def test_refused(channel: str, purpose: str, category: str, near: str | None) -> None:
    with pytest.raises(SpellingError) as error:
        check_spelling(channel, purpose, category, channels=CHANNELS, purposes=["loyalty"])
    assert (error.value.hint or "") == (f"did you mean {near}?" if near else "")


@pytest.mark.parametrize(
    ("channel", "purpose", "category"),
    [
        ("", "all", ""),
        ("sms", "marketing, service", "promotion"),
        ("shop_app", "loyalty", ""),
        ("email", "research_panel", "newsletter"),
    ],
)
def test_taken(channel: str, purpose: str, category: str) -> None:
    check_spelling(channel, purpose, category, channels=CHANNELS, purposes=["loyalty"])

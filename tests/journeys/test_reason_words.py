"""One wording of each reason: what the server says is what the console says, and definitions read back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from onepool.journeys.words import VALUES
from onepool.reach.words import REASONS

TEXTS = Path(__file__).parents[2] / "console" / "src" / "i18n"


@pytest.mark.parametrize(("language", "file"), [("zh", "zh-CN"), ("en", "en")])
def test_the_console_says_what_the_server_says(language: str, file: str) -> None:
    said = json.loads((TEXTS / f"journeys.{file}.json").read_text(encoding="utf-8"))["journey"]["reasons"]
    assert said == {name: words[language] for name, words in REASONS.items()}


def test_definitions_are_read_back_with_the_same_words() -> None:
    assert {name: VALUES[name] for name in REASONS} == {name: words["zh"] for name, words in REASONS.items()}

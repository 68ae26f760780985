"""A journey that is told to stop claims nothing more, also while its runs are still being ended."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tests.journeys.story import open_story
from tests.journeys.test_plan import ONE_OFF
from tests.reach.outbox import MESSAGE

from onepool.journeys import store


def test_what_is_queued_stays_when_the_journey_is_told_to_stop(tmp_path: Path) -> None:
    story = open_story(tmp_path / "brand")
    try:
        story.ws.save("message", "hello", MESSAGE, author="test")
        story.ws.save("journey", "spring", ONE_OFF, author="test")
        story.person("an", "sms")
        story.on(minutes=1)
        story.publish("spring")
        story.clock.advance(timedelta(minutes=1))
        story.worker.drain()
        assert [state for _, state, _ in story.sent("an")][-1:] == ["QUEUED"]
        store.stop(story.ws, story.clock, "spring", author="test")
        story.senders.step()  # before a tick has ended any run
        assert story.calls("an") == []
        story.on(minutes=1)
        assert story.calls("an") == [] and [state for _, state, _ in story.sent("an")][-1:] == ["CANCELLED"]
    finally:
        story.close()

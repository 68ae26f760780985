"""The model's history: weights and thresholds in one line of versions, however they were saved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from onepool.clock import FakeClock
from onepool.definitions import Definitions
from onepool.identity.read import (
    ModelVersion,
    WeightChange,
    blocking_of,
    likelihood_of,
    model_versions,
    to_restore,
    weight_changes,
    weights_of,
)
from onepool.state import State


def weights(same: float, labels: int = 0, **more: Any) -> dict[str, Any]:
    report = {"records": 10, "pairs_kept": 4, "labels": labels, "rules": [{"rule": "phone"}]}
    spec = {"name": "phone", "levels": ["same", "different"]}
    return {"model": "customers", "comparisons": [{"spec": spec, "weights": [same, -2.0]}], "report": report, **more}


def rules(join: float, **more: Any) -> dict[str, Any]:
    return {"identity": "rules", "likelihood": {"join": join, "review": 0.6}, **more}


class History:
    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock(datetime(2026, 11, 1, tzinfo=UTC))
        self.state = State.at(folder / "state.sqlite")
        self.definitions = Definitions(self.state, self.clock)

    def save(self, kind: str, body: dict[str, Any], author: str = "user:mei", reason: str = "") -> None:
        name = {"model": "customers", "identity": "rules"}[kind]
        self.clock.advance(timedelta(minutes=5))
        self.definitions.save(kind, name, body, author=author, reason=reason)

    def versions(self) -> list[ModelVersion]:
        return model_versions(self.state)

    def restore(self, to: int, reason: str) -> None:
        found = self.versions()
        for (kind, name), body, replaced in to_restore(self.state, found, found[to - 1]):
            self.clock.advance(timedelta(milliseconds=5))
            self.definitions.save(kind, name, body, author="user:mei", reason=reason, expected=replaced)


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path)


def test_there_is_no_version_without_weights(history: History) -> None:
    assert history.versions() == []
    history.save("identity", rules(0.9))
    assert history.versions() == []
    history.save("model", weights(9.0), "onepool", "learned anew")
    assert [(one.version, one.join, one.cause) for one in history.versions()] == [(1, 0.9, "learned")]


def test_each_change_of_weights_or_thresholds_is_a_version(history: History) -> None:
    history.save("model", weights(9.0), "onepool", "learned anew")
    history.save("identity", rules(0.97))
    # Other rules leave the model alone.
    history.save("identity", rules(0.97, names="ignore"))
    history.save("model", weights(9.5, labels=7), "onepool", "learned anew")
    history.save("model", weights(4.0), reason="identity fit")
    found = history.versions()
    assert [(one.version, one.cause, one.weights, one.join) for one in found] == [
        (1, "learned", 1, 0.995),
        (2, "thresholds", 1, 0.97),
        (3, "reviewed", 2, 0.97),
        (4, "fitted", 3, 0.97),
    ]
    assert [one.counts.labels for one in found] == [0, 0, 7, 0]
    assert found[0].hash == found[1].hash != found[2].hash


def test_going_back_is_one_version_and_brings_back_both(history: History) -> None:
    history.save("model", weights(9.0), "onepool", "learned anew")
    history.save("identity", rules(0.97, names="ignore"))
    history.save("model", weights(4.0), reason="identity fit")
    history.restore(1, "it was right")
    found = history.versions()
    assert [(one.version, one.cause, one.restored) for one in found[3:]] == [(4, "restored", 1)]
    assert (found[3].hash, found[3].thresholds) == (found[0].hash, found[0].thresholds)
    saved = history.definitions.get("identity", "rules")
    assert saved is not None and saved.body["names"] == "ignore"
    assert to_restore(history.state, found, found[0]) == []
    # And forward again; only the thresholds of version 2 differ from what is now.
    history.restore(2, "braver again")
    assert [(one.version, one.cause, one.join) for one in history.versions()[4:]] == [(5, "thresholds", 0.97)]


def test_numbers_stay_when_a_definition_is_deleted(history: History) -> None:
    history.save("model", weights(9.0), "onepool", "learned anew")
    history.save("identity", rules(0.97))
    history.definitions.delete("identity", "rules", author="user:mei")
    assert [(one.version, one.join) for one in history.versions()] == [(1, 0.995), (2, 0.97), (3, 0.995)]


def test_what_two_say_differently(history: History) -> None:
    history.save("model", weights(9.0), "onepool")
    old = weights_of(history.state, 1)
    new = weights(9.0004) | {"report": {"rules": [{"rule": "email"}]}}
    assert weight_changes(old, new) == []
    new = weights(8.0)
    new["comparisons"].append({"spec": {"name": "email", "levels": ["same"]}, "weights": [5.0]})
    assert weight_changes(old, new) == [
        WeightChange("phone", "same", 9.0, 8.0),
        WeightChange("email", "same", None, 5.0),
    ]
    assert blocking_of(old) == ["phone"]
    with pytest.raises(LookupError):
        weights_of(history.state, 2)


def test_thresholds_that_cannot_be_read_are_those_of_the_standard() -> None:
    assert likelihood_of({"likelihood": {"join": "much"}}) == likelihood_of(None)

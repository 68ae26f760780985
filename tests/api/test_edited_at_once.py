"""Two people save what both of them loaded: the later one is told, whatever is edited."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any, cast

import pytest

from onepool import apply
from onepool.api.access import Caller
from onepool.api.models.identity_model import ThresholdsChange
from onepool.api.routers.identity.model import replace_identity_thresholds
from onepool.definitions import Changed, Definitions
from onepool.privacy.roles import Role

from . import people
from .conftest import World

CONDITION = {"attribute": "city", "is": "上海"}
RULES = {"identity": "rules", "likelihood": {"join": 0.98, "review": 0.5, "auto": False}}
TITLE = {"zh": "人", "en": "s"}


def test_the_version_is_compared_where_it_is_written(world: World) -> None:
    saved = world.ws.save("segment", "s", {"segment": "s", "title": TITLE, "condition": CONDITION}, author="a")
    assert saved.version == 1
    body = {**saved.body, "purpose": "x"}
    assert world.ws.save("segment", "s", body, author="b", expected=1).version == 2
    for late in (0, 1, 3):
        with pytest.raises(Changed):
            world.ws.save("segment", "s", {**body, "purpose": "y"}, author="c", expected=late)
    world.ws.definitions.delete("segment", "s", author="a")
    with pytest.raises(Changed):
        world.ws.save("segment", "s", body, author="c", expected=3)
    assert world.ws.save("segment", "s", body, author="c", expected=0).version == 4


@pytest.mark.parametrize(
    ("kind", "path", "changes"),
    [
        ("tag", "/tags/buyer", [{"definition": {**people.BUYER, "owner": one}, "version": 1} for one in ("a", "b")]),
        ("segment", "/segments/s", [{"title": TITLE, "condition": CONDITION, "description": one, "version": 1}
                                    for one in ("a", "b")]),
        ("touchpoint", "/touchpoints/shop", [{"title": {"zh": one, "en": one}, "channel": "tmall", "version": 1}
                                             for one in ("a", "b")]),
    ],
)  # fmt: skip
def test_the_later_of_two_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch, kind: str, path: str, changes: list[dict[str, Any]]
) -> None:
    if kind == "segment":
        world.ws.save("segment", "s", {"segment": "s", "title": TITLE, "condition": CONDITION}, author="test")
    browsers = [world.signed_in(Role.ADMIN), world.signed_in_again(Role.ADMIN)]
    # Both have read version 1 when the first of them writes.
    together = threading.Barrier(2, timeout=20)
    real = Definitions.save

    def save(self: Definitions, *given: Any, **more: Any) -> Any:
        together.wait()
        return real(self, *given, **more)

    monkeypatch.setattr(Definitions, "save", save)
    answers: list[Any] = []

    def put(place: int) -> None:
        answers.append(browsers[place].put(f"/api/v1{path}", changes[place]))

    threads = [threading.Thread(target=put, args=(place,)) for place in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200, 409], [answer.text for answer in answers]
    name = path.rpartition("/")[2]
    assert [one.version for one in world.ws.definitions.history(kind, name)] == [2, 1]


def test_thresholds_do_not_undo_rules(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules that somebody saved between reading and writing stay."""
    real = Definitions.save

    def save(self: Definitions, kind: str, name: str, body: Any, **more: Any) -> Any:
        monkeypatch.setattr(Definitions, "save", real)
        real(self, "identity", name, RULES, author="other")
        return real(self, kind, name, body, **more)

    monkeypatch.setattr(Definitions, "save", save)
    who = Caller(1, "e@brand.test", "e", Role.ENGINEER, None, "session", None, None)
    asked = ThresholdsChange(join=0.99, review=0.6, auto=False, reason="stricter")
    with pytest.raises(Changed):
        # No worker runs here; it would be asked for the page only after the rules were saved.
        replace_identity_thresholds(asked, who, world.ws, world.clock, cast(Any, None))
    assert [one.body for one in world.ws.definitions.current("identity")] == [RULES]


def test_the_policy_and_who_wrote_it_meanwhile(world: World) -> None:
    mei, lin = world.signed_in(Role.ADMIN), world.signed_in_again(Role.ADMIN)
    path = "/api/v1/policies"
    assert mei.get(path).json()["version"] is None
    caps = {"caps": [{"count": 1, "per": "rolling 7 days", "category": "promotion"}]}
    assert lin.put(path, {"definition": caps, "version": 0}).json()["version"] == 1
    late = mei.put(path, {"definition": {"control": {"fraction": 0.1, "salt": "s"}}, "version": 0})
    assert (late.status_code, late.json()["code"], late.json()["where"]) == (409, "conflict", "version")
    zh, _, en = late.json()["detail"].partition(" / ")
    assert "保存了第 1 版" in zh and "saved version 1 meanwhile, at " in en and "(Asia/Shanghai)" in en
    assert "@" in en.split()[0], en
    assert mei.get(path).json()["definition"] == {"policy": "default", **caps}
    # Who says no version overwrites, as with everything else.
    assert mei.put(path, {"definition": {}, "version": 1}).status_code == 200
    assert lin.put(path, {"definition": caps}).json()["version"] == 3


def test_files_do_not_overwrite_what_was_saved_after_they_were_compared(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world.ws.save("segment", "s", {"segment": "s", "title": TITLE, "condition": CONDITION}, author="a")
    (tmp_path / "segments").mkdir()
    body = {"segment": "s", "title": TITLE, "condition": CONDITION, "purpose": "file"}
    (tmp_path / "segments" / "s.yaml").write_text(json.dumps(body), encoding="utf-8")
    (change,) = apply.plan(world.ws, tmp_path)
    assert change.before is not None and change.before.author == "a"
    check = apply._check

    def meanwhile(*given: Any) -> None:
        check(*given)
        world.ws.save("segment", "s", {**body, "purpose": "console"}, author="user:b@brand.test")

    monkeypatch.setattr(apply, "_check", meanwhile)
    with pytest.raises(Changed, match=r"b@brand\.test saved version 2 meanwhile"):
        apply.apply(world.ws, author="git", root=tmp_path)
    assert [one.body["purpose"] for one in world.ws.definitions.current("segment") if one.name == "s"] == ["console"]

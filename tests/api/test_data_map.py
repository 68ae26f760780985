"""The data map and data quality over HTTP: who may, what is shown, what is masked."""

from __future__ import annotations

from typing import Any

from .conftest import World
from .identified import fill


def test_the_map_in_one_answer(world: World) -> None:
    fill(world)
    found = world.signed_in().get("/api/v1/data-map").json()
    assert {one["touchpoint"] for one in found["places"]} >= {"shop"}
    with world.ws.pool.read() as session:
        counted = session.query("SELECT count(DISTINCT customer_id) AS n FROM customer_of")["n"][0].as_py()
    assert found["customers"] == counted
    cells = {(one["touchpoint"], one["type"]): one for one in found["identifier_cells"]}
    assert all(0 <= one["fill"] <= 1 and one["customers"] <= found["customers"] for one in cells.values())
    assert found["identifier_titles"]["phone"]["zh"]
    for gap in found["gaps"] + found["explained"]:
        assert len(gap["subjects"]) == len(gap["subject_titles"])
        assert (gap in found["explained"]) == (gap["explained"] is not None)


def test_customers_behind_a_number_are_paged_and_masked(world: World) -> None:
    fill(world)
    admin = world.signed_in()
    places = {one["touchpoint"]: one for one in admin.get("/api/v1/data-map").json()["places"]}
    name, place = next((name, one) for name, one in places.items() if one["customers"])
    asked: dict[str, Any] = {"kind": "touchpoint", "touchpoint": name, "size": 1}
    first = admin.get("/api/v1/data-map/customers", **asked).json()
    assert first["total"] == place["customers"] and len(first["items"]) == 1
    assert "137" not in (first["items"][0]["phone"] or "137****")[3:]
    beyond = admin.get("/api/v1/data-map/customers", **{**asked, "page": 1000}).json()
    assert beyond["total"] == place["customers"] and beyond["items"] == []
    assert admin.get("/api/v1/data-map/customers", kind="nonsense", touchpoint=name).status_code == 422


def test_what_if_answers_or_says_what_is_missing(world: World) -> None:
    fill(world)
    admin = world.signed_in()
    places = admin.get("/api/v1/data-map").json()["places"]
    name = next(one["touchpoint"] for one in places if one["customers"])
    found = admin.post("/api/v1/data-map/what-if", {"touchpoint": name, "share": 0.5})
    assert found.status_code == 200, found.text
    answer = found.json()
    assert answer["joined"]["low"] <= answer["joined"]["middle"] <= answer["joined"]["high"] <= answer["givers"]
    unknown = admin.post("/api/v1/data-map/what-if", {"touchpoint": "nowhere"})
    assert (unknown.status_code, unknown.json()["code"]) == (400, "what-if")
    assert admin.post("/api/v1/data-map/what-if", {"touchpoint": name, "share": 2}).status_code == 422


def test_quality_with_its_formula(world: World) -> None:
    found = world.signed_in().get("/api/v1/quality", days=7).json()
    assert found["days"] == 7 and sum(found["weights"].values()) == 1
    for source in found["sources"]:
        assert len(source["days"]) == 7
        for measure in source["measures"].values():
            assert measure["share"] is None or measure["share"] == measure["good"] / measure["total"]


def test_nobody_unknown_may_look(world: World) -> None:
    for path in ("/api/v1/data-map", "/api/v1/quality", "/api/v1/data-map/customers?kind=touchpoint&touchpoint=shop"):
        assert world.browser().get(path).status_code == 401

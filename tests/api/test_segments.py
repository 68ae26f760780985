"""Segments and conditions over HTTP: saving, trying out, explaining."""

from __future__ import annotations

import json
from datetime import timedelta

from onepool.privacy import audit
from onepool.privacy.roles import Role

from .conftest import World
from .people import T0, put

TITLE = {"zh": "上海客户", "en": "In Shanghai"}
IN_SHANGHAI = {"attribute": "city", "is": "上海"}
BOUGHT = {"did": "order_paid", "within": {"last": "30 days"}}


def segment(**changes: object) -> dict[str, object]:
    return {"name": "shanghai", "title": TITLE, "condition": IN_SHANGHAI, **changes}


def test_life_of_a_segment(world: World) -> None:
    browser = world.signed_in(Role.MARKETER)
    made = browser.post("/api/v1/segments", segment(description="local", reason="campaign"))
    assert made.status_code == 201, made.text
    body = made.json()
    assert (body["name"], body["version"], body["size"], body["title"]) == ("shanghai", 1, 0, TITLE)
    assert body["author"] == "user:marketer@brand.test"
    assert "上海" in body["sentence"]["zh"] and body["problems"] == []
    assert body["condition"] == IN_SHANGHAI
    again = browser.post("/api/v1/segments", segment())
    assert (again.status_code, again.json()["code"]) == (409, "segment-exists")

    change = {"title": TITLE, "condition": {"all": [IN_SHANGHAI, BOUGHT]}, "version": 1, "reason": "narrower"}
    changed = browser.put("/api/v1/segments/shanghai", change).json()
    assert (changed["version"], changed["description"]) == (2, "")
    stale = browser.put("/api/v1/segments/shanghai", change)
    assert (stale.status_code, stale.json()["code"]) == (409, "conflict")

    assert browser.post("/api/v1/segments", segment(name="both", condition={"segment": "shanghai"})).status_code == 201
    assert browser.get("/api/v1/segments/shanghai").json()["used_by"] == ["segment:both"]
    used = browser.delete("/api/v1/segments/shanghai")
    assert (used.status_code, used.json()["code"]) == (409, "segment-in-use")
    assert browser.delete("/api/v1/segments/both").status_code == 204
    assert browser.delete("/api/v1/segments/shanghai").status_code == 204
    assert browser.get("/api/v1/segments/shanghai").json()["code"] == "segment-unknown"
    history = browser.get("/api/v1/segments/shanghai/history").json()
    assert [(one["version"], one["condition"] is None, one["reason"]) for one in history["versions"]] == [
        (3, True, ""),
        (2, False, "narrower"),
        (1, False, "campaign"),
    ]
    actions = [entry.action for _, entry in audit.trail(world.ws.state)]
    assert actions.count("definition.save") == 3 and actions.count("definition.delete") == 2


def test_faults_are_placed(world: World) -> None:
    browser = world.signed_in()
    wrong = {"all": [IN_SHANGHAI, {"did": "order_paid", "where": {"amuont": {"at_least": 1}}}]}
    answer = browser.post("/api/v1/segments", segment(condition=wrong))
    assert (answer.status_code, answer.json()["code"]) == (422, "condition")
    fault = answer.json()["problems"][0]
    assert fault["place"] == "all[1].where.amuont" and fault["suggestion"] == "amount"
    itself = browser.post("/api/v1/segments", segment(name="loop", condition={"segment": "loop"}))
    assert itself.json()["code"] == "condition"
    for name in ("UPPER", "a b", "", "x" * 80, "a.b"):
        assert browser.post("/api/v1/segments", segment(name=name)).status_code == 422


def test_preview(world: World) -> None:
    browser = world.signed_in(Role.ANALYST)
    condition = {"any": [IN_SHANGHAI, {"not": BOUGHT}]}
    answer = browser.post("/api/v1/conditions/preview", {"condition": condition}).json()
    assert (answer["size"], answer["total"], answer["problems"]) == (3, 3, [])
    sizes = {part["place"]: part["size"] for part in answer["parts"]}
    assert sizes == {"any[0]": 1, "any[1]": 2, "any[1].not": 1}
    assert len(answer["sample"]) == 3
    assert answer["seconds"] >= 0
    broken = browser.post("/api/v1/conditions/preview", {"condition": {"did": "order_payd"}}).json()
    assert broken["size"] is None
    assert broken["problems"][0]["suggestion"] == "order_paid"
    assert world.signed_in(Role.MARKETER).get("/api/v1/segments").json()["items"] == []


def test_preview_and_plan_warn_of_values_that_were_never_seen(world: World) -> None:
    browser = world.signed_in(Role.MARKETER)
    condition = {"any": [{"attribute": "city", "is": "上海市"}, {"did": "order_paid", "where": {"channel": "tmal"}}]}
    for path in ("/api/v1/conditions/preview", "/api/v1/segments/plan"):
        answer = browser.post(path, {"condition": condition}).json()
        assert answer["problems"] == []
        assert answer["warnings"][0] == {
            "place": "any[0].is",
            "message": "属性 city 从来没有过取值 上海市 / the attribute city has never been 上海市",
            "suggestion": "上海",
        }, path
        plain = browser.post(path, {"condition": IN_SHANGHAI}).json()
        assert plain["warnings"] == []


def test_preview_shows_how_far_a_sequence_is_followed(world: World) -> None:
    browser = world.signed_in(Role.ANALYST)
    paid = {"did": "order_paid"}
    condition = {
        "not": {"sequence": [paid, {"did_not": "app_opened"}, {**paid, "gap": "30 days"}, {"did_not": "order_paid"}]}
    }
    answer = browser.post("/api/v1/conditions/preview", {"condition": condition}).json()
    sizes = {part["place"]: part["size"] for part in answer["parts"]}
    assert list(sizes) == ["not", "not.sequence[0]", "not.sequence[2]", "not.sequence[3]"]
    assert sizes["not.sequence[0]"] == 1 >= sizes["not.sequence[2]"]
    assert sizes["not.sequence[3]"] == sizes["not"]


def test_kept_events_may_be_asked_for(world: World) -> None:
    with world.ws.pool.write() as session:
        put(session, "intake", {"hour": T0, "kind": "event", "event": "my_own_event", "accepted": 1})
    browser = world.signed_in()
    answer = browser.post("/api/v1/conditions/preview", {"condition": {"did": "my_own_event"}}).json()
    assert (answer["size"], [one["customer_id"] for one in answer["sample"]]) == (1, [5])
    names = browser.get("/api/v1/conditions/names").json()
    assert "my_own_event" in {event["name"] for event in names["events"]}


def test_names(world: World) -> None:
    browser = world.signed_in()
    browser.post("/api/v1/segments", segment())
    names = browser.get("/api/v1/conditions/names").json()
    paid = next(event for event in names["events"] if event["name"] == "order_paid")
    fields = {field["name"]: field for field in paid["fields"]}
    assert fields["amount"]["type"] == "money"
    assert fields["items.category"]["title"]["zh"]
    assert {"name": "shanghai", "title": TITLE} in names["segments"]
    assert names["channels"] == [{"name": "tmall", "title": {"zh": "天猫", "en": "Tmall"}}]
    gender = next(attribute for attribute in names["attributes"] if attribute["name"] == "gender")
    assert gender["values"] == ["male", "female", "other", "unknown"]


def test_schema(empty: World) -> None:
    schema = empty.signed_in().get("/api/v1/conditions/schema").json()
    assert "did" in json.dumps(schema)


def test_why(world: World) -> None:
    browser = world.signed_in()
    browser.post(
        "/api/v1/segments", segment(condition={"all": [{"did": "order_paid"}, {"not": {"tag": "buyer", "is": "low"}}]})
    )
    why = browser.get("/api/v1/customers/1/segments/shanghai/why").json()
    assert why["member"] is True
    paid, tagged = why["reason"]["children"]
    assert (paid["kind"], paid["holds"], paid["figure"]) == ("did", True, "1")
    assert paid["event_ids"] == ["00000000-0000-0000-0000-000000000011"]
    assert tagged["children"][0]["figure"] == "high"
    assert browser.get("/api/v1/customers/3/segments/shanghai/why").json()["member"] is False
    assert browser.get("/api/v1/customers/3/segments/none/why").json()["code"] == "segment-unknown"


def test_why_a_tag(world: World) -> None:
    browser = world.signed_in()
    why = browser.get("/api/v1/customers/1/tags/buyer/why").json()
    assert why["value"] == "high"
    reason = why["reason"]
    assert (reason["kind"], reason["figure"]) == ("metric", "120.5")
    assert reason["event_ids"] == ["00000000-0000-0000-0000-000000000011"]
    assert [(one["sentence"]["en"], one["figure"]) for one in reason["children"]] == [("Cuts between layers", "100")]
    assert browser.get("/api/v1/customers/5/tags/buyer/why").json()["value"] is None
    assert browser.get("/api/v1/customers/1/tags/none/why").json()["code"] == "tag-unknown"


def test_why_a_state(world: World) -> None:
    states = [
        {"value": "vip", "when": {"tag": "buyer", "is": "top"}},
        {"value": "buyer", "when": {"did": "order_paid"}},
    ]
    body = {"tag": "stage", "title": "Stage", "says": "behaviour", "kind": "state", "states": states}
    world.ws.save("tag", "stage", body, author="test")
    why = world.signed_in().get("/api/v1/customers/1/tags/stage/why").json()
    assert why["value"] == "buyer"
    rules = why["reason"]["children"]
    assert [(rule["kind"], rule["sentence"]["zh"], rule["holds"]) for rule in rules] == [
        ("rule", "vip", False),
        ("rule", "buyer", True),
    ]
    assert rules[1]["children"][0]["event_ids"] == ["00000000-0000-0000-0000-000000000011"]


def test_members(world: World) -> None:
    browser = world.signed_in()
    browser.post("/api/v1/segments", segment(name="vip"))
    members = browser.get("/api/v1/segments/vip/members").json()
    assert members["total"] == 1
    assert members["items"][0]["phone"] == "137****2222"
    listed = browser.get("/api/v1/segments").json()
    assert [(one["name"], one["size"]) for one in listed["items"]] == [("vip", 1)]
    assert listed["customers"] == 3
    history = browser.get("/api/v1/segments/vip/history?days=4").json()
    assert [point["size"] for point in history["series"]] == [1, 2, 1, 1]
    assert [change["change"] for change in history["changes"]] == ["exit", "enter", "enter"]


def test_definition_that_went_wrong_is_shown_with_its_problem(world: World) -> None:
    browser = world.signed_in()
    browser.post("/api/v1/segments", segment(name="tagged", condition={"tag": "buyer", "is": "high"}))
    world.ws.definitions.delete("tag", "buyer", author="test")
    world.ws.definitions.save(
        "segment", "strange", {"segment": "strange", "condition": {"sequence": []}}, author="test"
    )
    found = {one["name"]: one for one in browser.get("/api/v1/segments").json()["items"]}
    assert found["tagged"]["problems"][0]["place"] == "tag"
    assert found["strange"]["sentence"] is None and found["strange"]["problems"]


def test_lists_as_they_were(world: World) -> None:
    """Sizes from all history, tags from their dated changes; of now where no instant is given."""
    browser = world.signed_in()
    browser.post("/api/v1/segments", segment(name="bought", condition={"did": "order_paid"}))
    with world.ws.pool.write() as session:
        for number, (customer, value, days) in enumerate(((1, "low", 30), (1, "high", 1), (3, "low", 1)), 1):
            row = {"change_id": number, "customer_id": customer, "tag": "buyer", "value": value, "number": 1.0}
            put(session, "tag_changes", {**row, "as_of": T0 - timedelta(days=days)})

    def sizes(**asked: str) -> int:
        items = browser.get("/api/v1/segments", **asked).json()["items"]
        return next(int(one["size"]) for one in items if one["name"] == "bought")

    def buyers(**asked: str) -> tuple[int, dict[str, int]]:
        (listed,) = (one for one in browser.get("/api/v1/tags", **asked).json()["items"] if one["name"] == "buyer")
        detail = browser.get("/api/v1/tags/buyer", **asked).json()
        assert listed["coverage"] == detail["coverage"]
        return listed["coverage"], {one["value"]: one["count"] for one in detail["distribution"]}

    # No tick has run: nobody is a member yet.
    assert sizes() == 0
    assert sizes(as_of=(T0 + timedelta(days=1)).isoformat()) > 0
    assert sizes(as_of=(T0 - timedelta(days=4000)).isoformat()) == 0
    assert buyers()[0] == 2
    assert buyers(as_of=T0.isoformat()) == (2, {"high": 1, "low": 1})
    assert buyers(as_of=(T0 - timedelta(days=7)).isoformat()) == (1, {"low": 1})
    assert buyers(as_of=(T0 - timedelta(days=40)).isoformat()) == (0, {})


def test_who_came_into_a_segment_is_asked_for_and_named(world: World) -> None:
    browser = world.signed_in()
    browser.post("/api/v1/segments", segment(name="vip"))
    moves = browser.get("/api/v1/conditions/names").json()["moves"]
    assert [one["name"] for one in moves] == ["segment_entered", "segment_left"]
    (field,) = moves[0]["fields"]
    assert (field["name"], field["value_titles"]["vip"]) == ("segment", TITLE)
    came = {"did": "segment_entered", "where": {"segment": "vip"}}
    shown = browser.post("/api/v1/conditions/preview", {"condition": came}).json()
    assert (shown["size"], shown["sentence"]["zh"]) == (2, "进入过人群「上海客户」")
    assert browser.post("/api/v1/segments", segment(name="came", condition=came)).status_code == 201
    assert browser.get("/api/v1/segments/vip").json()["used_by"] == ["segment:came"]
    why = browser.get("/api/v1/customers/3/segments/came/why").json()["reason"]
    assert (why["holds"], why["figure"], len(why["children"])) == (True, "1", 1)

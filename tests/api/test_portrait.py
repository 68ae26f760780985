"""Portraits, overlaps, set algebra, plans and versions of segments over HTTP."""

from __future__ import annotations

from datetime import timedelta

from onepool.audience.lists import log
from onepool.privacy.roles import Role

from .conftest import NOW, World
from .people import T0, put

TITLE = {"zh": "人群", "en": "Segment"}
IN_SHANGHAI = {"attribute": "city", "is": "上海"}
BOUGHT = {"did": "order_paid", "within": {"last": "30 days"}}


def segment(world: World, name: str, condition: object = IN_SHANGHAI, **more: object) -> None:
    answer = world.signed_in_again().post(
        "/api/v1/segments", {"name": name, "title": TITLE, "condition": condition, **more}
    )
    assert answer.status_code == 201, answer.text


def members(world: World, name: str, *customers: int) -> None:
    with world.ws.pool.write() as session:
        session.execute("DELETE FROM segment_members WHERE segment = $name", {"name": name})
        put(session, "segment_members", *({"customer_id": one, "segment": name, "since": T0} for one in customers))


def test_portrait(world: World) -> None:
    browser = world.signed_in()
    segment(world, "vip")
    found = browser.get("/api/v1/segments/vip/portrait").json()
    assert (found["segment"], found["base"], found["as_of"]) == ("vip", "all", "2026-11-20T04:00:00Z")
    assert found["sizes"] == {"segment": 1, "base": 3, "common": 1}
    by_name = {(one["kind"], one["name"]): one for one in found["dimensions"]}
    assert set(by_name) == {("tag", "buyer"), ("attribute", "city"), ("channel", "channel")}
    buyer = by_name["tag", "buyer"]
    assert (buyer["title"], buyer["known"], buyer["base_known"]) == ({"zh": "买家", "en": "Buyer"}, 1, 2)
    high = buyer["cells"][0]
    assert (high["value"], high["in_segment"], high["in_base"], high["share"], high["base_share"]) == (
        "high",
        1,
        1,
        1.0,
        0.5,
    )
    assert high["tgi"] == 200 and high["small"] and high["low"] < 200 < high["high"]
    assert buyer["numbers"] == {"n": 1, "mean": 120.5, "p25": 120.5, "median": 120.5, "p75": 120.5}
    assert by_name["channel", "channel"]["cells"][0]["title"] == {"zh": "天猫", "en": "Tmall"}
    assert found["top"] == [] and "Katz" in found["method"]["en"]
    left_out = {one["name"]: one["why"] for one in found["left_out"]}
    assert left_out["phone"] == "personal" and left_out["remark"] == "free_text"
    assert "张" not in str(found) and "2222" not in str(found)
    some = browser.get("/api/v1/segments/vip/portrait", tags="buyer", min_cell=1).json()
    assert [one["name"] for one in some["dimensions"]] == ["buyer"] and not some["dimensions"][0]["cells"][0]["small"]


def test_portrait_against_another_segment(world: World) -> None:
    browser = world.signed_in()
    segment(world, "vip")
    segment(world, "others")
    members(world, "others", 3, 5)
    found = browser.get("/api/v1/segments/vip/portrait", base="others").json()
    assert found["sizes"] == {"segment": 1, "base": 2, "common": 0}
    city = next(one for one in found["dimensions"] if one["name"] == "city")
    cells = {one["value"]: (one["tgi"], one["low"] is None, one["high"] is None) for one in city["cells"]}
    assert cells["上海"] == (None, False, True) and cells["北京"][0] == 0
    for path in ("none/portrait", "vip/portrait?base=none", "vip/portrait?tags=none"):
        assert browser.get(f"/api/v1/segments/{path}").status_code == 404


def test_overlap(world: World) -> None:
    browser = world.signed_in(Role.ADMIN)
    for name in ("vip", "b", "c"):
        segment(world, name)
    members(world, "vip", 1, 3)
    members(world, "b", 3, 5)
    found = browser.post("/api/v1/segments/overlap", {"segments": ["vip", "b", "c"]}).json()
    assert (found["customers"], found["union"]) == (3, 3)
    assert [(one["segment"], one["size"]) for one in found["sizes"]] == [("vip", 2), ("b", 2), ("c", 0)]
    assert {(tuple(one["in"]), tuple(one["out"]), one["count"]) for one in found["intersections"]} == {
        (("vip",), ("b", "c"), 1),
        (("vip", "b"), ("c",), 1),
        (("b",), ("vip", "c"), 1),
    }
    assert [(one["a"], one["b"], one["common"], one["jaccard"]) for one in found["jaccard"]] == [
        ("vip", "b", 1, 1 / 3),
        ("vip", "c", 0, 0),
        ("b", "c", 0, 0),
    ]
    for wrong, status in ((["vip"], 422), (["vip", "vip"], 422), (["vip", "none"], 404), (list("abcdefg"), 422)):
        assert browser.post("/api/v1/segments/overlap", {"segments": wrong}).status_code == status


def test_combine(world: World) -> None:
    browser = world.signed_in(Role.ADMIN)
    for name in ("vip", "b"):
        segment(world, name)
    members(world, "vip", 1, 3)
    members(world, "b", 3, 5)

    def size(expression: object) -> int:
        answer = browser.post("/api/v1/segments/combine", {"expression": expression})
        assert answer.status_code == 200, answer.text
        return int(answer.json()["size"])

    assert size("vip") == 2
    assert size({"all": ["vip", "b"]}) == 1 and size({"any": ["vip", "b"]}) == 3
    assert size({"all": ["vip", {"not": "b"}]}) == 1 and size({"not": {"any": ["vip", "b"]}}) == 0
    assert size({"tag": "buyer", "value": "high"}) == 1
    assert size({"all": ["vip", {"tag": "buyer", "value": "low"}]}) == 1
    world.ws.save("list", "l", {"list": "l", "title": "L"}, author="test")
    with world.ws.pool.write() as session:
        put(session, "list_entries", {"list": "l", "identifier_id": 2}, {"list": "l", "identifier_id": 4})
    assert size({"list": "l"}) == 2 and size({"all": [{"list": "l"}, {"not": "b"}]}) == 1
    assert browser.post("/api/v1/segments/combine", {"expression": "none"}).status_code == 404
    assert browser.post("/api/v1/segments/combine", {"expression": {"tag": "no", "value": ""}}).status_code == 404
    assert browser.post("/api/v1/segments/combine", {"expression": {"list": "none"}}).json()["code"] == "list-unknown"
    deep: object = "vip"
    for _ in range(8):
        deep = {"not": deep}
    assert browser.post("/api/v1/segments/combine", {"expression": deep}).json()["code"] == "too-deep"
    for wrong in ({"all": []}, {"all": ["vip"], "any": ["b"]}, {}, 5):
        assert browser.post("/api/v1/segments/combine", {"expression": wrong}).status_code == 422


def test_plan(world: World) -> None:
    browser = world.signed_in(Role.MARKETER)
    world.user(Role.ADMIN)
    segment(world, "vip")
    segment(world, "both", {"all": [{"segment": "vip"}, BOUGHT]})
    body = {
        "destination": "crm",
        "title": "CRM",
        "what": "members",
        "segments": ["vip"],
        "columns": {"id": "customer_id", "segment": "segment"},
        "to": {"kind": "folder", "path": "crm"},
        "gone": "mark",
    }
    world.ws.save("destination", "crm", body, author="test")
    new = {"any": [{"attribute": "city", "is": "北京"}, {"did": "my_own_event"}]}
    with world.ws.pool.write() as session:
        put(session, "intake", {"hour": T0, "kind": "event", "event": "my_own_event", "accepted": 1})
    found = browser.post("/api/v1/segments/plan", {"name": "vip", "condition": new}).json()
    assert (found["before"], found["after"], found["entered"], found["left"], found["customers"]) == (1, 2, 2, 1, 3)
    assert [one["customer_id"] for one in found["sample_entered"]] == [3, 5]
    assert [(one["customer_id"], one["name"]) for one in found["sample_left"]] == [(1, "张伟")]
    assert [(one["op"], one["place"], one["before"] and one["before"]["zh"]) for one in found["diff"]] == [
        ("changed", "any[0]", "城市 是 上海"),
        ("added", "any[1]", None),
    ]
    assert "北京" in found["diff"][0]["after"]["zh"] and found["diff"][0]["group"] == "any"
    uses = {(one["kind"], one["name"]): one for one in found["used_by"]}
    assert set(uses) == {("segment", "both"), ("destination", "crm")}
    both = uses["segment", "both"]
    assert (both["before"], both["after"], both["entered"], both["left"]) == (1, 0, 0, 1)
    crm = uses["destination", "crm"]
    assert (crm["entered"], crm["left"]) == (2, 1) and "标记" in crm["means"]["zh"] and "marked" in crm["means"]["en"]
    assert found["steps"][-1] == "result" and found["problems"] == []
    # Nothing was saved.
    assert browser.get("/api/v1/segments/vip").json()["condition"] == IN_SHANGHAI

    fresh = browser.post("/api/v1/segments/plan", {"condition": BOUGHT}).json()
    assert (fresh["before"], fresh["after"], fresh["entered"], fresh["used_by"], fresh["diff"]) == (None, 1, 1, [], [])
    same = browser.post("/api/v1/segments/plan", {"name": "vip", "condition": IN_SHANGHAI}).json()
    assert (same["entered"], same["left"], same["diff"]) == (0, 0, [])
    assert {one["means"]["en"] for one in same["used_by"]} == {"nothing changes"}
    wrong = browser.post("/api/v1/segments/plan", {"name": "vip", "condition": {"segment": "both"}}).json()
    assert wrong["after"] is None and "circle" in wrong["problems"][0]["message"]


def test_versions_and_the_way_back(world: World) -> None:
    browser = world.signed_in()
    segment(world, "vip", reason="first")
    world.clock.advance(timedelta(hours=1))
    second = {"title": TITLE, "condition": {"all": [IN_SHANGHAI, BOUGHT]}, "reason": "narrower"}
    assert browser.put("/api/v1/segments/vip", second).json()["version"] == 2
    found = browser.get("/api/v1/segments/vip/diff", before=1).json()
    assert (found["before"]["version"], found["after"]["version"]) == (1, 2)
    assert [(one["op"], one["place"], one["before"]) for one in found["diff"]] == [("added", "all[1]", None)]
    assert "近 30 天" in found["diff"][0]["after"]["zh"] and found["before_sentence"]["zh"] == "城市 是 上海"
    assert browser.get("/api/v1/segments/vip/diff", before=2, after=1).json()["diff"][0]["op"] == "removed"
    assert browser.get("/api/v1/segments/vip/diff", before=9).json()["code"] == "version-unknown"
    # The way back is the old condition saved anew.
    old = browser.get("/api/v1/segments/vip/history").json()["versions"][-1]
    back = {"title": TITLE, "condition": old["condition"], "reason": "back to version 1"}
    assert browser.put("/api/v1/segments/vip", back).json()["version"] == 3
    assert browser.get("/api/v1/segments/vip/diff", before=1, after=3).json()["diff"] == []
    assert browser.delete("/api/v1/segments/vip").status_code == 204
    gone = browser.get("/api/v1/segments/vip/diff", before=3).json()
    assert gone["after_sentence"] is None and gone["diff"] == [] and gone["after"]["condition"] is None


def test_history_begins_with_the_segment(world: World) -> None:
    browser = world.signed_in()
    segment(world, "new")
    days = browser.get("/api/v1/segments/new/history", days=30).json()
    assert days["step"] == "day"
    assert [(one["at"], one["size"], one["version"]) for one in days["series"]] == [("2026-11-20T04:00:00Z", 0, 1)]
    world.clock.advance(timedelta(hours=3))
    with world.ws.pool.write() as session:
        for number, (customer, change, at) in enumerate(
            ((1, "enter", NOW), (3, "enter", NOW), (3, "exit", NOW + timedelta(hours=2, minutes=5)))
        ):
            row = {"change_id": number, "customer_id": customer, "segment": "new", "change": change, "at": at}
            put(session, "segment_changes", row)
        put(session, "segment_members", {"customer_id": 1, "segment": "new", "since": NOW})
    hours = browser.get("/api/v1/segments/new/history", days=1, step="hour").json()["series"]
    assert [(one["start"], one["size"], one["entered"], one["left"]) for one in hours] == [
        ("2026-11-20T04:00:00Z", 2, 2, 0),
        ("2026-11-20T05:00:00Z", 2, 0, 0),
        ("2026-11-20T06:00:00Z", 1, 0, 1),
        ("2026-11-20T07:00:00Z", 1, 0, 0),
    ]


def test_deleting_what_a_destination_uses(world: World) -> None:
    browser = world.signed_in()
    segment(world, "vip")
    body = {
        "destination": "crm",
        "what": "profiles",
        "columns": {"id": "customer_id", "vip": "segment.vip", "buyer": "tag.buyer"},
        "to": {"kind": "folder"},
    }
    world.ws.save("destination", "crm", body, author="test")
    refused = browser.delete("/api/v1/segments/vip")
    assert (refused.status_code, refused.json()["code"]) == (409, "segment-in-use")
    assert browser.get("/api/v1/segments/vip").json()["used_by"] == ["destination:crm"]


def test_snapshot(world: World) -> None:
    browser = world.signed_in(Role.MARKETER)
    world.user(Role.ADMIN)
    segment(world, "vip")
    members(world, "vip", 1, 5)
    made = browser.post("/api/v1/segments/vip/snapshot", {"list": "vip_nov", "title": TITLE, "reason": "campaign"})
    assert made.status_code == 201, made.text
    assert (made.json()["name"], made.json()["kind"], made.json()["segment"]) == ("vip_nov", "snapshot", "vip")
    # No tick has taken it up yet.
    assert (made.json()["size"], made.json()["entries"]) == (2, 2)
    number, told = next(iter(log.after(world.ws.state, 0)))
    assert (number.list, number.entries, told.column("type").to_pylist()) == ("vip_nov", 2, ["customer"] * 2)
    assert sorted(told.column("value").to_pylist()) == ["1", "5"]
    again = browser.post("/api/v1/segments/vip/snapshot", {"list": "vip_nov", "title": TITLE})
    assert (again.status_code, again.json()["code"]) == (409, "list-exists")
    edges = {(one["from"], one["to"]) for one in browser.get("/api/v1/lineage").json()["edges"]}
    assert ("segment:vip", "list:vip_nov") in edges
    # A snapshot does not keep its segment from being removed.
    assert browser.delete("/api/v1/segments/vip").status_code == 204


def test_lineage(world: World) -> None:
    browser = world.signed_in()
    segment(world, "vip", {"all": [{"tag": "buyer", "is": "high"}, IN_SHANGHAI]})
    body = {
        "destination": "crm",
        "what": "members",
        "segments": ["vip"],
        "columns": {"id": "customer_id", "segment": "segment"},
        "to": {"kind": "folder"},
    }
    world.ws.save("destination", "crm", body, author="test")
    recall = {
        "name": {"zh": "召回", "en": "Recall"},
        "entry": {"did": "cart_added", "where": {"product_id": {"is": "P1"}}},
        "nodes": {"ask": {"branch": [{"when": {"segment": "vip"}, "next": "end"}], "else": "end"}},
    }
    world.ws.save("journey", "recall", recall, author="test")
    found = browser.get("/api/v1/lineage").json()
    edges = {(one["from"], one["to"]) for one in found["edges"]}
    assert edges >= {
        ("touchpoint:shop", "event:order_paid"),
        ("event:order_paid", "field:order_paid.amount"),
        ("field:order_paid.amount", "tag:buyer"),
        ("tag:buyer", "segment:vip"),
        ("attribute:city", "segment:vip"),
        ("segment:vip", "destination:crm"),
        ("segment:vip", "journey:recall"),
        ("field:cart_added.product_id", "journey:recall"),
    }
    assert ("event:order_paid", "tag:buyer") not in edges
    titles = {one["id"]: one["title"] for one in found["nodes"]}
    assert titles["journey:recall"] == {"zh": "召回", "en": "Recall"}
    assert titles["tag:buyer"] == {"zh": "买家", "en": "Buyer"} and titles["attribute:city"]["zh"] == "城市"
    impact = browser.get("/api/v1/lineage", of="field:order_paid.amount").json()
    assert impact["impact"] == ["tag:buyer", "segment:vip", "destination:crm", "journey:recall"]
    assert {one["id"] for one in impact["nodes"]} == {
        "touchpoint:shop",
        "event:order_paid",
        "field:order_paid.amount",
        "tag:buyer",
        "segment:vip",
        "destination:crm",
        "journey:recall",
    }
    assert browser.get("/api/v1/tags/buyer/lineage").json()["focus"] == "tag:buyer"
    assert browser.get("/api/v1/tags/none/lineage").json()["code"] == "tag-unknown"
    assert browser.get("/api/v1/lineage", of="field:none").json()["code"] == "node-unknown"
    world.ws.definitions.delete("tag", "buyer", author="test")
    missing = browser.get("/api/v1/lineage").json()["nodes"]
    assert [one["id"] for one in missing if one["missing"]] == ["tag:buyer"]

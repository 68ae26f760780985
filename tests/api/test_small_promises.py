"""Names in headers, files that maps may be read from, what the trail keeps, crontab texts, addresses in links."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from onepool.api.csv_file import csv_file
from onepool.audience.tags import parse_tag
from onepool.audience.tags.inputs import ValuesError, import_values
from onepool.audience.tags.schedule import next_time, parse_schedule
from onepool.audience.tags.sql import check_sql
from onepool.privacy import audit
from onepool.privacy.roles import Role
from onepool.reach.messages.render import _addresses

from .conftest import World

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize("name", ["春节券", 'a"b;c', "plain", "a b", "x\r\nSet-Cookie: y"])
def test_any_name_is_a_file_name(name: str) -> None:
    answer = csv_file(name, ["a"], [[["1"]]])
    header = answer.headers["content-disposition"]
    assert "\r" not in header and "\n" not in header
    plain, second, whole = header.removeprefix('attachment; filename="').partition("\"; filename*=UTF-8''")
    if not second:  # a plain name stands once, and needs no other form
        plain, whole = header.removeprefix('attachment; filename="').removesuffix('"'), f"{name}.csv"
        assert plain == whole
    assert not set(plain) & set('";\\ ')
    assert unquote(whole) == f"{name}.csv"

    async def lines() -> str:
        return "".join([str(one) async for one in answer.body_iterator])

    assert asyncio.run(lines()) == "\ufeffa\r\n1\r\n"


def tag(file: str) -> dict[str, Any]:
    source = {"attribute": "city"}
    return {"tag": "t", "title": "t", "says": "attribute", "kind": "attribute", "from": source, "map": {"file": file}}


def test_maps_are_read_from_their_folder_only(world: World) -> None:
    root = world.ws.root
    (root / "people.csv").write_text("phone,name\n13800000001,张三\n", encoding="utf-8")
    (root / "maps").mkdir(exist_ok=True)
    (root / "maps" / "tier.csv").write_text("city,tier\n上海,one\n", encoding="utf-8")
    (root / "maps" / "broken.csv").write_bytes(b"\xff\xfe\x00")
    (root / "maps" / "broken.yaml").write_text("a: [", encoding="utf-8")
    browser = world.signed_in(Role.MARKETER)
    for file in ("onepool.yaml", "people.csv", "../people.csv", "maps/../onepool.yaml", "broken.csv", "broken.yaml"):
        answer = browser.post("/api/v1/tags/plan", {"definition": tag(file)})
        assert answer.status_code == 200, (file, answer.text)
        assert [one["place"] for one in answer.json()["problems"]] == ["map.file"], (file, answer.text)
        assert "张三" not in answer.text
        assert browser.post("/api/v1/tags", {"definition": tag(file)}).status_code == 422
    for file in ("maps/tier.csv", "tier.csv"):
        assert browser.post("/api/v1/tags/plan", {"definition": tag(file)}).json()["problems"] == []


def test_the_trail_holds_no_number_in_clear(world: World) -> None:
    sql = "SELECT customer_id FROM identifiers WHERE value = '13711112222' OR value = 'a@b.cn'"
    assert world.signed_in(Role.ANALYST).post("/api/v1/query", {"sql": sql}).status_code == 200
    kept = next(one for _, one in audit.trail(world.ws.state) if one.action == "query.run")
    assert "13711112222" not in str(kept.detail) and "a@b.cn" not in str(kept.detail)


@pytest.mark.parametrize(
    "clock",
    ["localtimestamp", "current_localtimestamp()", "age(time)", "get_current_timestamp()", "now()", "current_date"],
)
def test_sql_tags_read_no_clock(clock: str) -> None:
    sql = f"SELECT customer_id AS id, max({clock}) AS value FROM events GROUP BY 1"
    given: Any = parse_tag({"tag": "t", "title": "t", "says": "value", "kind": "sql", "type": "text", "sql": sql})
    assert check_sql(given), clock
    between = sql.replace(clock, "age(time, :as_of)")
    assert not check_sql(given.model_copy(update={"sql": between}))


def test_every_other_day_of_the_week_counts_from_sunday() -> None:
    at, days = datetime(2026, 11, 22, tzinfo=UTC), []
    for _ in range(8):
        found = next_time("0 3 * * */2", ZONE, at)
        assert found is not None
        at = found
        days.append(found.astimezone(ZONE).isoweekday() % 7)
    assert set(days) == {0, 2, 4, 6}


def test_a_day_and_a_weekday_are_not_both() -> None:
    with pytest.raises(ValueError, match="not both"):
        parse_schedule("0 3 1 * 1", ZONE)
    parse_schedule("0 3 1 * *", ZONE)
    parse_schedule("0 3 * * 1-5", ZONE)


def test_a_backslash_ends_no_host() -> None:
    noted: list[Any] = []

    class Noting:
        def note(self, rows: Any, problem: str) -> None:
            noted.append((rows.fill_null(False).to_pylist(), problem))

    addresses = pa.array(["https://evil.com\\.brand.com/", "https://shop.brand.com/x", "https://shop.brand.com:8080/x"])
    _addresses(cast(Any, Noting()), "url", addresses, ["brand.com"])
    wrong = [any(rows[place] for rows, _ in noted) for place in range(3)]
    assert wrong == [True, False, False]


def test_values_of_nobody_do_not_empty_a_tag(world: World) -> None:
    body = {"tag": "level", "title": "L", "says": "attribute", "kind": "import", "mode": "overwrite"}
    world.ws.save("tag", "level", body, author="test")
    given: Any = parse_tag(body)
    with pytest.raises(ValuesError, match="nobody"):
        import_values(world.ws, given, b"id,value\n13900000000,gold\n", "phone", "test")
    assert import_values(world.ws, given, b"id,value\n1,gold\n", "customer_id", "test").matched == 1


def test_a_withdrawal_about_nothing_is_not_called_in_force(world: World) -> None:
    browser = world.signed_in(Role.PRIVACY)
    wrong = [("marketing", "SMS"), ("Marketing", ""), ("marketing", "短信")]
    for purpose, channel in wrong:
        choice = {"purpose": purpose, "channel": channel}
        body = {"customer_id": 1, "choices": [{"granted": False, **choice}], "reason": "called"}
        answer = browser.post("/api/v1/consents", body)
        assert (answer.status_code, answer.json()["code"]) == (422, "spelling"), answer.text
    stop = {"customer_id": 1, "channel": "SMS", "note": "asked for it"}
    assert browser.post("/api/v1/suppressions", stop).status_code == 422

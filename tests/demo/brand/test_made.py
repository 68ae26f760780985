"""The brand through the real collector: nothing refused, only the planted faults in quarantine, OneID within bounds."""

from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from tests.demo.brand.conftest import CLOCK, PLAN, Brand

from onepool.audience.catalog import load_catalog
from onepool.demo.brand.live import live_scene, live_sendings
from onepool.demo.brand.make import make_brand
from onepool.demo.brand.places import APP, JD, TMALL, WEB
from onepool.demo.brand.play import play
from onepool.errors import WorkspaceError
from onepool.identity.evaluate import Evaluation
from onepool.tick.jobs import Jobs
from onepool.workspace import open_workspace


def _rows(brand: Brand, sql: str) -> list[dict[str, object]]:
    found: pa.Table = brand.workspace.pool.query(sql)
    rows: list[dict[str, object]] = found.to_pylist()
    return rows


def test_the_collector_took_everything(brand: Brand) -> None:
    statuses = {answer.rpartition(" ")[2] for answer in brand.made.answers}
    assert statuses == {"200"}
    assert brand.made.refused == {}
    assert brand.made.counts["events"] > PLAN.customers * 8
    assert brand.made.counts["orders"] > PLAN.customers / 2
    assert brand.made.counts["tag values"] > 0


def test_fifteen_tags_of_every_kind_are_there(brand: Brand) -> None:
    fifteen = {
        "city_tier": "attribute", "vip_level": "import", "first_touch_channel": "first_last",
        "purchasing_power": "metric", "purchase_frequency": "metric", "favourite_category": "preference",
        "promo_preference": "sql", "fan_activity": "expression", "cart_abandoner": "sequence",
        "lifecycle_stage": "state", "rfm_segment": "rfm", "clv_180d": "model", "churn_p30d": "model",
        "lookalike_vip": "model", "behaviour_cluster": "model",
    }  # fmt: skip
    defined = {item.name: item.body["kind"] for item in brand.workspace.definitions.current("tag")}
    assert fifteen.items() <= defined.items()
    assert load_catalog(brand.workspace).problems == {}
    with_values = {str(row["tag"]) for row in _rows(brand, "SELECT DISTINCT tag FROM tag_values")}
    # Of few people, nobody may have left a cart lately, and models refuse to learn.
    sure = {name for name, kind in fifteen.items() if kind not in ("model", "sequence")}
    assert sure <= with_values
    jobs = Jobs(brand.workspace.state, brand.workspace.clock).list()
    assert {job.subject for job in jobs if job.status == "done"} >= {"promo_preference"}
    assert {job.status for job in jobs} <= {"done", "failed"}


def test_quarantine_holds_the_planted_faults_and_nothing_else(brand: Brand) -> None:
    faults = json.loads((brand.truth / "faults.json").read_text(encoding="utf-8"))
    planted = {(one["touchpoint"], one["rule"]): one["count"] for one in faults["refused"]}
    held = _rows(brand, "SELECT touchpoint, rule, count(*) AS n FROM quarantine GROUP BY ALL")
    assert {(one["touchpoint"], one["rule"]) for one in held} == set(planted)
    for one in held:
        # What came twice may be held twice.
        assert planted[one["touchpoint"], one["rule"]] <= one["n"] <= planted[one["touchpoint"], one["rule"]] * 1.5 + 1


def test_doubles_are_counted_once(brand: Brand) -> None:
    doubles = _rows(brand, "SELECT sum(duplicates) AS n FROM intake")[0]["n"]
    assert int(str(doubles)) > 0
    repeated = _rows(
        brand, "SELECT order_id FROM events WHERE event = 'order_paid' GROUP BY order_id HAVING count(*) > 1"
    )
    assert repeated == []


def test_masked_and_privacy_numbers_and_order_tokens_name_nobody(brand: Brand) -> None:
    wrong = _rows(
        brand,
        """SELECT type, value FROM identifiers WHERE (type = 'phone' AND NOT regexp_matches(value, '^\\+86\\d{11}$'))
        OR type IN ('taobao_oaid', 'privacy_number')""",
    )
    assert wrong == []
    # They were sent, and are a fact of the order: guests of site and app left them, and the shop has no other number of
    # theirs; marketplaces put them in place of the receiver's.
    planted = json.loads((brand.truth / "planted.json").read_text(encoding="utf-8"))
    sent = planted["sent"]["privacy_number"]
    assert sent[TMALL] > 0 and sent[JD] > 0
    hidden = _rows(
        brand,
        """SELECT e.touchpoint, i.type FROM events e JOIN identifiers i USING (identifier_id)
        WHERE e.event = 'order_placed' AND regexp_full_match(e.receiver_phone, '170\\d{8}-\\d{4}')""",
    )
    assert Counter(one["touchpoint"] for one in hidden) == Counter(sent)
    # Nothing but the device says whose the guests' orders are.
    guests = [one for one in hidden if one["touchpoint"] in (WEB, APP)]
    assert guests and {one["type"] for one in guests} <= {"anonymous_id", "android_id"}
    assert _rows(brand, "SELECT value FROM identifiers WHERE value LIKE '%170%-%' AND type = 'phone'") == []


def test_people_chat_with_associates(brand: Brand) -> None:
    chats = _rows(
        brand,
        """SELECT event, count(*) AS n, count(DISTINCT identifier_id) AS persons FROM events
        WHERE touchpoint = 'wecom' AND event IN ('conversation_started', 'message_received', 'message_sent',
            'service_requested', 'service_closed') GROUP BY event""",
    )
    found = {str(one["event"]): one for one in chats}
    assert set(found) == {
        "conversation_started", "message_received", "message_sent", "service_requested", "service_closed",
    }  # fmt: skip
    assert all(int(str(one["persons"])) >= 4 for one in chats)
    named = _rows(brand, "SELECT DISTINCT staff_id FROM events WHERE touchpoint = 'wecom' AND event = 'message_sent'")
    assert all(str(one["staff_id"]).startswith("guide_") for one in named)


def test_the_truth_is_about_what_is_in_the_pool(brand: Brand) -> None:
    with (brand.truth / "records.csv").open(encoding="utf-8") as file:
        truth = {row["record_id"]: row["entity_id"] for row in csv.DictReader(file)}
    known = {
        f"{one['type']}@{one['scope']}:{one['value']}" if one["scope"] else f"{one['type']}:{one['value']}"
        for one in _rows(brand, "SELECT type, scope, value FROM identifiers")
    }
    missing = {one for one in truth if one not in known}
    if not brand.made.left_out:  # a channel that is not installed takes what only it shows
        assert missing == set()
    dates = sorted(brand.truth.glob("truth-*.csv"))
    assert len(dates) == 4
    sizes = [len(path.read_text(encoding="utf-8").splitlines()) for path in dates]
    assert sizes == sorted(sizes)
    assert len(truth) + 1 == sizes[-1]


def test_oneid_is_within_the_stated_bounds(brand: Brand) -> None:
    within_bounds(brand.evaluation())


@pytest.mark.parametrize("seed", [1, 2])
def test_oneid_is_within_the_same_bounds_for_other_people(seed: int, tmp_path: Path) -> None:
    made = make_brand(tmp_path / "w", replace(PLAN, seed=seed), CLOCK, reach=False)
    workspace = open_workspace(tmp_path / "w", CLOCK)
    try:
        within_bounds(Brand(made, workspace, tmp_path / "w" / "truth").evaluation())
    finally:
        workspace.close()


def within_bounds(score: Evaluation) -> None:
    """Seeds 1 to 5 and 7 gave a pairwise precision of 0.993 to 1 and a recall of 0.654 to 0.731 (by B-cubed 0.996 to 1
    and 0.724 to 0.767), 2,000 people over 60 days 0.997 and 0.673.

    What is joined wrongly are members of one family who gave the number of one of them, who gave it too, and two or
    three whose membership an associate took out with one phone: too few yet to tell it from theirs. Here at most two
    such pairs of persons of 300, each a few thousandths. What is not found shares nothing but a name and a birthday:
    accounts at marketplaces and Douyin, records of the CRM with a number that was given up, second records without one.
    """
    assert score.pairwise.precision > 0.99
    assert score.pairwise.recall > 0.64
    assert score.bcubed.precision > 0.995
    assert score.bcubed.recall > 0.71


def test_there_is_no_second_brand_in_a_workspace(brand: Brand) -> None:
    with pytest.raises(WorkspaceError):
        make_brand(brand.workspace.root, PLAN, CLOCK)


def test_live_traffic_is_taken_too(brand: Brand) -> None:
    now = int(CLOCK.now().timestamp())
    sendings = live_sendings(live_scene(brand.workspace), now, 60, 20.0, 5)
    assert len(sendings) > 20
    assert all(one.at >= now * 1000 for one in sendings)
    assert sum(one.at < (now + 60) * 1000 for one in sendings) > 10
    played = play(brand.workspace, sendings)
    assert {status for _, status in played.answers} == {200}

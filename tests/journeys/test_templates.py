"""The gallery: every programme parses, checks beside the demonstration brand, and makes what it needs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from onepool import apply
from onepool.audience.conditions.parse import plain_data
from onepool.clock import FakeClock
from onepool.demo.brand import workspace as definitions
from onepool.journeys import gallery, store
from onepool.journeys.check import check_body
from onepool.journeys.known import load_known
from onepool.journeys.model import NODES, IssueCoupon, Journey, ScheduleEntry, SegmentEntry, SegmentExit, Send, Split
from onepool.journeys.parse import parse_journey
from onepool.reach.coupons import parse_coupon
from onepool.reach.messages import surroundings, usable_message
from onepool.workspace import Workspace, init_workspace

NAMES = [one.name for one in gallery.gallery()]
STAGES = ("acquire", "activate", "retain", "revenue", "refer")


@pytest.fixture(scope="module")
def brand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The demonstration brand's definitions, without any data."""
    clock = FakeClock(datetime(2026, 11, 20, 4, 0, tzinfo=UTC))
    root = tmp_path_factory.mktemp("brand") / "workspace"
    ws = init_workspace(root, definitions.settings_text(), clock)
    definitions.copy_into(root, (*definitions.FIRST, *definitions.THEN))
    apply.apply(ws, author="test")
    yield ws
    ws.close()


@pytest.fixture
def ready(brand: Workspace) -> Workspace:
    return brand


def parsed(name: str) -> Journey:
    return parse_journey(gallery.template(name).filled({}))


def test_the_programmes_that_are_promised() -> None:
    assert set(NAMES) == {
        "cart_recall", "welcome_wecom", "dormant_wakeup", "birthday", "post_purchase", "newcomer_coupon",
        *(f"lifecycle_{stage}" for stage in STAGES),
    }  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_to_the_shop_that_is_named(name: str) -> None:
    one = gallery.template(name)
    assert one.links_to_shop
    made = [body for kind, _, body in one.needed({"shop": "https://buy.brand.test/mall/"}) if kind == "message"]
    links = [link for body in made for link in body.get("links", {}).values()]
    assert links and all(link.startswith("https://buy.brand.test/mall/") for link in links)
    assert "shop" not in one.filled({"shop": "https://buy.brand.test"}).get("params", {}), "no value of the journey"


@pytest.mark.parametrize(
    "wrong",
    [
        "brand.test", "http://brand.test", "https://", "https://brand.test/?from=sms", "https://[x", "https://b.test:x",
        "https://brand.test/a b", "https://brand.test\n/a", "https://brand.test/\x07", "https://brand.test/\u200b",
        "https://me:pw@brand.test", 'https://brand.test/"',
    ],
)  # fmt: skip
def test_the_address_of_the_shop_is_checked(wrong: str) -> None:
    with pytest.raises(store.JourneyError) as refused:
        list(gallery.template("birthday").needed({"shop": wrong}))
    assert refused.value.where == "params.shop"


@pytest.mark.parametrize("name", NAMES)
def test_a_template_makes_a_journey_that_can_be_published(ready: Workspace, name: str) -> None:
    template = gallery.template(name)
    assert all(template.title[lang] and template.summary[lang] for lang in ("zh", "en"))
    assert {one.name for one in template.params} == set(template.journey.get("params") or {})
    gallery.instantiate(ready, ready.clock, name, f"my_{name}", author="test", title={"zh": "我的", "en": "Mine"})
    draft = ready.definitions.get("journey", f"my_{name}")
    assert draft is not None and draft.body["name"] == {"zh": "我的", "en": "Mine"}
    journey = parse_journey(draft.body)
    splits = [one for one in journey.nodes.values() if isinstance(one, Split)]
    assert {journey.experiment.salt, *(one.salt for one in splits)} == {None}, "its own name tells whom it leaves out"
    _, found = check_body(draft.body, load_known(ready))
    assert [str(one) for one in found.problems] == []
    made = store.publish(ready, ready.clock, f"my_{name}", author="test", may_approve=True)
    assert made.definition.journey == f"my_{name}"


@pytest.mark.parametrize("name", NAMES)
def test_what_a_template_brings_can_be_used(ready: Workspace, name: str) -> None:
    parts = list(gallery.template(name).needed({}))
    coupons = [parse_coupon(body) for kind, _, body in parts if kind == "coupon"]
    around = surroundings(ready.settings, ready.standard(), [], ready.touchpoints(), coupons)
    for kind, _, body in parts:
        if kind == "message":
            usable_message(body, around)
    used = {node.message for node in parsed(name).nodes.values() if isinstance(node, Send)}
    used |= {node.batch for node in parsed(name).nodes.values() if isinstance(node, IssueCoupon)}
    assert {part for kind, part, _ in parts if kind != "segment"} == used, (
        "nothing is made that the journey does not use"
    )


def test_what_is_there_stays(ready: Workspace) -> None:
    before = ready.definitions.get("segment", "dormant")
    gallery.instantiate(ready, ready.clock, "dormant_wakeup", "waking", author="test", params={"gap": "10 days"})
    assert ready.definitions.get("segment", "dormant") == before
    draft = ready.definitions.get("journey", "waking")
    assert draft is not None and parse_journey(draft.body).nodes["gap"].for_.count == 10  # type: ignore[union-attr]
    with pytest.raises(store.JourneyError) as taken:
        gallery.instantiate(ready, ready.clock, "dormant_wakeup", "waking", author="test")
    assert taken.value.code == "journey-exists"


def test_parameters_that_a_template_does_not_have(ready: Workspace) -> None:
    with pytest.raises(store.JourneyError) as wrong:
        gallery.instantiate(ready, ready.clock, "birthday", "wrong", author="test", params={"cuopon": "x"})
    assert wrong.value.code == "template-param" and ready.definitions.get("journey", "wrong") is None
    with pytest.raises(store.JourneyError) as missing:
        gallery.instantiate(ready, ready.clock, "brithday", "wrong", author="test")
    assert missing.value.code == "template-unknown"


def test_one_stage_at_a_time() -> None:
    for stage in STAGES:
        journey = parsed(f"lifecycle_{stage}")
        assert journey.group == "lifecycle" and isinstance(journey.entry, SegmentEntry)
        assert journey.entry.segment_enter == f"stage_{stage}"
        assert [one.segment_leave for one in journey.exit if isinstance(one, SegmentExit)] == [f"stage_{stage}"]


def test_dormant_keeps_a_control_arm() -> None:
    journey = parsed("dormant_wakeup")
    arms = next(node for node in journey.nodes.values() if isinstance(node, Split)).arms
    assert isinstance(journey.entry, ScheduleEntry)
    assert sum(arm.weight for arm in arms if arm.control) / sum(arm.weight for arm in arms) == 0.1
    assert str(journey.entry.reentry.cooldown) == "60 days"


def test_newcomers_have_bought_nowhere_and_identities_are_fresh() -> None:
    journey = parsed("newcomer_coupon")
    careful = [node for node in journey.nodes.values() if isinstance(node, IssueCoupon | Send)]
    assert len(careful) == 3
    for node in careful:
        assert node.guard is not None and node.guard.canonical() == {"did_not": "order_paid"}
        assert node.fresh is not None and str(node.fresh.identity) == "10 minutes"


def test_the_demonstration_brand_ships_the_cart_story(ready: Workspace) -> None:
    """The template as it is, filled in with the brand's own products."""
    shipped = ready.definitions.get("journey", "cart_recall")
    template = gallery.template("cart_recall")
    assert shipped is not None and template.journey["params"]["products"] != shipped.body["params"]["products"]
    assert shipped.body == template.filled({"products": shipped.body["params"]["products"]})
    for kind, name, body in template.needed({}):
        there = ready.definitions.get(kind, name)
        if kind == "segment":
            assert there is not None and there.body["condition"] == body["condition"]
        else:
            assert there is not None and json.loads(json.dumps(there.body)) == json.loads(json.dumps(body))
    assert set(definitions.PUBLISHED) <= {one.name for one in ready.definitions.current("journey")}


def test_exported_journeys_apply_again(ready: Workspace, tmp_path: Path) -> None:
    written = [path for path in apply.export(ready, tmp_path) if path.parent.name == "journeys"]
    assert tmp_path / "journeys" / "cart_recall.yaml" in written
    assert [change for change in apply.plan(ready, tmp_path) if change.kind == "journey"] == []


def test_the_story_as_the_guide_tells_it(ready: Workspace) -> None:
    text = (Path(__file__).parents[2] / "docs" / "how-to" / "journeys.md").read_text(encoding="utf-8")
    (written,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    journey, found = check_body(plain_data(yaml.safe_load(written)), load_known(ready))
    assert journey is not None and found.problems == []
    assert all(f"`{kind}`" in text or f"`{kind}:" in text or f"`{kind} " in text for kind in NODES)
    assert all(f"`{name}`" in text for name in NAMES if not name.startswith("lifecycle_"))

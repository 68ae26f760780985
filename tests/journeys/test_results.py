"""Results: figures add up, uplift is against those who got nothing, runs are behind every figure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pyarrow as pa
import pytest
from sqlalchemy import func, select
from tests.journeys.story import Story, open_story
from tests.reach.outbox import MESSAGE

from onepool.audience.catalog import load_catalog
from onepool.channels.base import Message, Receipt
from onepool.journeys import store
from onepool.journeys.keys import bucket
from onepool.journeys.parse import parse_journey
from onepool.journeys.results import runs as listing
from onepool.journeys.results.effect import goal_of
from onepool.journeys.results.funnel import Stage
from onepool.journeys.results.report import results, runs_behind
from onepool.journeys.results.types import Cohort, Results
from onepool.journeys.store import JourneyError
from onepool.reach import deliveries
from onepool.reach.deliveries import Wanted
from onepool.state.journeys import journey_edges

ALL = Cohort("buy_again", 0, 1 << 60)
PEOPLE = [f"p{number}" for number in range(60)]
BODY: dict[str, Any] = {
    "journey": "buy_again",
    "entry": {"did": "cart_added", "key": "$trigger.product_id", "reentry": {"when": "always", "parallel": 3}},
    "experiment": {"holdout": 0.4, "respect_global_control": False},
    "policy": {"category": "promotion"},
    "goal": {
        "did": "order_paid", "where": {"items.product_id": {"is": "$trigger.product_id"}}, "within": "3 days",
        "then": "continue",
    },
    "max_life": "10 days",
    "start": "tell",
    "nodes": {
        "tell": {
            "do": "send", "message": "hello",
            "chain": [
                {"channel": "wechat_oa", "template": "OA", "next_on": ["not_follower", "refused"]},
                {"channel": "sms", "kind": "marketing", "template": "SMS"},
            ],
            "next": "rest", "else": "lost",
        },
        "rest": {"do": "wait", "for": "1 day", "next": "done"},
        "done": {"do": "end", "as": "completed"},
        "lost": {"do": "end", "as": "unreachable"},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Sixty people put something into the cart; of the treated most pay, of the others few."""
    story = open_story(tmp_path_factory.mktemp("results") / "brand")
    story.ws.save("message", "hello", MESSAGE, author="test")
    story.ws.save("journey", "buy_again", BODY, author="test")
    store.publish(story.ws, story.clock, "buy_again", author="test", may_approve=True)

    def answer(message: Message) -> Receipt:
        if message.to.get("openid") == "o-p4":
            return Receipt("refused", "refused", code="43101")
        return Receipt("sent", provider_id=message.key)

    story.platform.answer = answer
    for number, who in enumerate(PEOPLE):
        story.person(who, *(("oa", "sms") if number % 3 else ("sms",) if number % 2 else ()))
    story.on(minutes=1)
    for who in PEOPLE:
        story.cart(who)
    story.on(minutes=5)
    for number, who in enumerate(PEOPLE):
        held_out = bucket("buy_again", [story.customer(who)])[0] < 4000
        if number % (5 if held_out else 2) == 0:
            item = [{"product_id": "MY0003", "quantity": 1, "price": 100}]
            story.event("mini", who, "order_paid", order_id=f"O-{who}", amount=100, items=item)
    story.on(hours=30)
    yield story
    story.close()


def figures(story: Story, cohort: Cohort = ALL) -> Results:
    with story.ws.pool.read() as session, story.ws.state.read() as connection:
        return results(session, connection, story.ws, load_catalog(story.ws).context, cohort)


def test_figures_add_up(lived: Story) -> None:
    flow = figures(lived).flow
    assert flow.entered == 60 == flow.live + sum(flow.ended.values())
    assert {"holdout", "completed", "unreachable"} <= set(flow.ended)
    for node in flow.nodes:
        assert node.into == node.out + node.waiting + node.ended, node
    begun = sum(one.count for one in flow.edges if one.edge == "enter")
    assert begun == flow.entered - flow.ended["holdout"]
    for hop in flow.fallback:
        assert hop.tried == hop.accepted + hop.underway + sum(hop.reasons.values()), hop
    first, second = flow.fallback
    assert (first.channel, second.channel) == ("wechat_oa", "sms")
    assert second.tried == first.reasons["not_follower"] + first.reasons.get("refused", 0)
    tell = next(node for node in flow.nodes if node.node == "tell")
    assert tell.sent == first.accepted + second.accepted
    assert tell.out == tell.sent + flow.ended["unreachable"]


def test_edges_are_those_that_the_state_counts(lived: Story) -> None:
    found = figures(lived).flow
    with lived.ws.state.read() as connection:
        rows = connection.execute(
            select(journey_edges.c.edge, func.sum(journey_edges.c.count)).group_by(journey_edges.c.edge)
        ).all()
    state = {edge: int(count) for edge, count in rows if edge not in ("hop", "goal")}
    ours: dict[str, int] = {}
    for one in found.edges:
        ours[one.edge] = ours.get(one.edge, 0) + one.count
    assert ours == state


def test_uplift_against_the_holdout(lived: Story) -> None:
    effect = figures(lived).effect
    held = {lived.customer(who) for who in PEOPLE if bucket("buy_again", [lived.customer(who)])[0] < 4000}
    paid = {
        row["customer_id"]
        for row in lived.ws.pool.query(
            "SELECT customer_id FROM events JOIN customer_of USING (identifier_id) WHERE event = 'order_paid'"
        ).to_pylist()
    }
    (against,) = effect.uplift
    assert against.against == "holdout" and effect.measure == "goal"
    assert (against.control.size, against.control.goals) == (len(held), len(held & paid))
    assert (against.treated.size, against.treated.goals) == (60 - len(held), len(paid - held))
    assert against.difference is not None and against.difference.value > 0
    rates = against.treated.goals / against.treated.size - against.control.goals / against.control.size
    assert against.difference.value == pytest.approx(rates)
    assert against.p is not None and against.split_p is not None
    assert effect.funnel["entered"] == 60 - len(held) and effect.funnel["goal"] == len(paid - held)
    assert len(effect.seconds) == effect.treated.goals and effect.running == 60, "the time for the goal is not over"


def test_money(lived: Story) -> None:
    revenue = figures(lived).effect.revenue
    assert revenue is not None and revenue.incremental is not None
    goals = figures(lived).effect.treated.goals
    assert (revenue.amount, revenue.orders) == (100 * goals, goals)
    treated, holdout = revenue.incremental.treated, revenue.incremental.holdout
    assert float(treated) == pytest.approx(100 * goals / revenue.customers, abs=0.01)
    assert float(revenue.incremental.total) == pytest.approx(float(treated - holdout) * revenue.customers, abs=0.5)
    assert revenue.incremental.low < revenue.incremental.total < revenue.incremental.high


def test_money_by_step(lived: Story) -> None:
    found = figures(lived)
    assert found.effect.revenue is not None
    (credit,) = found.effect.credited.values()
    assert set(found.effect.credited) == {"tell"}
    sent = {row["run_id"] for row in lived.ws.pool.query("SELECT run_id FROM sends WHERE state = 10").to_pylist()}
    paid = lived.ws.pool.query(
        """SELECT DISTINCT run_id FROM journey_runs r JOIN customer_of c USING (customer_id)
        JOIN events e USING (identifier_id) WHERE e.event = 'order_paid'"""
    ).column("run_id")
    after = sent & set(paid.to_pylist())
    assert credit.goals == len(after) and credit.amount == 100 * len(after)
    assert 0 < credit.amount <= found.effect.revenue.amount, "who got no message before paid without one"


def test_segments_and_days(lived: Story) -> None:
    found = figures(lived)
    for one in found.effect.segments:
        assert one.treated.goals <= one.treated.size <= found.effect.treated.size
    assert sum(entered for entered, _ in found.days.values()) == 60
    assert sum(sends for _, sends in found.days.values()) == sum(hop.accepted for hop in found.flow.fallback)
    assert sum(found.effect.goals_by_day.values()) == found.effect.treated.goals


def test_a_range_of_time_is_a_cohort(lived: Story) -> None:
    nothing = figures(lived, Cohort("buy_again", 0, 1))
    assert nothing.flow.entered == 0 and nothing.effect.treated.rate is None
    assert nothing.effect.uplift[0].difference is None and not nothing.effect.uplift[0].enough
    with pytest.raises(JourneyError):
        figures(lived, Cohort("cart_recall", 0, 1))


def test_runs_behind_figures(lived: Story) -> None:
    flow = figures(lived).flow
    with lived.ws.state.read() as connection:
        versions = store.versions(connection, "buy_again")
    with lived.ws.pool.read() as session:
        for edge in flow.edges:
            wanted = listing.Filter(node=edge.node, edge=edge.edge)
            rows, total = listing.find(session, ALL, versions, wanted, None, 100)
            assert len(rows) == total == edge.count, edge
        for reason, count in flow.ended.items():
            assert listing.find(session, ALL, versions, listing.Filter(reason=reason), None, 5)[1] == count
        for node in flow.nodes:
            for wanted, count in (
                (listing.Filter(reached=node.node), node.into),
                (listing.Filter(left=node.node), node.out),
                (listing.Filter(node=node.node, state="live"), node.waiting),
            ):
                assert listing.find(session, ALL, versions, wanted, None, 5)[1] == count, (node, wanted)
        seen: list[int] = []
        place: tuple[int, int] | None = None
        while True:
            rows, total = listing.find(session, ALL, versions, listing.Filter(state="ended"), place, 7)
            if not rows:
                break
            seen += [row["run_id"] for row in rows]
            place = (rows[-1]["entered"], rows[-1]["run_id"])
        assert len(seen) == len(set(seen)) == total


def test_customers_behind_the_funnel(lived: Story) -> None:
    effect = figures(lived).effect
    with lived.ws.state.read() as connection:
        versions = store.versions(connection, "buy_again")
    members = [lived.customer(who) for who in PEOPLE[:20]]
    with lived.ws.pool.write() as session:
        columns = {"segment": pa.array(["few"] * 20), "customer_id": pa.array(members, pa.int64())}
        session.append("segment_members", pa.table(columns))
    try:
        (few,) = (one for one in figures(lived).effect.segments if one.segment == "few")
        asked: list[tuple[Stage, str | None, int]] = [(cast(Stage, one), None, n) for one, n in effect.funnel.items()]
        asked += [("entered", "few", few.treated.size), ("goal", "few", few.treated.goals)]
        with lived.ws.pool.read() as session, lived.ws.state.read() as connection:
            for stage, segment, count in asked:
                ctx = load_catalog(lived.ws).context
                among = runs_behind(session, connection, lived.ws, ctx, ALL, stage, segment)
                rows, total = listing.find(session, ALL, versions, listing.Filter(among=among), None, 100)
                assert total == count == len({row["customer_id"] for row in rows}), (stage, segment)
                assert segment is None or {row["customer_id"] for row in rows} <= set(members)
    finally:
        with lived.ws.pool.write() as session:
            session.execute("DELETE FROM segment_members WHERE segment = 'few'")
    assert 0 < few.treated.goals < few.treated.size < effect.funnel["entered"]
    assert effect.funnel["goal"] < effect.funnel["reached"] <= effect.funnel["entered"]


def test_messages_behind_figures(lived: Story) -> None:
    flow = figures(lived).flow
    with lived.ws.state.read() as connection:
        (version,) = store.versions(connection, "buy_again")
        for hop in flow.fallback:
            step = [(version.version_id, version.nodes.index(hop.node))]
            told = Wanted(journey="buy_again", nodes=step, hop=hop.hop, entered=(ALL.since, ALL.until))
            counts = deliveries.counted(connection, told)
            assert sum(count for *_, count in counts) == hop.tried
            reasons = {reason: count for _, _, reason, count in counts if reason is not None}
            assert reasons == dict(hop.reasons)
            assert len(deliveries.page(connection, told, None, 200)) == hop.tried
        nobody = Wanted(journey="buy_again", nodes=step, entered=(0, 1))
        assert deliveries.counted(connection, nobody) == []


def test_what_only_the_treated_can_reach_is_not_compared(lived: Story) -> None:
    draft = lived.ws.definitions.get("journey", "cart_recall")
    assert draft is not None
    measure, match = goal_of(parse_journey(draft.body))
    assert measure == "order_paid" and match is not None and match.where is None
    assert goal_of(parse_journey(BODY))[0] == "goal"


def test_orders_whose_money_went_back_bring_nothing(lived: Story) -> None:
    before = figures(lived).effect.revenue
    assert before is not None
    with lived.ws.pool.write() as session:
        session.execute("UPDATE orders SET status = 'cancelled' WHERE paid_at IS NOT NULL")
    try:
        cancelled = figures(lived).effect.revenue
        with lived.ws.pool.write() as session:
            session.execute("UPDATE orders SET status = 'refunded', refunded_at = paid_at WHERE paid_at IS NOT NULL")
        refunded = figures(lived).effect.revenue
    finally:
        with lived.ws.pool.write() as session:
            session.execute("UPDATE orders SET status = 'paid', refunded_at = NULL WHERE paid_at IS NOT NULL")
    assert cancelled is not None and refunded is not None
    assert (int(cancelled.amount), int(refunded.amount)) == (0, 0)
    assert before.amount > 0

"""The brand's last week with its journey on: runs, messages over three channels, receipts, clicks, coupons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from tests.brands import brand_once
from tests.demo.brand.conftest import CLOCK

from onepool.audience.catalog import load_catalog
from onepool.clock import FakeClock, from_micros
from onepool.demo.brand import notices
from onepool.demo.brand.plan import BrandPlan
from onepool.demo.brand.rates import RATES
from onepool.journeys.results.report import results
from onepool.journeys.results.types import Cohort, Results
from onepool.reach.policies import Policies
from onepool.state.consents import consent_ledger, consent_notices
from onepool.workspace import Workspace, open_workspace

PLAN = BrandPlan(120, 28, 3, date(2026, 6, 20))
BUSY = replace(RATES, visits=0.25, abandoned=0.9, mini=0.95, member=0.95, consent=0.95)
"""So that few people do what many do in a brand of thousands."""


@pytest.fixture(scope="module")
def reached(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    root, made = brand_once(tmp_path_factory, PLAN, CLOCK, rates=BUSY, reach=True)
    assert not made.refused and not any(status >= 400 for status in _statuses(made.answers))
    workspace = open_workspace(root, FakeClock(CLOCK.now()))
    yield workspace
    workspace.close()


def _statuses(answers: dict[str, int]) -> list[int]:
    return [int(name.rsplit(" ", 1)[1]) for name in answers]


def _figures(workspace: Workspace) -> Results:
    with workspace.pool.read() as session, workspace.state.read() as connection:
        cohort = Cohort("cart_recall", 0, 1 << 60)
        return results(session, connection, workspace, load_catalog(workspace).context, cohort)


def _rows(workspace: Workspace, sql: str) -> list[dict[str, Any]]:
    return workspace.pool.query(sql).to_pylist()


def test_the_story_of_the_cart_can_be_seen(reached: Workspace) -> None:
    found = _figures(reached)
    flow = found.flow
    assert flow.entered > 20 and {"completed", "goal", "holdout"} <= set(flow.ended)
    assert flow.turned_away["not_qualified"] > 0, "who paid within half an hour"
    taken = Counter({hop.channel: hop.accepted for hop in flow.fallback})
    assert min(taken[channel] for channel in ("wechat_oa", "wecom", "sms")) > 0, "each channel carried some"
    nodes = {one.node: one for one in flow.nodes}
    assert nodes["remind"].sent > 0 and nodes["send1"].delivered > 0
    assert sum(one.clicked for one in flow.nodes) > 0
    reasons = {reason for hop in flow.fallback for reason in hop.reasons}
    assert {"not_follower", "not_friend"} <= reasons
    assert {one.against for one in found.effect.uplift} == {"holdout", "global_control"}
    assert sum(one.amount for one in found.effect.credited.values()) > 0


def test_nothing_goes_out_against_the_policy(reached: Workspace) -> None:
    sent = _rows(reached, "SELECT channel, claimed, cost, customer_id FROM sends WHERE state BETWEEN 10 AND 13")
    hours = {(row["channel"], (from_micros(row["claimed"]).hour + 8) % 24) for row in sent}
    assert all(9 <= hour < 22 for _, hour in hours)
    assert {float(row["cost"]) for row in sent if row["channel"] == "sms"} == {0.045}
    policy = Policies(reached).now()[0]
    assert policy.control is not None and policy.holidays is not None and len(policy.caps) >= 5
    days = Counter((row["customer_id"], (row["claimed"] + 28_800_000_000) // 86_400_000_000) for row in sent)
    assert max(days.values()) <= 2


def test_consents_have_their_notice_and_their_evidence(reached: Workspace) -> None:
    ledger = consent_ledger.c
    with reached.state.read() as connection:
        rows = connection.execute(consent_ledger.select().where(ledger.purpose == "marketing")).all()
        texts = {row.hash for row in connection.execute(consent_notices.select())}
    asked = [row for row in rows if row.source in ("checkbox", "settings")]
    assert len(asked) > 20
    assert all(row.notice == notices.LABEL and row.notice_hash == notices.HASH and row.evidence for row in asked)
    assert notices.HASH in texts

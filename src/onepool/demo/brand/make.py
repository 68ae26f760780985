"""Making the demonstration brand: its definitions, its traffic through the real collector, the truth beside it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from onepool import apply
from onepool.clock import Clock
from onepool.collect.files import Progress
from onepool.demo.brand import notices
from onepool.demo.brand import workspace as definitions
from onepool.demo.brand.beside import Beside, apply_now
from onepool.demo.brand.campaigns import EFFECT_DAYS, calendar
from onepool.demo.brand.customers import draw_customers
from onepool.demo.brand.levels import import_levels
from onepool.demo.brand.life import Life
from onepool.demo.brand.places import APP, CRM, MINI, WEB
from onepool.demo.brand.plan import DAY, ZONE, BrandPlan
from onepool.demo.brand.play import Played, play
from onepool.demo.brand.rates import RATES, BrandRates
from onepool.demo.brand.reaching import DAYS as REACH_DAYS
from onepool.demo.brand.reaching import Ahead, Reaching
from onepool.demo.brand.scene import Scene, make_scene
from onepool.demo.brand.secrets import write_secrets
from onepool.demo.brand.sending import File, Sending
from onepool.demo.brand.truth import write_truth
from onepool.demo.brand.ways import Files
from onepool.journeys.store import publish
from onepool.workspace import Workspace, init_workspace

AUTHOR: Final = "demo"
REASON: Final = "the demonstration brand (generated)"
TRUTH: Final = "truth"

REACH_FROM: Final = 20
"""From so many days on, the last of them have the journey on."""

BESIDE_FROM: Final = 1_000
"""From so many customers on, a second process applies the log while the first one fills it."""


@dataclass(slots=True)
class MadeBrand:
    """What a new workspace of the brand holds. ``answers``: of the collector, by what was sent and status."""

    root: Path
    counts: dict[str, int] = field(default_factory=dict)
    answers: dict[str, int] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    """The first answer to what the collector did not take, by what was sent: there channel and generator disagree."""
    left_out: dict[str, int] = field(default_factory=dict)
    """What was not sent, by touchpoint, since no channel is installed for it."""
    truth: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        return {
            "workspace": str(self.root),
            **self.counts,
            "answers": self.answers,
            "left_out": self.left_out,
            "truth": self.truth,
        }


def plan_until_yesterday(customers: int, days: int, seed: int, clock: Clock) -> BrandPlan:
    """A plan whose last day is yesterday, so that live traffic goes on from there."""
    return BrandPlan(customers, days, seed, clock.now().astimezone(ZONE).date() - timedelta(days=1)).checked()


def make_brand(
    root: Path,
    plan: BrandPlan,
    clock: Clock,
    progress: Progress | None = None,
    rates: BrandRates = RATES,
    *,
    reach: bool = True,
) -> MadeBrand:
    """Makes the workspace in a folder that has none. ``reach``: with the journey on in the last week; where not,
    and in a plan that is too short for that, it is on from now.

    Raises WorkspaceError, UsageError, PlayFailed, WorkerFailed.
    """
    plan.checked()
    workspace = init_workspace(root, definitions.settings_text(), clock)
    beside = Beside(workspace.root) if plan.customers >= BESIDE_FROM else None
    try:
        secrets = write_secrets(workspace.data)
        definitions.copy_into(workspace.root, definitions.FIRST)
        apply.apply(workspace, author=AUTHOR, reason=REASON)
        notices.keep(workspace.state, clock, AUTHOR)
        # What was opened to check the definitions must not keep the worker from the pool.
        workspace.close()
        keys = {name: workspace.touchpoints()[name].write_key or "" for name in (MINI, APP, WEB)}
        if progress is not None:
            progress("drawing customers", 0, 1)
        life = Life(make_scene(draw_customers(plan, rates), secrets, keys))
        play(workspace, business_objects(life.scene))
        if beside is not None:
            beside.start()
        ahead, reached = Ahead(life.sendings(_days_told(plan, progress))), _reached_from(plan, reach=reach)
        played = play(workspace, ahead.until(reached), _watched(beside))
        if progress is not None:
            progress("applying", 0, 1)
        if beside is not None:
            beside.finish()
        else:
            apply_now(workspace)
        if reached < _end(plan):
            played.add(_reach(workspace, life, ahead, reached))
        truth = write_truth(life, workspace.root / TRUTH)
        definitions.copy_into(workspace.root, definitions.THEN)
        apply.apply(workspace, author=AUTHOR, reason=REASON)
        import_levels(workspace, AUTHOR)
        if progress is not None:
            progress("computing tags and segments", 0, 1)
        apply_now(workspace, jobs=True)
        if reached >= _end(plan):
            _publish(workspace)
        return _made(workspace, played, truth, life)
    finally:
        if beside is not None:
            beside.stop()
        workspace.close()


def _end(plan: BrandPlan) -> int:
    return (plan.start + plan.seconds) * 1000


def _reached_from(plan: BrandPlan, *, reach: bool) -> int:
    """When the journey begins, in milliseconds since 1970: a midnight in Beijing."""
    return _end(plan) - (REACH_DAYS * DAY * 1000 if reach and plan.days >= REACH_FROM else 0)


def _publish(workspace: Workspace) -> None:
    for name in definitions.PUBLISHED:
        publish(workspace, workspace.clock, name, author=AUTHOR, may_approve=True, reason=REASON)


def _reach(workspace: Workspace, life: Life, ahead: Ahead, begin: int) -> Played:
    """Plays the rest of the story with the journey on."""
    definitions.copy_into(workspace.root, definitions.REACH, definitions.SPARED)
    apply.apply(workspace, author=AUTHOR, reason=REASON)
    workspace.close()
    reaching = Reaching(workspace.root, life, begin, _end(life.scene.customers.plan))
    reaching.run(ahead, _publish)
    return reaching.played


def business_objects(scene: Scene) -> list[Sending]:
    """Products, stores, campaigns and coupons, as the CRM exports them on the first day."""
    goods, plan = scene.goods, scene.customers.plan
    found = []
    tables: list[tuple[str, list[str], list[tuple[Any, ...]]]] = [
        (
            "products",
            ["product_id", "sku_id", "name", "category", "brand", "price", "currency"],
            [
                (
                    goods.product[at],
                    goods.sku[at],
                    goods.name[at],
                    goods.category[at],
                    "棉屿（虚构）",
                    goods.price[at] / 100,
                    "CNY",
                )
                for at in range(goods.price.size)
            ],
        ),
        (
            "stores",
            ["store_id", "name", "store_type"],
            [
                (f"store_{number:03d}", f"棉屿 {number + 1} 号店（虚构）", "母婴生活馆")
                for number in range(scene.stores)
            ],
        ),
        (
            "campaigns",
            ["campaign", "name", "campaign_type", "valid_from", "valid_until"],
            [
                (
                    one.code,
                    one.name,
                    one.channel,
                    plan.day_of(one.day),
                    plan.day_of(one.day) + timedelta(days=EFFECT_DAYS),
                )
                for one in calendar(plan.days)
            ],
        ),
        (
            "coupons",
            ["coupon_id", "name", "campaign", "face_value", "threshold", "currency"],
            [(one.coupon, f"{one.name}券", one.code, 30, 199, "CNY") for one in calendar(plan.days)],
        ),
    ]
    for place, (kind, header, rows) in enumerate(tables):
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(header)
        writer.writerows(rows)
        file = File(CRM, kind, f"{kind}.csv", text.getvalue().encode(), {})
        found.append(Sending(scene.start * 1000, place, Files(), file))
    return found


def _days_told(plan: BrandPlan, progress: Progress | None) -> Callable[[int], None] | None:
    if progress is None:
        return None
    tell = progress
    return lambda day: tell("playing days", day + 1, plan.days)


def _watched(beside: Beside | None) -> Callable[[Played], None]:
    """Stops a play whose worker has ended."""

    def watch(played: Played) -> None:
        del played
        if beside is not None:
            beside.check()

    return watch


def _made(workspace: Workspace, played: Played, truth: dict[str, Any], life: Life) -> MadeBrand:
    queries = {
        "customers": "SELECT count(DISTINCT customer_id) AS n FROM customer_of",
        "events": "SELECT count(*) AS n FROM events",
        "orders": "SELECT count(*) AS n FROM orders",
        "quarantined": "SELECT count(*) AS n FROM quarantine",
        "tag values": "SELECT count(*) AS n FROM tag_values",
        "segment members": "SELECT count(*) AS n FROM segment_members",
    }
    counts = {"people": life.scene.customers.size, "requests, pages and files": played.sent}
    with workspace.pool.read() as session:
        counts |= {name: int(session.query(sql).column("n")[0].as_py()) for name, sql in queries.items()}
    answers = {f"{name} {status}": count for (name, status), count in sorted(played.answers.items())}
    return MadeBrand(workspace.root, counts, answers, dict(played.refused), dict(played.left_out), truth)

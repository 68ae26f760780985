"""What is asked of more runs than one step takes is carried out in portions, and nobody can tell in how many."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pytest
from tests.journeys.differ import Columnar, differences
from tests.journeys.drawing_logs import MINUTE, Case, Quantum, Seeded, case
from tests.journeys.test_differential import CUSTOMERS, START, called, lived

from onepool.audience.conditions.reference import Event
from onepool.journeys.executor import ports


@pytest.mark.parametrize(
    ("presses", "seeds"),
    [(False, (40038,)), (True, (40048, 40051, 40059, 40073, 40103, 40123)), (True, (40118, 40130))],
)
def test_in_how_many_steps_runs_move_is_nobodys_business(presses: bool, seeds: Sequence[int]) -> None:
    """Those left for the next portion did in the older version what befell them in the step: they met its goals, went
    over its nodes, were held by its entry."""
    for seed in seeds:
        made = case(Seeded(seed), CUSTOMERS, 12 if presses else 8, changes=True, presses=presses)
        assert differences(made, partial(Columnar, most=2 if seed % 2 else 1)) == [], seed


@pytest.mark.parametrize("kind", ["stopping", "stop_versions"])
@pytest.mark.parametrize("most", [ports.MOST_DUE, 2, 1])
def test_who_called_a_run_that_is_stopped_goes_on_before_his_goal_in_whatever_portion(most: int, kind: str) -> None:
    """He met it where he was, called runs of later portions being there still."""
    who = list(range(1000, 1006))
    first = [(one, "above", "enter", one, "", {}, START + MINUTE - 2) for one in who]
    later = START + 60 * MINUTE
    came = [(one, Event(one, "cart_added", later - MINUTE, later - MINUTE, "web", "shop", {}, None, {}), f"{one}")
            for one in who]  # fmt: skip
    stops = Quantum(later, events=came)
    if kind == "stopping":
        stops.statuses = [("below", "stopping")]
    else:
        stops.published, stops.requests = [("below", 0)], [(-1, "below", kind, 0, "", {"except": 3}, later - 1)]
    made = called(stops)
    made.customers, made.quanta[0].requests = who, first
    made.bodies[1]["goal"] = {"did": "cart_added", "then": "exit"}
    made.bodies[1]["nodes"]["n0"]["next"] = "n1"
    made.bodies[1]["nodes"]["n1"] = {"do": "wait", "for": "1 day", "next": "over"}
    made.later = [{**made.bodies[0], "max_life": "20 days"}]
    assert differences(made, partial(Columnar, most=most)) == []
    decided = lived(made, partial(Columnar, most=most))
    assert [edge for *_, edge, _ in decided.steps()].count("next") == len(who)
    assert sorted(str(run["reason"]) for run in decided.runs().values()) == ["goal"] * 6 + ["stopped"] * 6


@pytest.mark.parametrize("most", [ports.MOST_DUE, 2, 1])
def test_who_is_held_when_his_journey_goes_on_ends_as_one_who_goes_on(most: int) -> None:
    """By an event of the very step, in whatever portion he was to go on: not before the pause was over."""
    body = {
        "journey": "one", "entry": {"did": "cart_added", "hold": {"for": "1 hour"}}, "max_life": "3 days",
        "policy": {"category": "promotion"}, "goal": {"did": "order_paid", "then": "exit"}, "start": "n",
        "nodes": {"n": {"do": "wait", "for": "1 day", "next": "z"}, "z": {"do": "end", "as": "completed"}},
    }  # fmt: skip
    who = list(range(1000, 1006))
    going = START + 240 * MINUTE

    def did(name: str, at: int, number: int) -> list[tuple[int, Event, str]]:
        return [(one, Event(one + number, name, at, at, "web", "shop", {}, None, {}), f"{one + number:032x}")
                for one in who]  # fmt: skip

    quanta = [
        Quantum(START + MINUTE, did("cart_added", START, 0)),
        Quantum(START + 20 * MINUTE, statuses=[("one", "paused")]),
        Quantum(START + 120 * MINUTE),
        Quantum(going, did("order_paid", going - 60 * MINUTE, 10_000), statuses=[("one", "live")],
                requests=[(3, "one", "resume", 0, "", {}, going - 1)]),
    ]  # fmt: skip
    made = Case("Asia/Shanghai", START, [body], who, quanta, {})
    assert differences(made, partial(Columnar, most=most)) == []

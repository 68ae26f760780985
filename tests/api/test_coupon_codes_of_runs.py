"""A code that a journey gave out is shown whole to those who may see codes, and to nobody else."""

from __future__ import annotations

import pytest

from onepool.api.access import Caller
from onepool.api.journey_figures import run_detail
from onepool.api.showing import shown
from onepool.journeys.explain.why import RunTold
from onepool.privacy.roles import PERMISSIONS, Permission, Role
from onepool.standards.load import load_standard

from .conftest import World

CODE = "CTABCDEFGH"


@pytest.mark.parametrize("role", Role)
def test_a_run_shows_its_code_by_role(role: Role) -> None:
    run = RunTold(
        1, 2, "j", 1, None, "ended", None, 0, None, None, None, "", [], {"gift": CODE, "note": "13711112222"},
        {"amount": 3}, frozenset({"gift"}),
    )  # fmt: skip
    who = Caller(1, "a@b.test", "a", role, None, "session", None, None)
    found = run_detail(run, None, shown(who, load_standard()))
    clear = Permission.COUPONS_CODES in PERMISSIONS[role]
    assert found.vars == {"gift": CODE if clear else "CT****GH", "note": "137****2222"}


@pytest.mark.parametrize(
    "path",
    [
        "/coupons/x/codes?after=9999999999999999999",
        "/coupons/x/codes?customer_id=9999999999999999999",
        f"/consents/ledger?before={2**70}",
        f"/suppressions?before={2**70}",
        f"/jobs/{2**70}",
        "/customers/1/timeline?before=-99999999999999999.1",
    ],
)
def test_numbers_too_large_are_refused(world: World, path: str) -> None:
    answer = world.signed_in(Role.ADMIN).get(f"/api/v1{path}")
    assert answer.status_code == 422, answer.text

"""Rates: tiers scale the trouble, a sealed population jitters all, and what is written wrong is refused."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onepool.demo.people.plan import Plan
from onepool.demo.people.rates import JITTER, TIERS, Rates, parse_rates, rates_for, read_rates
from onepool.errors import UsageError


def test_medium_is_what_the_design_says() -> None:
    rates = rates_for("medium")
    assert rates == Rates()
    assert (rates.phone_change, rates.phone_reissued, rates.twin) == (0.12, 0.4, 0.08)
    assert (rates.homophone, rates.pinyin, rates.title, rates.phone_digit) == (0.012, 0.03, 0.06, 0.006)


@pytest.mark.parametrize("tier", ["easy", "hard"])
def test_a_tier_scales_trouble_and_nothing_else(tier: str) -> None:
    medium, other = rates_for("medium"), rates_for(tier)  # type: ignore[arg-type]
    for one in dataclasses.fields(Rates):
        before, after = getattr(medium, one.name), getattr(other, one.name)
        if one.metadata["kind"] != "trouble":
            assert after == before
        elif one.name not in ("masked", "virtual_number"):  # these exclude each other, so that their sum is bounded
            assert after == pytest.approx(min(before * TIERS[tier], 0.97))  # type: ignore[index]


@given(st.integers(0, 2**31), st.sampled_from(["easy", "medium", "hard"]))
def test_sealed_rates_are_jittered_from_the_seed(seed: int, tier: str) -> None:
    plain = rates_for(tier, seed=seed)  # type: ignore[arg-type]
    sealed = rates_for(tier, seed=seed, sealed=True)  # type: ignore[arg-type]
    assert sealed == rates_for(tier, seed=seed, sealed=True)  # type: ignore[arg-type]
    assert sealed != plain
    for name, value in sealed.as_dict().items():
        if name not in ("masked", "virtual_number"):
            assert value <= plain.as_dict()[name] * (1 + JITTER) + 1e-6
            assert value >= min(plain.as_dict()[name] * (1 - JITTER), 0.97) - 1e-6


def test_overrides_are_taken_as_they_stand() -> None:
    assert rates_for("hard", {"twin": 0.5}).twin == 0.5
    assert rates_for("easy", {"title": 1.0}).title == 1.0
    assert rates_for("easy", {"twin": 0.5}).title == rates_for("easy").title


@pytest.mark.parametrize("wrong", [{"nothing": 0.1}, {"twin": 1.5}, {"twin": -0.1}])
def test_wrong_rates_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        rates_for("medium", wrong)


@pytest.mark.parametrize("wrong", ["twin", "twin=a", "=", ""])
def test_wrong_options_are_refused(wrong: str) -> None:
    with pytest.raises(UsageError):
        parse_rates([wrong])


def test_rates_come_from_a_file_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "rates.yaml"
    file.write_text("people: 10\nrates: {twin: 0.2, title: 0}\n", encoding="utf-8")
    assert read_rates(file) == {"twin": 0.2, "title": 0.0}
    file.write_text("- twin\n", encoding="utf-8")
    with pytest.raises(UsageError):
        read_rates(file)


@pytest.mark.parametrize("wrong", [Plan(people=1), Plan(days=1), Plan(seed=-1)])
def test_impossible_plans_are_refused(wrong: Plan) -> None:
    with pytest.raises(UsageError):
        wrong.checked()


def test_masked_and_virtual_exclude_each_other() -> None:
    rates = rates_for("hard")
    assert rates.masked + rates.virtual_number <= 0.97 + 1e-9
    assert np.isclose(rates.masked / rates.virtual_number, 0.8 / 0.7)

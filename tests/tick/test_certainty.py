"""Certainty: what strangers and relatives share does not make one person; contradictions are never joined."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from onepool.identity.matching import Model
from onepool.identity.matching.chinese import ADDRESS, GENDER, NAME, PHONE
from onepool.identity.matching.comparing import Spec
from onepool.identity.matching.kinds import kind_of
from onepool.identity.matching.model import Comparison
from onepool.tick import certainty

KINDS = {"name": NAME, "gender": GENDER, "birthday": kind_of("date"), "address": ADDRESS, "phone": PHONE}
NICKNAME = kind_of("nickname", hanzi=True)
SAME, SURNAME, OTHER = 0, 4, -1
"""Levels: the best, the surname only of a name, and the worst, counted from the end."""
MASKED = 1
"""The level of numbers of which a mask shows the same."""


def comparison(name: str, levels: tuple[str, ...], kind: str) -> Comparison:
    none = (0.5,) * len(levels)
    return Comparison(Spec(name, kind, kind in ("name", "address"), levels), none, none, none, none)


@pytest.fixture(scope="module")
def model() -> Model:
    """With the odds of some 20,000 persons; weights are given with the pairs."""
    kinds = {**KINDS, "nickname": NICKNAME}
    comparisons = tuple(comparison(name, kind.levels, kind.name) for name, kind in kinds.items())
    return Model({}, {}, comparisons, 2.0**-14, (), (), 0.995, 0.6, 0.4, 60, None, {})


def probability(model: Model, **told: tuple[int, float]) -> tuple[float, bool]:
    """Of a pair with (level, weight) of what both sides tell; no number was proved on both."""
    return _probability(model, [False], told)


def proved(model: Model, **told: tuple[int, float]) -> tuple[float, bool]:
    """The same where both sides proved one number."""
    return _probability(model, [True], told)


def _probability(model: Model, proved: list[bool], told: dict[str, tuple[int, float]]) -> tuple[float, bool]:
    columns: dict[str, list[float]] = {"left": [0], "right": [1], "probability": [0.5]}
    for one in model.comparisons:
        level, weight = told.get(one.spec.name, (None, 0.0))
        columns[f"level:{one.spec.name}"] = [-1 if level is None else level % len(one.spec.levels)]
        columns[f"weight:{one.spec.name}"] = [weight]
    pairs = pa.table(columns)
    return float(certainty.probabilities(pairs, model, np.array(proved))[0]), bool(certainty.against(pairs, model)[0])


def test_a_name_and_one_more_rare_thing_are_one_person(model: Model) -> None:
    for more in ({"address": (SAME, 14.0)}, {"birthday": (SAME, 12.0)}, {"phone": (SAME, 14.0)}):
        assert probability(model, name=(SAME, 15.0), **more)[0] > 0.995


def test_a_family_shares_surname_home_and_phone(model: Model) -> None:
    home, phone = (SAME, 15.0), (SAME, 15.0)
    assert probability(model, name=(SURNAME, 4.5), address=home, phone=phone)[0] < 0.99
    assert probability(model, address=home, phone=phone)[0] < 0.99
    # What is a person's own makes the difference; a birthday alone in one home may be a twin's.
    assert probability(model, name=(SURNAME, 4.5), phone=phone, birthday=(SAME, 12.0))[0] > 0.995
    assert probability(model, name=(SURNAME, 4.5), address=home, birthday=(SAME, 12.0))[0] < 0.99


def test_a_number_that_both_proved_is_no_relative_s(model: Model) -> None:
    told = {"name": (SURNAME, 4.5), "phone": (MASKED, 13.0), "gender": (SAME, 1.0)}
    assert probability(model, **told)[0] < 0.995
    assert probability(model, **told, nickname=(SAME, 4.0))[0] < 0.995
    assert proved(model, **told, nickname=(SAME, 6.0))[0] > 0.995
    # Who has the number since it was handed on shares nothing else.
    assert proved(model, phone=(SAME, 18.0))[0] < 0.99
    assert proved(model, **{**told, "name": (SURNAME, 3.5)})[0] < 0.99
    # 0.5 is what the model itself says.
    assert proved(model, **{**told, "name": (OTHER, -5.0)})[0] == 0.5
    assert proved(model, **told, birthday=(OTHER, -2.0)) == (0.5, True)


def test_a_namesake_is_somebody_else(model: Model) -> None:
    same = {"name": (SAME, 15.0), "gender": (SAME, 1.0)}
    assert probability(model, **same)[0] < 0.99
    # Nick names are made of names.
    assert probability(model, **same, nickname=(SAME, 9.0))[0] < 0.99


def test_another_birthday_or_sex_contradicts(model: Model) -> None:
    same = {"name": (SAME, 15.0), "address": (SAME, 15.0), "phone": (SAME, 15.0)}
    assert probability(model, **same, birthday=(OTHER, -2.0)) == (0.5, True)
    assert probability(model, **same, gender=(OTHER, -1.5)) == (0.5, True)
    # A digit mistyped is no other birthday.
    chance, against = probability(model, **same, birthday=(1, 0.2))
    assert chance > 0.995 and not against


def test_joins_close_no_contradiction() -> None:
    pairs = pa.table(
        {
            "a": [1, 2, 1],
            "b": [2, 3, 3],
            "probability": [0.999, 0.998, 0.0],
            "against": [False, False, True],
        }
    )
    assert certainty.joins(pairs, pa.array([1, 2, 3]), 0.995) == {(1, 2)}
    apart = pairs.slice(0, 2)
    assert certainty.joins(apart, pa.array([1, 2, 3]), 0.995) == {(1, 2), (2, 3)}
    assert certainty.joins(apart, pa.array([1, 2, 3]), 0.9999) == frozenset()

"""How sure a scored pair is of being one person and neither two strangers nor two of one family.

The model's weights tell a person from a stranger. A family shares surname, home and phone from one cause, so that these
together say less than their sum; and namesakes of one town are more than chance makes. Here both are counted apart:

- against **strangers** all comparisons count, but what namesakes share (region, sex, level) speaks against only;
- against **relatives** only what a family does not share: given name, birthday, nick name, e-mail address, sex; but a
  number that was proved on both sides (`tick/proving.py`) is no relative's;
- against **successors**, to whom such a number was handed on, all but the number.

The smallest of them, in bits, is the certainty. Another birthday or another sex rules a pair out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from onepool.identity.matching import Model, cluster
from onepool.identity.matching.comparing import Spec
from onepool.identity.matching.contradictions import contradicts

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

PHONES: Final = frozenset({"phone", "masked_phone"})
SHARED: Final = frozenset({"address", "region", "postcode", "text", "category", "product", "moment"})
"""Kinds besides that a family may share (a home, a company, a basket): they tell no relative apart."""
COMMON: Final = frozenset({"region", "postcode", "gender", "category", "text", "product"})
"""Kinds that namesakes share too, of one town or one sex, or of a taste: they speak against a pair, not for it."""
SURNAME_LEVELS: Final = frozenset({"same surname, given name not told", "same surname only"})
WHOLE_LEVELS: Final = frozenset({"same", "same sound and tone", "same sound, or spelled in pinyin"})
HOME_LEVELS: Final = 3
"""How many of the best levels of an address in Chinese tell a building at least; namesakes of a town share the rest."""

_SURNAME: Final = 5.0
"""Bits of a name that the surname has, and so a family."""
_GIVEN: Final = 10.0
"""Bits at least against relatives when the given name sounds the same too."""
_BIRTHDAY: Final = 7.0
"""Most bits that a birthday counts against relatives: there are twins."""
_BY_PHONE, _BY_HOME = 3.0, -1.0
"""Log2 odds of the same person against a relative, of what families share, before the rest: few give a relative's
phone, but all of a family live in one home."""
_BY_PROVED: Final = 9.0
"""The same where both sides proved the number: on marketplaces and by codes hardly anybody uses a relative's."""
_HANDED_ON: Final = 2.0
"""Log2 odds of the same person against a successor where both sides proved a number, before the rest. Seldom more than
one number in thirty was handed on; that more are assumed keeps those apart whose only name is a frequent surname."""
_OF_TOWN: Final = 3.0
"""Most bits that town, sex and level count beside such a number, which is sold again where it was sold before."""
_OWN: Final = 3.0
"""Bits by which agreement on what is rare is underrated: frequencies are counted with the person's own records."""
_AGREES: Final = 8.0
"""Bits from which a name or a phone counts as the same."""
_TOGETHER: Final = 0.4
"""Least mean probability of all pairs between two groups that become one; a pair that is not sure counts 0."""
_TRUSTED: Final = 0.99
"""Most that the model's own probability counts: it can't tell relatives apart."""


def against(pairs: pa.Table, model: Model) -> Bools:
    """Which scored pairs are contradicted: another birthday, another sex."""
    found = np.zeros(pairs.num_rows, np.bool_)
    for spec, level, _ in _comparisons(pairs, model):
        found |= contradicts(spec, level)
    return found


def probabilities(pairs: pa.Table, model: Model, proved: Bools | None = None) -> F64:
    """The probability of scored pairs (as `Model.score` has them): the model's own to _TRUSTED, above the certainty.

    `proved`: which pairs have a number in common that both sides proved; none where it is not said.
    """
    least = np.minimum.reduce(odds(pairs, model, np.zeros(pairs.num_rows, np.bool_) if proved is None else proved))
    certain = 1.0 / (1.0 + np.exp2(-np.clip(least, -60.0, 60.0)))
    certain[against(pairs, model)] = 0.0
    own = pairs.column("probability").to_numpy().astype(np.float64)
    found: F64 = np.maximum(certain, np.minimum(own, _TRUSTED))
    return found


def odds(pairs: pa.Table, model: Model, proved: Bools) -> tuple[F64, F64, F64]:
    """Log2 odds of one person against two strangers, against two relatives, and against who had a number before or
    after (without end where no number was proved on both sides)."""
    size = pairs.num_rows
    town, numbers = np.zeros(size), np.zeros(size)
    start = np.log2(model.prior / (1 - model.prior)) + _OWN
    strangers = np.full(size, start)
    relatives = np.zeros(size)
    named, called, phoned = np.zeros(size), np.zeros(size), np.zeros(size, np.bool_)
    for spec, level, weight in _comparisons(pairs, model):
        if spec.kind == "name":
            relatives += _told_of_relatives(spec, level, weight)
            named = np.maximum(named, weight)
            strangers += np.minimum(weight, 0.0)
        elif spec.kind == "nickname":
            called = np.maximum(called, weight)
            strangers += np.minimum(weight, 0.0)
        elif spec.kind == "address":
            strangers += np.where(level < (HOME_LEVELS if spec.hanzi else 2), weight, np.minimum(weight, 0.0))
        else:
            strangers += np.minimum(weight, 0.0) if spec.kind in COMMON else weight
        if spec.kind in COMMON:
            town += np.maximum(weight, 0.0)
        if spec.kind in PHONES:
            numbers += weight
            phoned |= weight > _AGREES
        elif spec.kind == "date":
            relatives += np.minimum(weight, _BIRTHDAY)
        elif spec.kind not in SHARED and spec.kind not in ("name", "nickname"):
            relatives += weight
    # Many a nick name is made of the given name: it says little more where that is known.
    strangers += np.maximum(named, called)
    relatives += np.maximum(called - np.where(named > _AGREES, named, 0.0), 0.0)
    relatives += np.where(phoned, np.where(proved, _BY_PROVED, _BY_PHONE), _BY_HOME)
    # Namesakes are often of one town, but whose numbers look alike is of any town.
    strangers += np.where(proved, np.minimum(town, _OF_TOWN), 0.0)
    successors = np.where(proved, _HANDED_ON + strangers - start - numbers, np.inf)
    return strangers, relatives, successors


def _told_of_relatives(spec: Spec, level: I64, weight: F64) -> F64:
    """What a comparison of names says against relatives: the surname nothing, in Chinese the given name much, however
    common it is, since no two of a family are called alike."""
    if not spec.hanzi:
        return np.where(weight < 0.0, weight, np.maximum(weight - _SURNAME, 0.0))
    places = {name: place for place, name in enumerate(spec.levels)}
    surname = np.isin(level, [places[name] for name in SURNAME_LEVELS if name in places])
    whole = np.isin(level, [places[name] for name in WHOLE_LEVELS if name in places])
    given = np.where(whole, np.maximum(weight - _SURNAME, _GIVEN), np.maximum(weight - _SURNAME, 0.0))
    return np.where(weight < 0.0, weight, np.where(surname, 0.0, given))


def _comparisons(pairs: pa.Table, model: Model) -> Iterator[tuple[Spec, I64, F64]]:
    for comparison in model.comparisons:
        name = comparison.spec.name
        level = pairs.column(f"level:{name}").to_numpy().astype(np.int64)
        weight = np.where(level >= 0, pairs.column(f"weight:{name}").to_numpy().astype(np.float64), 0.0)
        yield comparison.spec, level, weight


def joins(pairs: pa.Table, records: pa.Array, least: float) -> frozenset[tuple[int, int]]:
    """Which pairs (a, b, probability, against) may be joined without asking: those of a probability of at least `least`
    whose records lie in one cluster of them, no cluster holding a contradiction."""
    sure = pairs.filter(pc.greater_equal(pairs.column("probability"), least))
    if sure.num_rows == 0:
        return frozenset()
    scored = sure.select(["a", "b", "probability"]).rename_columns(["left", "right", "probability"])
    never = pairs.filter(pairs.column("against")).select(["a", "b"]).rename_columns(["left", "right"])
    clusters = cluster(scored, records, _TOGETHER, cannot_link=never)
    ids = clusters.column("record_id").combine_chunks()
    of = clusters.column("cluster").to_numpy()
    a, b = (of[pc.index_in(sure.column(side), value_set=ids).to_numpy()] for side in ("a", "b"))
    kept = sure.filter(pa.array(a == b))
    return frozenset(zip(kept.column("a").to_pylist(), kept.column("b").to_pylist(), strict=True))

"""The settings of a Splink model for prepared columns: comparisons as SQL levels, blocking rules, training rules.

Column ``n`` of the records is ``c<n>`` in SQL, and each of its keys ``c<n>k<m>``: no name given by a person is ever
part of a statement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa

from onepool.identity.matching.prepare import Column, Records

#: SQL of the levels below "same" by kind: label, condition; {c} is the column, {k:NAME} its key of that name
_LEVELS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "name": (
        ("same sound", "{k:syllables_l} = {k:syllables_r}"),
        ("nearly same", "jaro_winkler_similarity({c_l}, {c_r}) >= 0.92"),
        ("same surname, given name not told",
         "{k:surname_l} = {k:surname_r} and ({k:syllables_l} is null or {k:syllables_r} is null)"),
        ("same surname", "{k:surname_l} = {k:surname_r}"),
    ),
    "phone": (
        ("what is shown is the same", "{k:masked_l} = {k:masked_r} and (contains({c_l}, '*') or contains({c_r}, '*'))"),
        ("one digit wrong", "damerau_levenshtein({c_l}, {c_r}) <= 1 and not contains({c_l} || {c_r}, '*')"),
        ("same last four", "{k:last 4_l} = {k:last 4_r}"),
    ),
    "date": (
        ("one digit wrong", "damerau_levenshtein({c_l}, {c_r}) <= 1"),
        ("same year", "{k:year_l} = {k:year_r}"),
    ),
    "moment": (("same day", "{k:day_l} = {k:day_r}"),),
    "region": (("same city", "{k:city_l} = {k:city_r}"),),
    "address": (
        ("same room", "{k:room_l} = {k:room_r}"),
        ("alike", "jaro_winkler_similarity({c_l}, {c_r}) >= 0.9"),
    ),
}  # fmt: skip
_EXACT = frozenset(["gender", "category", "member_level", "product"])
_TEXT = (
    ("nearly same", "jaro_winkler_similarity({c_l}, {c_r}) >= 0.92"),
    ("alike", "jaro_winkler_similarity({c_l}, {c_r}) >= 0.8"),
)
#: key that says most of a column of this kind, by kind; else its first
_MAIN_KEY: Mapping[str, str] = {
    "name": "syllables",
    "phone": "masked",
    "region": "city",
    "address": "room",
    "date": "day",
    "moment": "day",
}
#: kinds whose value alone is mostly one person's
_SURE = frozenset(["phone", "email", "id_card", "exact_id"])


@dataclass(frozen=True)
class SqlColumn:
    """A column as Splink sees it."""

    name: str
    kind: str
    column: str
    keys: Mapping[str, str]

    @property
    def main(self) -> str:
        """The SQL column that two records of one person mostly share."""
        wanted = self.keys.get(_MAIN_KEY.get(self.kind, ""))
        return wanted or next(iter(self.keys.values()), self.column)


def sql_columns(records: Records) -> tuple[SqlColumn, ...]:
    """Names in SQL of the columns and their keys."""
    out = []
    for number, column in enumerate(records.columns.values()):
        keys = {name: f"c{number}k{place}" for place, name in enumerate(column.kind.keys())}
        kind = "phone" if column.kind.name == "masked_phone" else column.kind.name
        out.append(SqlColumn(column.name, kind, f"c{number}", keys))
    return tuple(out)


def sql_table(records: Records, columns: Sequence[SqlColumn]) -> pa.Table:
    """The records as Splink reads them: ``unique_id`` (position) and the columns; keys are made per distinct value."""
    out: dict[str, pa.Array] = {"unique_id": pa.array(range(len(records)), pa.int64())}
    for told in columns:
        column = records.columns[told.name]
        out[told.column] = _spread(column, list(column.values))
        functions = column.kind.keys()
        for name, key in told.keys.items():
            out[key] = _spread(column, functions[name](list(column.values)))
    return pa.table(out)


def _spread(column: Column, values: Sequence[str | None]) -> pa.Array:
    """A value per distinct value as a value per record."""
    # A code of -1 (missing) is the null at the end.
    places = np.where(column.codes < 0, len(values), column.codes)
    return pa.array([*values, None], pa.string()).take(pa.array(places))


def comparison(told: SqlColumn) -> dict[str, Any]:
    """The comparison of one column; agreement on the value is weighed by how rare it is."""
    levels: list[dict[str, Any]] = [
        {
            "sql_condition": f"{told.column}_l is null or {told.column}_r is null",
            "label_for_charts": "missing",
            "is_null_level": True,
        },
        {"sql_condition": f"{told.column}_l = {told.column}_r", "label_for_charts": "same"},
    ]
    if told.kind not in _EXACT:
        levels[1]["tf_adjustment_column"] = told.column
    more = () if told.kind in _EXACT else _LEVELS.get(told.kind, _TEXT)
    levels += [
        {"sql_condition": sql, "label_for_charts": label}
        for label, condition in more
        if (sql := _filled(condition, told)) is not None
    ]
    levels.append({"sql_condition": "ELSE", "label_for_charts": "different"})
    return {"output_column_name": told.column, "comparison_levels": levels}


def _filled(condition: str, told: SqlColumn) -> str | None:
    """The condition with the column's names; None if the kind in use (a generic one) has no such key."""
    for side in ("l", "r"):
        condition = condition.replace(f"{{c_{side}}}", f"{told.column}_{side}")
        for name, key in told.keys.items():
            condition = condition.replace(f"{{k:{name}_{side}}}", f"{key}_{side}")
    return None if "{" in condition else condition


def blocking_candidates(columns: Sequence[SqlColumn]) -> list[tuple[str, ...]]:
    """SQL columns that two records must share, one tuple per possible rule: sure columns alone, others by twos."""
    alone = [(told.main,) for told in columns if told.kind in _SURE]
    useful = [told for told in columns if told.kind not in _EXACT]
    pairs = [(a.main, b.main) for a, b in combinations(useful, 2)]
    names = [told for told in columns if told.kind == "name" and "surname" in told.keys]
    others = [told for told in useful if told.kind in ("phone", "date", "address")]
    surnames = [(name.keys["surname"], other.main) for name in names for other in others]
    return list(dict.fromkeys([*alone, *pairs, *surnames, *((told.main,) for told in useful)]))


def training_rules(columns: Sequence[SqlColumn]) -> list[tuple[str, ...]]:
    """SQL columns of which each tuple in turn is held equal while the weights of the other columns are learned."""
    order = ("name", "phone", "email", "date", "address")
    ranked = sorted((told for told in columns if told.kind in order), key=lambda told: order.index(told.kind))
    others = [told for told in columns if told.kind not in (*order, *_EXACT, "region", "nickname")]
    rules = [(told.main,) for told in (*ranked, *others)[:3]]
    # Records of market places hide name and phone alike: only here both are compared with whole ones.
    surnames = [told.keys["surname"] for told in columns if told.kind == "name" and "surname" in told.keys]
    places = [told.column for told in columns if told.kind == "region"]
    return [*rules, *((surname, place) for surname in surnames for place in places)]

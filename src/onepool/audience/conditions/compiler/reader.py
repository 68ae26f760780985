"""The expressions of plans read over arrays: the part of SQL that measures, windows and tests are written in.

`Reader.read` turns an expression into a function of columns once, and tells the type of what it gives; what it does not
know raises Unread, and is left to a query. Nothing is interpreted per row: each function works on whole columns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from sqlglot import exp

from onepool.audience.conditions.compiler.sql import E
from onepool.audience.conditions.compiler.vectors import (
    DOUBLE,
    INSTANT,
    NUMBERS,
    TRUTH,
    WHOLE,
    Columns,
    Run,
    Type,
    Unread,
    Vector,
    alike,
    always,
    constant,
    doubled,
    earliest,
    either,
    mask,
    on_values,
    scaled,
    sql_type,
)

_COMPARE: dict[type[E], Callable[[Any, Any], Any]] = {
    exp.EQ: np.equal,
    exp.NEQ: np.not_equal,
    exp.GT: np.greater,
    exp.GTE: np.greater_equal,
    exp.LT: np.less,
    exp.LTE: np.less_equal,
}


@dataclass(frozen=True)
class Reader:
    """Reads expressions. `types`: of the columns that there are; `inlined`: columns that stand for expressions."""

    types: Callable[[str], Type | None]
    params: Mapping[str, object]
    inlined: Mapping[str, E]

    def remembered(self, node: E) -> Callable[[Columns], Any]:
        """As `truth`; worked out once of the same columns, whoever asks for this very node. Raises Unread."""
        node = self._bare(node)
        run = self.truth(node)
        return lambda at: at.once(id(node), run)

    def truth(self, node: E) -> Callable[[Columns], Any]:
        """Where it is true; what is unknown is not. Raises Unread."""
        node = self._bare(node)
        match node:
            case exp.And() | exp.Or():
                # A chain of hundreds is a loop: functions may not call each other that deep.
                parts = [self.truth(one) for one in node.flatten()]
                join = np.bitwise_and if isinstance(node, exp.And) else np.bitwise_or
                return lambda at: reduce(join, (part(at) for part in parts))
            case exp.Boolean():
                known = bool(node.this)
                return lambda at: known
        kind, run = self.read(node)
        if kind != TRUTH:
            raise Unread(node.sql())
        return lambda at: run(at).values

    def read(self, node: E) -> tuple[Type, Run]:
        """The expression as a function of columns. Raises Unread."""
        node = self._bare(node)
        match node:
            case exp.Column():
                found = self.types(node.name)
                if found is None:
                    raise Unread(node.name)
                name = node.name
                return found, lambda at: at.column(name)
            case exp.Boolean():
                return TRUTH, always(bool(node.this))
            case exp.Null():
                return Type("nothing"), always(0, True)
            case exp.Literal() if not node.is_string and node.is_int:
                return WHOLE, always(int(node.this))
            case exp.Neg():
                kind, run = self.read(node.this)
                return kind, on_values(run, np.negative)
            case exp.Cast():
                return self._cast(node)
            case exp.And() | exp.Or():
                return TRUTH, self._connected(node)
            case exp.Not():
                return TRUTH, self._not(node)
            case exp.Is() if isinstance(node.expression, exp.Null):
                return TRUTH, self._is_null(node.this)
            case exp.EQ() | exp.NEQ() | exp.GT() | exp.GTE() | exp.LT() | exp.LTE():
                return TRUTH, self._compared(node)
            case exp.In():
                return TRUTH, self._among(node)
            case exp.Coalesce():
                return self._coalesce(node)
            case exp.Nullif():
                return self._nullif(node)
            case exp.Case():
                return self._case(node)
            case exp.Least() | exp.Greatest():
                return self._extreme(node)
            case exp.Add() | exp.Sub():
                return self._sum(node)
            case exp.Div():
                return self._quotient(node)
            case exp.IntDiv():
                return self._time_of(node)
            case exp.Anonymous():
                return self._function(node)
        raise Unread(type(node).__name__)

    def _bare(self, node: E) -> E:
        while True:
            if isinstance(node, exp.Paren):
                node = node.this
            elif isinstance(node, exp.Column) and node.name in self.inlined:
                node = self.inlined[node.name]
            else:
                return node

    def _text(self, node: E) -> str | None:
        """The text that a node is."""
        node = self._bare(node)
        if isinstance(node, exp.Placeholder):
            value = self.params.get(node.name)
            return value if isinstance(value, str) else None
        return str(node.this) if isinstance(node, exp.Literal) and node.is_string else None

    def _cast(self, node: exp.Cast) -> tuple[Type, Run]:
        to, text = sql_type(node.to), self._text(node.this)
        if text is not None:
            return constant(text, to)
        kind, run = self.read(node.this)
        if kind.kind == "nothing":
            return to, run
        if to == DOUBLE and kind.kind in ("whole", "decimal"):
            return DOUBLE, doubled(run, kind.scale)
        if to.kind == "decimal" and kind.kind in ("whole", "decimal") and kind.scale <= to.scale:
            return to, scaled(run, to.scale - kind.scale)
        if to == kind or (to == WHOLE and kind.kind == "instant"):
            return to, run
        raise Unread(node.sql())

    def _connected(self, node: exp.And | exp.Or) -> Run:
        parts = [self._truths(one)[1] for one in node.flatten()]
        all_of = isinstance(node, exp.And)

        def joined(one: Vector, other: Vector) -> Vector:
            (a, a_missing), (b, b_missing) = one, other
            holds = a & b if all_of else a | b
            if a_missing is None and b_missing is None:
                return Vector(holds)
            a_missing, b_missing = mask(a_missing), mask(b_missing)
            if all_of:
                return Vector(holds, (a_missing & (b | b_missing)) | (b_missing & (a | a_missing)))
            return Vector(holds, (a_missing | b_missing) & np.logical_not(holds))

        return lambda at: reduce(joined, (part(at) for part in parts))

    def _truths(self, node: E) -> tuple[Type, Run]:
        kind, run = self.read(node)
        if kind != TRUTH:
            raise Unread(node.sql())
        return kind, run

    def _not(self, node: exp.Not) -> Run:
        _, one = self._truths(node.this)

        def run(at: Columns) -> Vector:
            values, missing = one(at)
            turned = np.logical_not(values)
            return Vector(turned) if missing is None else Vector(turned & np.logical_not(missing), missing)

        return run

    def _is_null(self, node: E) -> Run:
        _, one = self.read(node)

        def run(at: Columns) -> Vector:
            values, missing = one(at)
            return Vector(np.zeros(np.shape(values), np.bool_) if missing is None else missing)

        return run

    def _compared(self, node: E) -> Run:
        one, other = self._bare(node.this), self._bare(node.expression)
        text = self._text(other)
        if text is not None:
            if isinstance(node, exp.EQ | exp.NEQ):
                return self._same_text(one, [text], wanted=isinstance(node, exp.EQ))
            raise Unread(node.sql())
        compare = _COMPARE[type(node)]
        (kind, left), (other_kind, right) = self.read(one), self.read(other)
        if kind.kind == other_kind.kind == "event" or kind == other_kind == TRUTH:
            if not isinstance(node, exp.EQ):
                raise Unread(node.sql())
        else:
            left, right = alike(kind, left, other_kind, right)

        def run(at: Columns) -> Vector:
            (a, a_missing), (b, b_missing) = left(at), right(at)
            missing = either(a_missing, b_missing)
            found = compare(a, b)
            return Vector(found) if missing is None else Vector(found & np.logical_not(missing), missing)

        return run

    def _same_text(self, node: E, texts: Sequence[str], *, wanted: bool) -> Run:
        """Whether a text is one of some (or none of them), looked up by its code."""
        otherwise: str | None = None
        if isinstance(node, exp.Coalesce):
            (second,) = node.expressions
            otherwise, node = self._text(second), self._bare(node.this)
            if otherwise is None:
                raise Unread(node.sql())
        kind, codes = self.read(node)
        if kind.kind != "words" or kind.labels:
            raise Unread(node.sql())

        def run(at: Columns) -> Vector:
            known = at.words(kind.column)
            fits = np.full(len(known) + 1, not wanted)
            for text in texts:
                if text in known:
                    fits[known[text]] = wanted
            found, missing = codes(at)
            if otherwise is None:
                fits[0] = False
                return Vector(fits[found], missing)
            fits[0] = (otherwise in texts) == wanted
            return Vector(fits[found])

        return run

    def _among(self, node: exp.In) -> Run:
        texts = [self._text(one) for one in node.expressions]
        known = [one for one in texts if one is not None]
        if not known or len(known) < len(texts):
            raise Unread(node.sql())
        return self._same_text(self._bare(node.this), known, wanted=True)

    def _coalesce(self, node: exp.Coalesce) -> tuple[Type, Run]:
        (second,) = node.expressions
        (kind, one), (other_kind, other) = self.read(node.this), self.read(second)
        if kind.kind == "decimal" and other_kind == WHOLE:
            other_kind, other = kind, scaled(other, kind.scale)
        if kind != other_kind or kind.kind == "words":
            raise Unread(node.sql())

        def run(at: Columns) -> Vector:
            values, missing = one(at)
            if missing is None:
                return Vector(values)
            otherwise, still = other(at)
            return Vector(np.where(missing, otherwise, values), None if still is None else missing & still)

        return kind, run

    def _nullif(self, node: exp.Nullif) -> tuple[Type, Run]:
        (kind, one), (other_kind, other) = self.read(node.this), self.read(node.expression)
        if kind.kind not in (*NUMBERS, "double") or other_kind != WHOLE:
            raise Unread(node.sql())

        def run(at: Columns) -> Vector:
            values, missing = one(at)
            return Vector(values, either(missing, values == other(at).values))

        return kind, run

    def _case(self, node: exp.Case) -> tuple[Type, Run]:
        if node.this is not None:
            raise Unread(node.sql())
        default = node.args.get("default")
        choices = [(self.remembered(one.this), one.args["true"]) for one in node.args["ifs"]]
        values = [value for _, value in choices] + ([default] if default is not None else [])
        texts = [self._text(one) for one in values]
        if any(one is not None for one in texts):
            labels = tuple(dict.fromkeys(one for one in texts if one is not None))
            if None in texts:
                raise Unread(node.sql())
            kind = Type("words", labels=labels)
            runs = [always(labels.index(str(one)) + 1) for one in texts]
        else:
            read = [self.read(one) for one in values]
            kinds = {kind for kind, _ in read}
            if len(kinds) != 1 or (kind := kinds.pop()).kind == "words":
                raise Unread(node.sql())
            runs = [run for _, run in read]
        if default is None and len(choices) == 1 and kind.kind != "words":
            return kind, _only_where(choices[0][0], runs[0])

        def run(at: Columns) -> Vector:
            found, missing = runs[-1](at) if default is not None else Vector(0, True)
            for (holds, _), value in reversed(list(zip(choices, runs, strict=False))):
                here, absent = value(at)
                true = holds(at)
                found = np.where(true, here, found)
                missing = None if missing is None and absent is None else np.where(true, mask(absent), mask(missing))
            if kind.kind == "words":
                found = np.where(mask(missing), 0, found)
            return Vector(found, missing)

        return kind, run

    def _extreme(self, node: exp.Least | exp.Greatest) -> tuple[Type, Run]:
        """What is missing does not count, unless all are."""
        read = [self.read(one) for one in (node.this, *node.expressions)]
        kinds = {kind for kind, _ in read}
        if isinstance(node, exp.Greatest) or len(kinds) != 1 or (kind := kinds.pop()).kind not in NUMBERS:
            raise Unread(node.sql())
        runs = [run for _, run in read]
        return kind, lambda at: earliest([run(at) for run in runs])

    def _sum(self, node: exp.Add | exp.Sub) -> tuple[Type, Run]:
        more = 0
        first: E = node
        while isinstance(first, exp.Add | exp.Sub) and (last := self._whole_number(first.expression)) is not None:
            # So much more, in one go.
            more, first = more + (last if isinstance(first, exp.Add) else -last), self._bare(first.this)
        if first is not node:
            kind, one = self.read(first)
            if kind.kind != "whole":
                raise Unread(node.sql())
            return kind, on_values(one, lambda values: values + more)
        (kind, one), (other_kind, other) = self.read(node.this), self.read(node.expression)
        if kind.kind != "whole" or other_kind.kind != "whole":
            raise Unread(node.sql())
        add = np.add if isinstance(node, exp.Add) else np.subtract

        def run(at: Columns) -> Vector:
            (a, a_missing), (b, b_missing) = one(at), other(at)
            return Vector(add(a, b), either(a_missing, b_missing))

        return kind, run

    def _whole_number(self, node: E) -> int | None:
        node = self._bare(node)
        return int(node.this) if isinstance(node, exp.Literal) and not node.is_string and node.is_int else None

    def _quotient(self, node: exp.Div) -> tuple[Type, Run]:
        if not isinstance(self._bare(node.expression), exp.Nullif):
            raise Unread(node.sql())
        (kind, one), (other_kind, other) = self.read(node.this), self.read(node.expression)
        if kind != DOUBLE or other_kind not in (WHOLE, DOUBLE):
            raise Unread(node.sql())

        def run(at: Columns) -> Vector:
            (a, a_missing), (b, b_missing) = one(at), other(at)
            missing = either(a_missing, b_missing)
            return Vector(a / (b if missing is None else np.where(missing, 1, b)), missing)

        return DOUBLE, run

    def _time_of(self, node: exp.IntDiv) -> tuple[Type, Run]:
        """The time in an order key (`sql.key_micros`)."""
        kind, run = self.read(node.this)
        if kind.kind != "event":
            raise Unread(node.sql())

        def time(at: Columns) -> Vector:
            events, missing = run(at)
            return Vector(at.time_of(events), missing)

        return WHOLE, time

    def _function(self, node: exp.Anonymous) -> tuple[Type, Run]:
        name = str(node.this).lower()
        if name not in ("epoch_us", "make_timestamptz"):
            raise Unread(name)
        kind, run = self.read(node.expressions[0])
        wanted, given = (INSTANT, WHOLE) if name == "epoch_us" else (WHOLE, INSTANT)
        if kind != wanted:
            raise Unread(node.sql())
        return given, run


def _only_where(holds: Callable[[Columns], Any], value: Run) -> Run:
    """The value where it holds; else there is none."""

    def run(at: Columns) -> Vector:
        found, absent = value(at)
        otherwise = np.logical_not(holds(at))
        return Vector(found, otherwise if absent is None else absent | otherwise)

    return run

"""An expression as SQL. What is missing is NULL; truths are never missing (what is unknown is not true)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlglot import exp

from onepool.audience.conditions.compiler.scope import table
from onepool.audience.conditions.compiler.sql import E, certain, col, double, either, fn, named, number, paren, when
from onepool.audience.tags.expression.syntax import Constant, Node, Operation, Reference
from onepool.audience.tags.expression.typing import POPULATION_FUNCTIONS
from onepool.audience.tags.population import keyed, percentiles, point_of

LARGEST = 1e15
"""Powers and exponentials beyond it are missing."""

_LARGEST_EXPONENT = 34.0
_PLACES = 100


@dataclass
class Lines:
    """Columns that are computed one upon another, so that none is written twice where it is used twice."""

    prefix: str
    columns: list[tuple[str, E]] = field(default_factory=list)
    _levels: dict[str, int] = field(default_factory=dict)

    def once(self, value: E) -> E:
        """The value as a column, unless it is one."""
        if isinstance(value, exp.Column | exp.Literal):
            return value
        name = f"{self.prefix}{len(self.columns) + 1}"
        self.columns.append((name, value))
        self._levels[name] = 1 + max((self._levels.get(one.name, 0) for one in value.find_all(exp.Column)), default=0)
        return col(name)

    def over(self, source: str) -> exp.Select:
        """A selection of nothing yet, from the source with all columns."""
        query: exp.Select = exp.select(exp.Star()).from_(table(source))
        for level in range(1, max(self._levels.values(), default=0) + 1):
            here = [named(value, name) for name, value in self.columns if self._levels[name] == level]
            query = exp.select(exp.Star(), *here).from_(
                query.subquery(f"{self.prefix}{level}") if level > 1 else table(source)
            )
        return (
            exp.select().from_(query.subquery(f"{self.prefix}lines"))
            if self._levels
            else exp.select().from_(table(source))
        )


@dataclass
class Writer:
    """Writes one tag's expression. `references`: the column of each; `compared`: that of each comparison's operand."""

    name: str
    references: Callable[[Reference], E]
    lines: Lines
    population: str
    compared: list[str] = field(default_factory=list)

    def value(self, node: Node) -> E:
        match node:
            case Constant():
                return _constant(node.value)
            case Reference():
                return self.references(node)
        return self._operation(node)

    def _operation(self, node: Operation) -> E:
        if node.name in POPULATION_FUNCTIONS:
            return self._comparison(node.name, self.compared.index(key_of(node)))
        parts = [self.value(one) for one in node.operands]
        if node.name in _SIGNS:
            found = _SIGNS[node.name](this=paren(parts[0]), expression=paren(parts[1]))
            return certain(found) if node.name in _TRUTHS else found
        match node.name:
            case "/":
                return exp.Div(this=paren(parts[0]), expression=exp.Nullif(this=parts[1], expression=double(0)))
            case "negate":
                return exp.Neg(this=paren(parts[0]))
            case "not":
                return exp.Not(this=paren(parts[0]))
            case "if":
                return when((parts[0], parts[1]), otherwise=parts[2])
            case "coalesce":
                return exp.func("COALESCE", *parts)
            case "known":
                return exp.Not(this=exp.Is(this=paren(parts[0]), expression=exp.null()))
            case "min" | "max":
                return self._extreme("LEAST" if node.name == "min" else "GREATEST", parts)
            case "clamp":
                return self._extreme("LEAST", [self._extreme("GREATEST", parts[:2]), parts[2]])
            case "round":
                digits = node.operands[1] if len(node.operands) == 2 else None
                places = int(digits.value) if isinstance(digits, Constant) else 0
                return exp.Round(this=parts[0], decimals=number(places))
            case "abs" | "floor" | "ceil":
                return fn(node.name, parts[0])
        return self._guarded(node.name, parts)

    def _guarded(self, name: str, parts: list[E]) -> E:
        """Functions that are not defined everywhere."""
        x = self.lines.once(parts[0])
        zero = double(0)
        match name:
            case "sqrt":
                return when((exp.GTE(this=x, expression=zero), fn("sqrt", x.copy())))
            case "ln":
                return when((exp.GT(this=x, expression=zero), fn("ln", x.copy())))
            case "log":
                more = exp.Add(this=x.copy(), expression=double(1))
                return when((exp.GT(this=x, expression=double(-1)), fn("ln", more)))
            case "exp":
                return when((exp.LTE(this=x, expression=double(_LARGEST_EXPONENT)), fn("exp", x.copy())))
        y = self.lines.once(parts[1])
        whole = exp.EQ(this=fn("floor", y.copy()), expression=y.copy())
        defined = either(
            exp.GT(this=x, expression=zero),
            paren(exp.and_(exp.LT(this=x.copy(), expression=double(0)), whole)),
            paren(exp.and_(exp.EQ(this=x.copy(), expression=double(0)), exp.GTE(this=y, expression=double(0)))),
        )
        found = self.lines.once(when((defined, fn("pow", x.copy(), y.copy()))))
        return when((exp.LTE(this=fn("abs", found), expression=double(LARGEST)), found.copy()))

    def _extreme(self, name: str, parts: list[E]) -> E:
        """LEAST and GREATEST pass over what is missing; here it makes the whole missing."""
        once = [self.lines.once(part) for part in parts]
        missing = either(*(exp.Is(this=part.copy(), expression=exp.null()) for part in once))
        return when((missing, exp.null()), otherwise=exp.func(name, *once))

    def _comparison(self, name: str, place: int) -> E:
        x = col(f"{self.name} arg{place}")
        present = exp.Not(this=exp.Is(this=x.copy(), expression=exp.null()))
        if name == "min_max":
            low, high = (point_of(self.name, f"arg{place}:{end}", self.population) for end in ("low", "high"))
            span = exp.Nullif(this=paren(exp.Sub(this=high, expression=low)), expression=double(0))
            share = exp.Div(this=paren(exp.Sub(this=x, expression=low.copy())), expression=span)
            return when((present, exp.func("GREATEST", double(0), exp.func("LEAST", double(1), _or_zero(share)))))
        points = _points(self.name, place, self.population)
        one = exp.to_identifier("p")
        below = exp.Lambda(this=exp.LTE(this=exp.column("p"), expression=x.copy()), expressions=[one])
        reached = fn("len", fn("list_filter", points, below))
        return when((present, _or_zero(exp.Div(this=exp.cast(reached, "DOUBLE"), expression=double(_PLACES)))))


def key_of(node: Operation) -> str:
    """Comparisons of the same kind with the same operand are one."""
    return f"{node.name} {shape_of(node.operands[0])}"


def shape_of(node: Node) -> str:
    """A node without places: equal ones have equal text."""
    match node:
        case Constant():
            return repr(node.value)
        case Reference():
            return f"{node.sort}.{node.name}"
    return f"{node.name}({','.join(map(shape_of, node.operands))})"


def measured_points(name: str, place: int, function: str, source: str) -> list[exp.Query]:
    """What all customers look like in one comparison's operand, as rows (tag, key, number)."""
    value = col(f"{name} arg{place}")
    if function == "min_max":
        ends = (("low", exp.Min), ("high", exp.Max))
        return [
            keyed(name, f"arg{place}:{key}", exp.select(named(end(this=value.copy()), "number")).from_(table(source)))
            for key, end in ends
        ]
    return [percentiles(name, f"arg{place}:", source, value)]


def _points(name: str, place: int, population: str) -> E:
    same = exp.EQ(this=col("tag"), expression=exp.Literal.string(name))
    here = fn("starts_with", col("key"), exp.Literal.string(f"arg{place}:"))
    return exp.select(fn("list", col("number"))).from_(table(population)).where(same, here).subquery()


def _or_zero(value: E) -> E:
    return exp.func("COALESCE", value, double(0))


def _constant(value: float | str | bool) -> E:
    if isinstance(value, bool):
        return exp.true() if value else exp.false()
    return exp.Literal.string(value) if isinstance(value, str) else double(value)


_TRUTHS = ("<", "<=", ">", ">=", "=", "!=", "and", "or")
_SIGNS: dict[str, type[exp.Binary]] = {
    "+": exp.Add,
    "-": exp.Sub,
    "*": exp.Mul,
    "<": exp.LT,
    "<=": exp.LTE,
    ">": exp.GT,
    ">=": exp.GTE,
    "=": exp.EQ,
    "!=": exp.NEQ,
    "and": exp.And,
    "or": exp.Or,
}

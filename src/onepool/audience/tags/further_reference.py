"""The further kinds, plainly (see reference.py): imported, sequence, quiet states, RFM, expressions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Any, TypeGuard

from onepool.audience.conditions.names import Context
from onepool.audience.conditions.reference import Event, History, attribute_at, holds
from onepool.audience.conditions.texts import read_text
from onepool.audience.tags.expression.sql import LARGEST, key_of
from onepool.audience.tags.expression.syntax import Constant, Node, Operation, Reference, parse_expression, walk
from onepool.audience.tags.expression.typing import POPULATION_FUNCTIONS
from onepool.audience.tags.further import ExpressionTag, ImportTag, RfmTag, SequenceTag
from onepool.audience.tags.model import EventSource, FigureSource, Quiet, StateTag
from onepool.audience.tags.rfm_cells import cell_labels
from onepool.clock import to_micros

DAY = 86_400_000_000
Events = Callable[[EventSource, Any, History, int, Context], list[Event]]
FigureOf = Callable[[FigureSource, Any, History, int, Context], float | None]
Population = Mapping[str, float]


def percentile(values: Sequence[float], percent: float) -> float:
    """The least value such that at least that share of all is not above it."""
    share = int(Decimal(str(percent)) * 10_000)
    ranked = sorted(values)
    return next(value for place, value in enumerate(ranked, 1) if place * 1_000_000 >= len(ranked) * share)


def imported(tag: ImportTag, history: History, at: datetime) -> str | None:
    """The latest value given for the customer; here imports are facts of the attribute `tag:NAME`."""
    return attribute_at(history, f"tag:{tag.tag}", to_micros(at))


def sequence(tag: SequenceTag, history: History, at: datetime, ctx: Context) -> str | None:
    """The value while the sequence holds."""
    return tag.value if holds(tag.leaf(), history, at, ctx) else tag.otherwise


def state(
    tag: StateTag, history: History, at: datetime, ctx: Context, population: Population, events: Events
) -> str | None:
    """The first rule that holds."""
    for place, rule in enumerate(tag.states):
        if rule.quiet is not None:
            if quiet(rule.quiet, history, at, ctx, population.get(f"quiet{place}"), events):
                return rule.value
        elif rule.when is not None and holds(rule.when, history, at, ctx):
            return rule.value
    return tag.otherwise


def gaps(source: Quiet, history: History, at: datetime, ctx: Context, events: Events) -> list[int]:
    """Spans between one event and the next, of a day or more."""
    times = [event.time for event in events(source, None, history, to_micros(at), ctx)]
    return [later - earlier for earlier, later in pairwise(times) if later - earlier >= DAY]


def quiet(rule: Quiet, history: History, at: datetime, ctx: Context, span: float | None, events: Events) -> bool:
    """Whether it is longer ago than usual."""
    times = [event.time for event in events(rule, None, history, to_micros(at), ctx)]
    own = gaps(rule, history, at, ctx, events)
    if rule.of == "own" and len(own) >= rule.min_intervals:
        span = percentile(own, rule.percentile)
    return bool(times) and span is not None and to_micros(at) - max(times) > span


def rfm_figures(
    tag: RfmTag, history: History, at: datetime, ctx: Context, events: Events, figure: FigureOf
) -> tuple[int, int, Decimal] | None:
    """(microseconds since the last purchase, purchases, money), None without a purchase."""
    found = events(tag.source, tag.within, history, to_micros(at), ctx)
    if not found:
        return None
    base = {key: tag.source.__dict__[key] for key in ("did", "where", "at")}
    often = FigureSource.model_construct(**_figure(base, tag.frequency, True))
    money = FigureSource.model_construct(**_figure({**base, "currency": tag.source.currency}, "sum", tag.source.sum))
    paid = figure(money, tag.within, history, to_micros(at), ctx)
    return (
        to_micros(at) - max(event.time for event in found),
        int(figure(often, tag.within, history, to_micros(at), ctx) or 0),
        Decimal(repr(paid or 0.0)).quantize(Decimal("0.0001"), ROUND_HALF_UP),
    )


def _figure(base: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("times", "days", "sum", "avg", "min", "max", "distinct", "currency"))
    return {**empty, **base, name: value}


def rfm_population(tag: RfmTag, figures: Sequence[tuple[int, int, Decimal]]) -> dict[str, float]:
    """Where each dimension is cut."""
    if tag.by == "value" or not figures:
        return {}
    found: dict[str, float] = {}
    for name, values in zip(("recency", "frequency", "monetary"), zip(*figures, strict=True), strict=True):
        if tag.by == "rank":
            percents = [50] if tag.cells == 8 else [20, 40, 60, 80]
            found |= {f"{name}{place}": float(percentile(values, one)) for place, one in enumerate(percents)}
        elif name == "recency":
            found["recency0"] = float(sum(values) // len(values))
        else:
            mean = float(sum(values)) / len(values)
            found[f"{name}0"] = mean if name == "frequency" else round(mean, 4)
    return found


def rfm(tag: RfmTag, figures: tuple[int, int, Decimal] | None, population: Population) -> str | None:
    """The label of the customer's cell."""
    if figures is None:
        return None
    points: dict[str, list[Any]] = {
        name: [population[f"{name}{place}"] for place in range(1 if tag.cells == 8 else 4)]
        if tag.at is None
        else list(getattr(tag.at, name))
        for name in ("recency", "frequency", "monetary")
    }
    if tag.at is not None:
        points["recency"] = [round(one * DAY) for one in points["recency"]]
    age, often, money = figures

    def over(value: Any, point: Any) -> bool:
        return bool(value >= point if tag.by == "value" else value > point)

    late = sum(age > point for point in points["recency"])
    cents = [Decimal(str(point)).quantize(Decimal("0.0001"), ROUND_HALF_EVEN) for point in points["monetary"]]
    scores = (
        len(points["recency"]) + 1 - late,
        1 + sum(over(often, point) for point in points["frequency"]),
        1 + sum(over(money, point) for point in cents),
    )
    return cell_labels(tag)["".join(map(str, scores))]


class Evaluator:
    """One customer's expression: missing is None; a truth is never missing."""

    def __init__(
        self, tag: ExpressionTag, history: History, at: datetime, ctx: Context, figure: FigureOf, population: Population
    ) -> None:
        self._tag, self._history, self._at, self._ctx = tag, history, at, ctx
        self._figure, self._population = figure, population
        self.tree = parse_expression(tag.expression)
        self.compared = list(dict.fromkeys(key_of(node) for node in walk(self.tree) if _compares(node)))

    def value(self, node: Node | None = None) -> Any:
        """What a node gives."""
        node = self.tree if node is None else node
        match node:
            case Constant():
                return node.value
            case Reference():
                return self._reference(node)
        if _compares(node):
            return self._comparison(node)
        if node.name == "coalesce":
            return next((found for one in node.operands if (found := self.value(one)) is not None), None)
        if node.name == "if":
            return self.value(node.operands[1] if self.value(node.operands[0]) else node.operands[2])
        return self._apply(node.name, [self.value(one) for one in node.operands])

    def operand(self, key: str) -> float | None:
        """The operand of a comparison with all customers."""
        node = next(one for one in walk(self.tree) if _compares(one) and key_of(one) == key)
        found: float | None = self.value(node.operands[0])
        return found

    def _reference(self, node: Reference) -> Any:
        if node.sort == "input":
            source = self._tag.inputs[node.name]
            return self._figure(source, source.within, self._history, to_micros(self._at), self._ctx)
        if node.sort == "tag":
            tag = self._history.tags.get(node.name)
            number = self._ctx.names.tags[node.name].type == "number"
            return None if tag is None else tag.number if number else tag.value
        kind = str(self._ctx.names.attributes[node.name])
        text = attribute_at(self._history, node.name, to_micros(self._at))
        found = None if text is None else read_text(text, kind, self._ctx.tz)
        if kind == "BOOLEAN":
            return bool(found)
        return found if found is None or kind == "VARCHAR" else float(found)

    def _comparison(self, node: Operation) -> float | None:
        place = self.compared.index(key_of(node))
        x = self.value(node.operands[0])
        if x is None:
            return None
        if node.name == "min_max":
            low, high = (self._population.get(f"arg{place}:{end}") for end in ("low", "high"))
            span = None if low is None or high is None else high - low
            return float(max(0.0, min(1.0, (x - low) / span))) if span and low is not None else 0.0
        points = [value for key, value in self._population.items() if key.startswith(f"arg{place}:")]
        return len([point for point in points if point <= x]) / 100

    def _apply(self, name: str, values: list[Any]) -> Any:
        if name == "known":
            return values[0] is not None
        if name in ("and", "or"):
            return all(values) if name == "and" else any(values)
        if name == "not":
            return not values[0]
        missing = any(value is None for value in values)
        if name in _TESTS:
            return False if missing else _TESTS[name](*values)
        return None if missing else _number(name, values)


_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def _number(name: str, values: list[float]) -> float | None:
    x, y = values[0], values[-1]
    match name:
        case "+":
            return x + y
        case "-":
            return x - y
        case "*":
            return x * y
        case "/":
            return x / y if y else None
        case "negate":
            return -x
        case "min" | "max":
            return min(values) if name == "min" else max(values)
        case "clamp":
            return min(max(values[:2]), values[2])
        case "abs":
            return abs(x)
        case "floor" | "ceil":
            return float(math.floor(x) if name == "floor" else math.ceil(x))
        case "round":
            digits = int(y) if len(values) == 2 else 0
            scaled = math.floor(abs(x) * 10**digits + 0.5) / 10**digits
            return math.copysign(scaled, x)
        case "sqrt":
            return math.sqrt(x) if x >= 0 else None
        case "ln":
            return math.log(x) if x > 0 else None
        case "log":
            return math.log(x + 1) if x > -1 else None
        case "exp":
            return math.exp(x) if x <= 34 else None
    if not (x > 0 or (x < 0 and y == math.floor(y)) or (x == 0 and y >= 0)):
        return None
    try:
        found = math.pow(x, y)
    except OverflowError:
        return None
    return found if abs(found) <= LARGEST else None


def _compares(node: Node) -> TypeGuard[Operation]:
    return isinstance(node, Operation) and node.name in POPULATION_FUNCTIONS


def expression_population(evaluators: Sequence[Evaluator]) -> dict[str, float]:
    """What all customers look like in each comparison."""
    found: dict[str, float] = {}
    for place, key in enumerate(evaluators[0].compared if evaluators else []):
        values = [value for one in evaluators if (value := one.operand(key)) is not None]
        if not values:
            continue
        if key.startswith("min_max"):
            found |= {f"arg{place}:low": min(values), f"arg{place}:high": max(values)}
        else:
            found |= {f"arg{place}:{percent:03d}": percentile(values, percent) for percent in range(1, 101)}
    return found

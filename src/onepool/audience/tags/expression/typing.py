"""What an expression gives, and whether it makes sense: number, text or truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from onepool.audience.conditions.errors import Problem, closest
from onepool.audience.conditions.names import KINDS, Names
from onepool.audience.tags.expression.syntax import (
    Constant,
    ExpressionFault,
    Node,
    Operation,
    Reference,
    parse_expression,
    walk,
)
from onepool.audience.tags.further import ExpressionTag

Type: TypeAlias = Literal["number", "text", "truth", "any"]
PLACE = "expression"


@dataclass(frozen=True, slots=True)
class Function:
    """`takes`: types of the operands (the last one repeats where `more`); "any": all of one type, the result's."""

    takes: tuple[Type, ...]
    gives: Type
    zh: str
    en: str
    more: bool = False
    optional: int = 0


FUNCTIONS: dict[str, Function] = {
    "abs": Function(("number",), "number", "绝对值", "absolute value"),
    "round": Function(("number", "number"), "number", "四舍五入（小数位数）", "rounded (to digits)", optional=1),
    "floor": Function(("number",), "number", "向下取整", "the next whole number below"),
    "ceil": Function(("number",), "number", "向上取整", "the next whole number above"),
    "sqrt": Function(("number",), "number", "平方根；负数为缺失", "square root; missing below 0"),
    "log": Function(("number",), "number", "ln(1+x)；x≤-1 为缺失", "ln(1 + x); missing at or below -1"),
    "ln": Function(("number",), "number", "自然对数；非正数为缺失", "natural logarithm; missing at or below 0"),
    "exp": Function(("number",), "number", "e 的幂", "e to the power"),
    "pow": Function(("number", "number"), "number", "幂", "to the power; missing where it is no number"),
    "min": Function(("number",), "number", "最小的一个", "the least", more=True),
    "max": Function(("number",), "number", "最大的一个", "the greatest", more=True),
    "clamp": Function(("number", "number", "number"), "number", "限制在两数之间", "held between two numbers"),
    "coalesce": Function(("any",), "any", "第一个不缺失的值", "the first that is not missing", more=True),
    "if": Function(
        ("truth", "any", "any"), "any", "条件成立取前者，否则取后者", "the first if it holds, else the second"
    ),
    "known": Function(("any",), "truth", "不缺失", "is not missing"),
    "rank_share": Function(
        ("number",),
        "number",
        "在全体客户中的名次（0 到 1，百分位）",
        "place among all customers, 0 to 1, in hundredths",
    ),
    "min_max": Function(
        ("number",), "number", "在全体客户最小值与最大值之间（0 到 1）", "between the least (0) and greatest (1) of all"
    ),
}
POPULATION_FUNCTIONS = ("rank_share", "min_max")
_SIGNS: dict[str, tuple[Type, Type]] = {
    **dict.fromkeys(("+", "-", "*", "/"), ("number", "number")),
    **dict.fromkeys(("<", "<=", ">", ">="), ("number", "truth")),
    **dict.fromkeys(("=", "!="), ("any", "truth")),
    **dict.fromkeys(("and", "or"), ("truth", "truth")),
}


def tree_of(tag: ExpressionTag) -> Node | None:
    """The tag's tree; None where it can't be read."""
    try:
        return parse_expression(tag.expression)
    except ExpressionFault:
        return None


def gives_text(tag: ExpressionTag) -> bool:
    """Whether the value is a text. Judged by its own texts: a lone text attribute or tag is one too, see `check`."""
    tree = tree_of(tag)
    return tree is not None and _texts(tree)


def tags_named(tag: ExpressionTag) -> frozenset[str]:
    """The tags that it reads."""
    tree = tree_of(tag)
    nodes = walk(tree) if tree is not None else iter(())
    return frozenset(node.name for node in nodes if isinstance(node, Reference) and node.sort == "tag")


def compares(tag: ExpressionTag) -> bool:
    """Whether it compares a customer with all customers."""
    tree = tree_of(tag)
    nodes = walk(tree) if tree is not None else iter(())
    return any(isinstance(node, Operation) and node.name in POPULATION_FUNCTIONS for node in nodes)


def check(tag: ExpressionTag, names: Names) -> list[Problem]:
    """Every fault of the expression, with the character it is at."""
    try:
        tree = parse_expression(tag.expression)
    except ExpressionFault as fault:
        return [Problem(PLACE, f"{fault.message} (character {fault.at})")]
    checker = _Checker(tag, names)
    found = checker.type_of(tree)
    if found == "truth":
        checker.problems.append(Problem(PLACE, "it gives true or false: write if(…, 'yes', 'no')"))
    if found == "text" and not gives_text(tag):
        checker.problems.append(Problem(PLACE, "a text alone is no formula: use a tag of kind attribute or state"))
    if found == "text" and tag.cut is not None:
        checker.problems.append(Problem("cut", "only numbers are cut into layers"))
    unused = set(tag.inputs) - {node.name for node in walk(tree) if isinstance(node, Reference)}
    checker.problems += [Problem(f"inputs.{name}", "the expression does not use it") for name in sorted(unused)]
    return checker.problems


def _texts(node: Node) -> bool:
    match node:
        case Constant():
            return isinstance(node.value, str)
        case Operation(name="if"):
            return len(node.operands) == 3 and any(_texts(one) for one in node.operands[1:])
        case Operation(name="coalesce"):
            return any(_texts(one) for one in node.operands)
    return False


class _Checker:
    def __init__(self, tag: ExpressionTag, names: Names) -> None:
        self._tag = tag
        self._names = names
        self.problems: list[Problem] = []
        self._inside = False

    def type_of(self, node: Node) -> Type:
        """The node's type; "any" where that is unknown because of a fault already noted."""
        match node:
            case Constant():
                return "truth" if isinstance(node.value, bool) else "text" if isinstance(node.value, str) else "number"
            case Reference():
                return self._reference(node)
            case Operation(name="negate"):
                return self._all(node, "number", "number")
            case Operation(name="not"):
                return self._all(node, "truth", "truth")
            case Operation() if node.name in _SIGNS:
                wanted, gives = _SIGNS[node.name]
                if wanted == "any":
                    self._alike(node.operands, node)
                    return gives
                return self._all(node, wanted, gives)
        return self._call(node)

    def _reference(self, node: Reference) -> Type:
        if node.sort == "input":
            if node.name not in self._tag.inputs:
                known = [*self._tag.inputs, *FUNCTIONS, *(f"tag.{name}" for name in self._names.tags)]
                self._fault(node, f"there is no input {node.name}", closest(node.name, known))
                return "any"
            return "number"
        if node.sort == "tag":
            tag = self._names.tags.get(node.name)
            if tag is None:
                self._fault(node, f"there is no tag {node.name}", closest(node.name, self._names.tags))
                return "any"
            if tag.type == "list":
                self._fault(node, f"the tag {node.name} is a list: its values can't be computed with")
                return "any"
            return "number" if tag.type == "number" else "text"
        sql_type = self._names.attributes.get(node.name)
        if sql_type is None:
            self._fault(node, f"there is no attribute {node.name}", closest(node.name, self._names.attributes))
            return "any"
        kind = KINDS.get(str(sql_type), "any")
        found: Type | None = {"text": "text", "number": "number", "money": "number", "boolean": "truth"}.get(kind)  # type: ignore[assignment]
        if found is None:
            self._fault(node, f"the attribute {node.name} is {kind}: numbers, texts and true/false can be used")
            return "any"
        return found

    def _call(self, node: Operation) -> Type:
        function = FUNCTIONS.get(node.name)
        if function is None:
            self._fault(node, f"there is no function {node.name}", closest(node.name, FUNCTIONS))
            return "any"
        least, most = len(function.takes) - function.optional, len(function.takes)
        if len(node.operands) < least or (len(node.operands) > most and not function.more):
            wanted = f"{least} or more" if function.more else str(least) if least == most else f"{least} to {most}"
            self._fault(node, f"{node.name} takes {wanted} values, not {len(node.operands)}")
            return function.gives
        if node.name == "round" and len(node.operands) == 2 and not _digits(node.operands[1]):
            self._fault(node, "round wants a whole number of digits, 0 to 9")
        if node.name in POPULATION_FUNCTIONS:
            return self._population(node)
        free = [one for one, kind in zip(node.operands, _taken(function, node), strict=True) if kind == "any"]
        for one, kind in zip(node.operands, _taken(function, node), strict=True):
            if kind != "any":
                self._want(one, kind)
        shared = self._alike(tuple(free), node) if free else "any"
        return shared if function.gives == "any" else function.gives

    def _population(self, node: Operation) -> Type:
        if self._inside:
            self._fault(node, f"{node.name} can't stand inside of another comparison with all customers")
        before, self._inside = self._inside, True
        self._want(node.operands[0], "number")
        self._inside = before
        return "number"

    def _all(self, node: Operation, wanted: Type, gives: Type) -> Type:
        for one in node.operands:
            self._want(one, wanted)
        return gives

    def _want(self, node: Node, wanted: Type) -> None:
        found = self.type_of(node)
        if found not in ("any", wanted):
            self._fault(node, f"a {wanted} is wanted here, this is a {found}")

    def _alike(self, nodes: tuple[Node, ...], over: Node) -> Type:
        found = [one for one in map(self.type_of, nodes) if one != "any"]
        if len(set(found)) > 1:
            self._fault(over, f"these must be of one type: {', '.join(found)}")
        return found[0] if found else "any"

    def _fault(self, node: Node, message: str, suggestion: str | None = None) -> None:
        self.problems.append(Problem(PLACE, f"{message} (character {node.at})", suggestion))


def _taken(function: Function, node: Operation) -> list[Type]:
    takes = list(function.takes)
    return (takes + [takes[-1]] * max(0, len(node.operands) - len(takes)))[: len(node.operands)]


def _digits(node: Node) -> bool:
    return isinstance(node, Constant) and isinstance(node.value, float) and node.value in range(10)

"""A template taken apart: literal text, and pieces that each depend on a few variables.

Because templates can't assign anything, every output or block of one stands alone: it is rendered once for each
combination of the values that it names, and the parts are joined column by column (`render`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from liquid import BlockNode, BoundTemplate, Node
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import FilteredExpression, Path
from liquid.builtin.expressions.primitive import IntegerLiteral
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.case_tag import CaseNode, MultiExpressionBlockNode
from liquid.builtin.tags.comment_tag import CommentNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.builtin.tags.unless_tag import UnlessNode
from liquid.exceptions import LiquidError

from onepool.audience.conditions.errors import Problem, closest
from onepool.reach.messages.language import FILTERS, MAX_SOURCE, SHORTENING, language_of

LINK = "links."


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a template that names something. ``plain``: it is the variable itself, without filters."""

    template: BoundTemplate
    names: tuple[str, ...]
    plain: bool


@dataclass(frozen=True, slots=True)
class Compiled:
    """A template in pieces. ``names``: what it depends on, links as ``links.name``."""

    source: str
    pieces: tuple[str | Piece, ...]
    names: tuple[str, ...]
    html: bool
    template: BoundTemplate

    @property
    def text(self) -> str | None:
        """The text, where it names nothing."""
        return None if self.names else "".join(one for one in self.pieces if isinstance(one, str))


@lru_cache(maxsize=4096)
def compiled(source: str, language: str, html: bool = False) -> Compiled:
    """A template that `faults` found nothing wrong with. Raises LiquidError for others."""
    tongue = language_of(language, html=html)
    template = tongue.from_string(source)
    pieces: list[str | Piece] = []
    for node in template.nodes:
        if isinstance(node, ContentNode):
            pieces.append(node.text)
        elif not isinstance(node, CommentNode):
            pieces.append(_piece(node, template))
    whole = tuple(dict.fromkeys(name for one in pieces if isinstance(one, Piece) for name in one.names))
    return Compiled(source, _constant(pieces, whole), whole, html, template)


def faults(source: str, language: str, known: Iterable[str], html: bool = False) -> tuple[list[Problem], set[str]]:
    """What is wrong with a template (places are empty), and the names that it uses. ``known``: names there are."""
    if len(source) > MAX_SOURCE:
        return [Problem("", f"a template has at most {MAX_SOURCE:,} characters")], set()
    try:
        template = language_of(language, html=html).from_string(source)
        analysis = template.analyze()
    except LiquidError as error:
        return [Problem("", _explained(error, source))], set()
    found: list[Problem] = []
    names = set()
    there = set(known)
    for variables in analysis.globals.values():
        for variable in variables:
            name = ".".join(str(part) for part in variable.segments)
            if name in there:
                names.add(name)
                continue
            root = str(variable.segments[0])
            if root in there:
                found.append(Problem("", f"{{{{ {name} }}}}: a variable has no parts", root))
            else:
                what = "link" if root == "links" else "variable"
                found.append(Problem("", f"there is no {what} {name.removeprefix(LINK)}", closest(name, there)))
    for name in analysis.filters:
        if name not in FILTERS:
            told = f"there is no filter {name}; there are {', '.join(FILTERS)}"
            found.append(Problem("", told, closest(name, FILTERS)))
    return list(dict.fromkeys(found)), names


def longest(one: Compiled, most: Mapping[str, int | None]) -> tuple[int, int | None]:
    """The shortest and longest text that a template can become. ``most``: the longest of each name; None: no end."""
    return _length(one.template.nodes, most)


def _constant(pieces: list[str | Piece], names: tuple[str, ...]) -> tuple[str | Piece, ...]:
    """Neighbouring texts as one; a piece that names nothing (`{{ "x" }}`) as its text."""
    found: list[str | Piece] = []
    for piece in pieces:
        one = piece if isinstance(piece, str) or piece.names else piece.template.render()
        if isinstance(one, str) and found and isinstance(found[-1], str):
            found[-1] += one
        elif one != "":
            found.append(one)
    return tuple(found)


def _piece(node: Node, template: BoundTemplate) -> Piece:
    alone = BoundTemplate(template.env, [node])
    analysis = alone.analyze()
    names = {".".join(str(part) for part in one.segments) for found in analysis.globals.values() for one in found}
    plain = (
        isinstance(node, OutputNode)
        and isinstance(node.expression, FilteredExpression)
        and isinstance(node.expression.left, Path)
        and not node.expression.filters
    )
    return Piece(alone, tuple(sorted(names)), plain)


def _length(nodes: Iterable[Node], most: Mapping[str, int | None]) -> tuple[int, int | None]:
    lengths = [_node_length(node, most) for node in nodes]
    return sum(low for low, _ in lengths), _sum(high for _, high in lengths)


def _node_length(node: Node, most: Mapping[str, int | None]) -> tuple[int, int | None]:
    if isinstance(node, ContentNode):
        return len(node.text), len(node.text)
    if isinstance(node, CommentNode):
        return 0, 0
    if isinstance(node, OutputNode):
        return 0, _output_length(node.expression, most)
    if isinstance(node, BlockNode):
        return _length(node.nodes, most)
    if isinstance(node, CaseNode):
        # Every `when` that fits is written, also twice.
        return 0, _sum(_node_length(one.block if isinstance(one, MultiExpressionBlockNode) else one, most)[1]
                       for one in node.blocks for _ in range(_choices(one)))  # fmt: skip
    if not isinstance(node, IfNode | UnlessNode):
        return 0, None
    blocks: list[Node] = [node.consequence, *(one.block for one in node.alternatives)]
    blocks += [node.default] if node.default is not None else []
    lengths = [_node_length(one, most) for one in blocks]
    highs = [high for _, high in lengths if high is not None]
    least = 0 if node.default is None else min(low for low, _ in lengths)
    return least, None if len(highs) < len(lengths) else max(highs)


def _choices(block: Node) -> int:
    return len(block.expression.expressions) if isinstance(block, MultiExpressionBlockNode) else 1


def _sum(lengths: Iterable[int | None]) -> int | None:
    found = list(lengths)
    return None if None in found else sum(one for one in found if one is not None)


def _output_length(expression: Any, most: Mapping[str, int | None]) -> int | None:
    if not isinstance(expression, FilteredExpression):
        return None
    length: int | None = None
    if isinstance(expression.left, Path):
        length = most.get(".".join(str(part) for part in expression.left.path))
    elif hasattr(expression.left, "value"):
        length = len(str(expression.left.value))
    for one in expression.filters or ():
        if one.name == SHORTENING:
            first = one.args[0].value if one.args else None
            told = 20 if first is None else first.value if isinstance(first, IntegerLiteral) else None
            length = told if length is None else min(length, told) if told is not None else length
        elif one.name == "default" and one.args:
            stands = getattr(one.args[0].value, "value", None)
            length = max(length, len(str(stands))) if length is not None and stands is not None else None
        elif one.name not in ("upcase", "downcase", "strip", "strip_html"):
            length = {"date": 40, "money": 24, "number": 24}.get(one.name)
    return length


def _explained(error: LiquidError, source: str) -> str:
    message = str(error.message or "this is no template")
    token = error.token
    if token is None or token.start_index < 0:
        return message
    near = source[token.start_index : token.start_index + 20].split("\n")[0]
    line = source.count("\n", 0, token.start_index) + 1
    return f"{message} (line {line}, at “{near}”)"

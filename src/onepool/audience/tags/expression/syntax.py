"""From text to a tree. Precedence, lowest first: or, and, not, comparison (one at most), + -, * /, unary minus.

0.5 * rank_share(views) + if(attribute.age >= 18, 0.2, 0) + coalesce(tag.basket_size, 0) / 100
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

MAX_DEPTH = 40
MAX_NODES = 400

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d{1,14}(?:\.\d{1,9})?)|(?P<text>'(?:[^']|'')*'|\"[^\"]*\")"
    r"|(?P<name>[^\W\d]\w*(?:\.[^\W\d]\w*)?)|(?P<sign><=|>=|!=|<>|==|[-+*/(),<>=]))"
)
_COMPARISONS = ("<", "<=", ">", ">=", "=", "!=")


class ExpressionFault(Exception):
    """What is wrong with an expression, and at which character (from 1)."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.message = message
        self.at = at


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, a text or true/false."""

    value: float | str | bool
    at: int


@dataclass(frozen=True, slots=True)
class Reference:
    """A figure (`views`), an attribute (`attribute.age`) or a tag (`tag.basket_size`)."""

    sort: str
    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator or a function, by name, on its operands. `negate` is the unary minus."""

    name: str
    operands: tuple[Node, ...]
    at: int


Node: TypeAlias = Constant | Reference | Operation


@lru_cache(maxsize=1024)
def parse_expression(text: str) -> Node:
    """The tree of an expression. Raises ExpressionFault.

    >>> parse_expression("1 + 2 * views").operands[1].name
    '*'
    """
    return _Parser(text).whole()


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it."""
    yield node
    if isinstance(node, Operation):
        for operand in node.operands:
            yield from walk(operand)


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str, str, int]] = []
        self._place = 0
        self._depth = 0
        at = 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None:
                start = at + len(text[at:]) - len(text[at:].lstrip())
                raise ExpressionFault(f"`{text[start]}` can't stand here", start + 1)
            kind = match.lastgroup
            assert kind is not None
            self._tokens.append((kind, match[kind], match.start(kind) + 1))
            at = match.end()
        if len(self._tokens) > 2 * MAX_NODES:
            raise ExpressionFault("the expression is too long", 1)

    def whole(self) -> Node:
        found = self._either()
        if self._place < len(self._tokens):
            _, word, at = self._tokens[self._place]
            raise ExpressionFault(f"`{word}` can't stand here: an operator is wanted before it", at)
        return found

    def _either(self) -> Node:
        return self._joined("or", lambda: self._joined("and", self._negation))

    def _joined(self, word: str, part: object) -> Node:
        assert callable(part)
        found: Node = part()
        while (at := self._taken("name", word)) is not None:
            found = Operation(word, (found, part()), at)
        return found

    def _negation(self) -> Node:
        at = self._taken("name", "not")
        return self._comparison() if at is None else Operation("not", (self._deeper(self._negation),), at)

    def _comparison(self) -> Node:
        left = self._sum()
        kind, word, at = self._peek()
        word = {"==": "=", "<>": "!="}.get(word, word)
        if kind == "sign" and word in _COMPARISONS:
            self._place += 1
            return Operation(word, (left, self._sum()), at)
        return left

    def _sum(self) -> Node:
        found = self._product()
        while self._peek()[:2] in (("sign", "+"), ("sign", "-")):
            _, word, at = self._next()
            found = Operation(word, (found, self._product()), at)
        return found

    def _product(self) -> Node:
        found = self._unary()
        while self._peek()[:2] in (("sign", "*"), ("sign", "/")):
            _, word, at = self._next()
            found = Operation(word, (found, self._unary()), at)
        return found

    def _unary(self) -> Node:
        at = self._taken("sign", "-")
        return self._single() if at is None else Operation("negate", (self._deeper(self._unary),), at)

    def _single(self) -> Node:
        kind, word, at = self._next()
        if kind == "number":
            return Constant(float(word), at)
        if kind == "text":
            return Constant(word[1:-1].replace("''", "'") if word[0] == "'" else word[1:-1], at)
        if (kind, word) == ("sign", "("):
            found = self._deeper(self._either)
            self._wanted(")")
            return found
        if kind != "name" or word in ("and", "or", "not"):
            raise ExpressionFault(f"`{word}` can't stand here: a value is wanted" if word else "it ends too early", at)
        if word in ("true", "false"):
            return Constant(word == "true", at)
        if self._taken("sign", "(") is not None:
            return Operation(word, self._operands(), at)
        sort, _, name = word.rpartition(".")
        if sort not in ("", "tag", "attribute"):
            raise ExpressionFault(f"`{sort}.` is not known here: tag.NAME, attribute.NAME or the name of an input", at)
        return Reference(sort or "input", name, at)

    def _operands(self) -> tuple[Node, ...]:
        if self._taken("sign", ")") is not None:
            return ()
        found = [self._deeper(self._either)]
        while self._taken("sign", ",") is not None:
            found.append(self._deeper(self._either))
        self._wanted(")")
        return tuple(found)

    def _deeper(self, part: object) -> Node:
        assert callable(part)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ExpressionFault("nested too deeply", self._peek()[2])
        found: Node = part()
        self._depth -= 1
        return found

    def _peek(self) -> tuple[str, str, int]:
        return self._tokens[self._place] if self._place < len(self._tokens) else ("", "", len(self._text) + 1)

    def _next(self) -> tuple[str, str, int]:
        found = self._peek()
        self._place += 1
        return found

    def _taken(self, kind: str, word: str) -> int | None:
        if self._peek()[:2] != (kind, word):
            return None
        return self._next()[2]

    def _wanted(self, sign: str) -> None:
        if self._taken("sign", sign) is None:
            raise ExpressionFault(f"`{sign}` is wanted here", self._peek()[2])

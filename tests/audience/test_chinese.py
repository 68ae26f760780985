"""Whatever a checker can say is said in Chinese too: every message is looked up in the code that says it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import onepool
from onepool.audience.conditions.bilingual import Catalogue
from onepool.audience.conditions.chinese import CONDITIONS
from onepool.audience.tags.chinese import TAGS
from onepool.journeys.chinese import JOURNEYS
from onepool.reach.chinese import REACH

SOURCE = Path(onepool.__file__).parent
SAYING = {"Problem", "PydanticCustomError", "_wrong", "_fault", "ExpressionFault", "QueryRefused", "ValueError"}
ROOMS: list[tuple[str, Catalogue]] = [
    ("audience/conditions/*.py", CONDITIONS),
    ("audience/conditions/standing/*.py", CONDITIONS),
    ("audience/conditions/sequence/*.py", CONDITIONS),
    ("audience/conditions/anchors/*.py", CONDITIONS),
    ("audience/tags/**/*.py", TAGS),
    ("audience/definitions.py", TAGS),
    ("api/tagging.py", TAGS),
    ("pool/guard.py", TAGS),
    ("journeys/checks/*.py", JOURNEYS),
    ("journeys/parse.py", JOURNEYS),
    ("journeys/moments.py", JOURNEYS),
    ("reach/policies.py", REACH),
    ("reach/policy_model.py", REACH),
    ("reach/broadcasts/model.py", REACH),
    ("reach/broadcasts/checking.py", REACH),
]
HOLE = "\0"
FILLERS = ("x", "3", "tag", "", "$x.y", "; known are x", "an entry", "entry", "text")
# Said of programs to programs, never of what somebody wrote.
INTERNAL = {
    f"{HOLE} can't be evaluated", f"{HOLE} is not put in: see with_params", f"{HOLE} is no test of times",
    f"the kind {HOLE} is computed as a whole (tags/computed.py)",
}  # fmt: skip


def filled(text: str) -> list[str]:
    """The text with something in its holes, which are a name in some sentences, a number or nothing in others."""
    holes = re.sub(r"\{\w+\}", HOLE, text)
    return [text, *(holes.replace(HOLE, one) for one in FILLERS)]


def example(node: ast.expr) -> str | None:
    """The text that an expression makes, a hole where a value goes in."""
    if isinstance(node, ast.Constant):
        text = node.value if isinstance(node.value, str) else None
    elif isinstance(node, ast.JoinedStr):
        text = "".join(str(one.value) if isinstance(one, ast.Constant) else HOLE for one in node.values)
    elif isinstance(node, ast.IfExp):
        return example(node.body)
    else:
        text = None
    return text


def said(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, message) of all that the checkers of a file say: handed over, or gathered in a variable first."""
    for node in ast.walk(tree):
        found: list[ast.expr] = []
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in SAYING:
                found = [*node.args[:3]]
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in (
            "said",
            "told",
            "message",
            "which",
        ):
            found = [node.value]
        elif isinstance(node, ast.FunctionDef) and node.name.endswith("_fault"):
            found = [one.value for one in ast.walk(node) if isinstance(one, ast.Return) and one.value is not None]
        for one in found:
            text = example(one)
            # Places and codes are single words; what begins with a point or colon goes behind a message.
            if text is not None and " " in text.strip() and text[0] not in ";:":
                yield one.lineno, text


@pytest.mark.parametrize(("room", "catalogue"), ROOMS, ids=[room for room, _ in ROOMS])
def test_every_sentence_has_a_counterpart(room: str, catalogue: Catalogue) -> None:
    files = sorted(SOURCE.glob(room))
    assert files
    missing = []
    for file in files:
        for line, text in said(ast.parse(file.read_text(encoding="utf-8"))):
            if text not in INTERNAL and not any(catalogue.chinese(one) for one in filled(text)):
                missing.append(f"{file.relative_to(SOURCE)}:{line}: {text}")
    assert missing == []


def test_words_are_kept_and_kinds_are_named() -> None:
    assert CONDITIONS.both("there is no event order_payed") == "没有事件 order_payed / there is no event order_payed"
    # What a thing is called in Chinese stands in the Chinese half alone.
    told = "Notice (通知) may not carry marketing by the platform's rules; use it where the text is a notice only"
    zh, en = JOURNEYS.both(told).split(" / ")
    assert zh.startswith("通知：") and en.startswith("Notice may not carry marketing")
    kinds = CONDITIONS.chinese("the attribute city is text; its tests are is, in")
    assert kinds == "属性 city 的类型是文本，可用的比较有 is, in"
    inside = TAGS.chinese("a number is wanted here, this is a text (character 7)")
    assert inside == "这里需要数字，给的是文本（第 7 个字符）"
    assert JOURNEYS.chinese("the window ends before it begins") == "时间范围的结束早于开始"
    strange = "something nobody said"
    assert TAGS.chinese(strange) is None and TAGS.both(strange) == strange

"""Every promise of identity is named by what proves it, and random histories are long enough to mean something."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.identity import test_compiled, test_twin_invariants

TESTS = Path(__file__).parents[1]
PROMISES = {f"P{number}" for number in range(1, 21)}
STEPS = 10_000


def told(path: Path) -> set[str]:
    """The promises that the docstrings of a file and of its tests, rules and checks name."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    bodies = [one for one in ast.walk(tree) if isinstance(one, ast.Module | ast.ClassDef | ast.FunctionDef)]
    return {name for one in bodies for name in re.findall(r"\bP\d+\b", ast.get_docstring(one) or "")}


def test_every_promise_is_named_by_a_test() -> None:
    files = [*(TESTS / "identity").rglob("*.py"), TESTS / "tick" / "test_identity_killed.py"]
    named = set().union(*(told(path) for path in files if path != Path(__file__)))
    assert PROMISES - named == set()
    assert named - PROMISES == set()


def test_the_machines_take_enough_steps() -> None:
    """Each of them says at its end how many it took: some histories end before their last step."""
    assert test_twin_invariants.STEPS + test_compiled.STEPS >= STEPS

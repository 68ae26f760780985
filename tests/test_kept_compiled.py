"""What was compiled is kept under a name that changes with every source that is compiled into it."""

from __future__ import annotations

from pathlib import Path

from onepool import compiled

SOURCES = Path(compiled.__file__).parent


def test_every_source_of_compiled_functions_counts() -> None:
    """A function of one file is inside those that call it: without the file's share in the name the old one stays."""
    marks = ("@compiled", "numba.njit", "@njit")
    found = [path for path in SOURCES.rglob("*.py") if any(mark in path.read_text(encoding="utf-8") for mark in marks)]
    assert len(found) > 10
    for path in found:
        assert path.relative_to(SOURCES).parts[0] in compiled._ROOMS, path
        assert any(sign in path.read_bytes() for sign in compiled._SIGNS), path

"""What was compiled is kept under a name that changes with every source that is compiled into it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from onepool import compiled
from onepool.identity import warm

SOURCES = Path(compiled.__file__).parent


def test_every_source_of_compiled_functions_counts() -> None:
    """A function of one file is inside those that call it: without the file's share in the name the old one stays."""
    marks = ("@compiled", "numba.njit", "@njit")
    found = [path for path in SOURCES.rglob("*.py") if any(mark in path.read_text(encoding="utf-8") for mark in marks)]
    assert len(found) > 10
    for path in found:
        assert path.relative_to(SOURCES).parts[0] in compiled._ROOMS, path
        assert any(sign in path.read_bytes() for sign in compiled._SIGNS), path


def test_what_was_compiled_once_is_not_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until a file has changed, which numba sees by its time and size."""
    files, times = [tmp_path / "one.py", tmp_path / "two.py"], []
    for file in files:
        file.write_text("")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(warm, "sources", lambda: iter(files))
    monkeypatch.setattr(warm, "warm", lambda: times.append(1))
    warm.ready()
    warm.ready()
    assert len(times) == 1
    os.utime(files[1], ns=(1, 1))
    warm.ready()
    warm.ready()
    assert len(times) == 2
    for library in (warm.numba, warm.llvmlite, warm.np):
        monkeypatch.setattr(library, "__version__", "another")
        warm.ready()
        warm.ready()
    assert len(times) == 5


def test_what_broke_off_is_no_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise MemoryError

    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(warm, "warm", broken)
    for _ in range(2):
        with pytest.raises(MemoryError):
            warm.ready()

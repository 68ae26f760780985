"""That files are being taken in is known to every process, and forgotten with the process that took them in."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest

from onepool.clock import FakeClock
from onepool.collect.files.underway import importing, underway
from onepool.imports import import_into
from onepool.workspace import init_workspace


@pytest.mark.parametrize("dry_run", [False, True])
def test_while_a_file_is_read_and_written_it_is_known(tmp_path: Path, dry_run: bool) -> None:
    workspace = init_workspace(tmp_path / "ws", clock=FakeClock(datetime(2026, 11, 1, 12, tzinfo=UTC)))
    path = tmp_path / "orders.csv"
    heads = ("\u8ba2\u5355\u53f7", "\u624b\u673a\u53f7", "\u4ed8\u6b3e\u65f6\u95f4", "\u5b9e\u4ed8\u91d1\u989d")
    path.write_text(",".join(heads) + "\nA1,13800138001,2026-10-01 10:00:00,20\n")
    seen: dict[str, bool] = {}

    def progress(what: str, done: int, total: int) -> None:
        seen[what.split()[0]] = importing(workspace.data)

    assert import_into(workspace, "orders", [path], dry_run=dry_run, progress=progress).accepted == 1
    assert seen["reading"] is not dry_run and seen["writing"] is not dry_run
    assert not seen.get("applying") and not importing(workspace.data)
    workspace.close()


def test_an_import_that_was_killed_holds_up_nobody(tmp_path: Path) -> None:
    assert not importing(tmp_path)
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        with underway(tmp_path):
            os.write(tell, b"x")
            signal.pause()
    os.read(told, 1)
    with underway(tmp_path):
        assert importing(tmp_path)
    assert importing(tmp_path)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert not importing(tmp_path)

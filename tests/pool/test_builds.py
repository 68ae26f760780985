"""Builds of the behaviour index: none yet, killed, of another pool, no longer read."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from tests.pool.indexed import Pool, seen_by


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    return Pool(tmp_path)


def test_nothing_is_read_before_a_build(pool: Pool) -> None:
    pool.commit([seen_by(1)])
    with pool.engine.read() as session:
        assert pool.index.state(session) is None
        assert pool.index.gather(session, np.array([1]), ["event"]) is None
    assert pool.index.due() == "there is none"


def test_a_build_that_was_killed_is_thrown_away(tmp_path: Path) -> None:
    """SIGKILL in the middle of a build: the build before it is read on, and the half one is gone."""
    path = tmp_path / "pool.duckdb"
    first = Pool(tmp_path / "index", path=path)
    first.commit([seen_by(1, 2), seen_by(2, 3)])
    assert first.index.build(threading.Event())
    first.engine.close()
    child = subprocess.Popen(
        [sys.executable, "-c", _HALF_A_BUILD, str(tmp_path / "index"), str(path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "half\n"
    child.kill()
    child.wait(30)
    child.stdout.close()
    assert list((tmp_path / "index").glob("*.part"))
    again = Pool(tmp_path / "index", path=path)
    assert not list((tmp_path / "index").glob("*.part"))
    status = again.index.status()
    assert (status.serving, status.events, status.tail) == (True, 2, 1)
    with again.engine.read() as session:
        state = again.index.state(session)
        assert state is not None
        again.same(session, state)
    again.engine.close()


_HALF_A_BUILD = """
import sys, threading, time
from pathlib import Path
sys.path.insert(0, ".")
from tests.pool.indexed import Pool, seen_by
class Hang(threading.Event):
    def is_set(self):
        if list(folder.glob("*.part/channel.npy")):
            print("half", flush=True)
            time.sleep(600)
        return False
folder = Path(sys.argv[1])
pool = Pool(folder, path=Path(sys.argv[2]))
pool.number = 100
pool.commit([seen_by(1, 5)])
pool.index.build(Hang())
"""


def test_a_build_of_another_pool_is_not_taken_for_this_ones(tmp_path: Path) -> None:
    first = Pool(tmp_path)
    first.commit([seen_by(1)])
    assert first.index.build(threading.Event())
    second = Pool(tmp_path)
    second.commit([seen_by(1)])
    assert not second.index.status().serving
    with second.engine.read() as session:
        assert second.index.state(session) is None


def test_a_build_goes_once_nobody_reads_it(pool: Pool) -> None:
    pool.commit([seen_by(1)])
    assert pool.index.build(threading.Event())
    with pool.engine.read() as session:
        held = pool.index.state(session)
    assert held is not None
    assert pool.index.build(threading.Event())
    assert held.gather(np.array([1]), ["event"]).num_rows == 1
    assert held.base.folder.exists()
    del held
    gc.collect()
    assert len(list(pool.folder.iterdir())) == 1

"""A mark of the state changes with every write that anybody commits, and with nothing else."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from sqlalchemy import select

from onepool.state import State
from onepool.state.schema import meta
from onepool.state.store import set_meta
from onepool.state.watch import Watch


def test_a_mark_changes_with_every_committed_write_and_only_then(tmp_path: Path) -> None:
    one, other = State.at(tmp_path / "state.sqlite"), State.at(tmp_path / "state.sqlite")
    with closing(one), closing(other), closing(Watch(one)) as watch:
        first = watch.mark()
        with one.read() as connection:
            connection.execute(select(meta)).all()
        assert watch.mark() == first
        for number, writer in enumerate((one, other)):
            before = watch.mark()
            with writer.write() as connection:
                set_meta(connection, "watched", str(number))
                assert watch.mark() == before
            assert watch.mark() != before
        before = watch.mark()
        try:
            with one.write() as connection:
                set_meta(connection, "watched", "taken back")
                raise LookupError
        except LookupError:
            pass
        assert watch.mark() == before

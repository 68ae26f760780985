"""Reading a file ahead and joining its blocks changes nothing of what is read."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest

from onepool.collect.files import ahead
from onepool.collect.files.blocks import Block, BrokenRow


def block(first: int, rows: int, name: str = "a") -> Block:
    numbers = list(range(first, first + rows))
    return Block(
        pa.table({name: [str(one) for one in numbers]}),
        pa.array(numbers, pa.int64()),
        [BrokenRow(first, "r", "m", "s")],
    )


def test_pieces_come_in_their_order_and_none_is_lost() -> None:
    assert list(ahead.read_ahead(range(100))) == list(range(100))
    assert list(ahead.read_ahead([])) == []


def test_a_fault_is_raised_after_the_pieces_before_it() -> None:
    def pieces() -> Iterator[int]:
        yield 1
        raise OSError("the disk is gone")

    found = []
    with pytest.raises(OSError, match="gone"):
        for piece in ahead.read_ahead(pieces()):
            found.append(piece)
    assert found == [1]


def test_who_stops_reading_makes_no_more() -> None:
    made: list[int] = []

    def pieces() -> Iterator[int]:
        try:
            for number in range(100):
                made.append(number)
                yield number
        finally:
            made.append(-1)

    source = pieces()  # held, so that nothing but closing it ends it
    reading = ahead.read_ahead(source)
    assert next(reading) == 0
    reading.close()
    assert made.pop() == -1
    assert len(made) <= 3


def test_blocks_are_joined_up_to_a_size_and_only_within_one_layout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "_ROWS", 5)
    given = [block(1, 3), block(4, 3), block(7, 3), block(10, 1, "b"), block(11, 9, "b"), block(20, 1, "a")]
    found = list(ahead.together(given))
    assert [one.rows.to_pylist() for one in found] == [
        list(range(1, 7)), list(range(7, 10)), list(range(10, 20)), [20],
    ]  # fmt: skip
    assert [one.table.column_names for one in found] == [["a"], ["a"], ["b"], ["a"]]
    assert sum(len(one.broken) for one in found) == len(given)

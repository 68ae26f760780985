"""Reading ahead: one thread makes the next piece of a file while the caller works on the one before it."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Final, TypeVar

import pyarrow as pa

from onepool.collect.files.blocks import Block

T = TypeVar("T")

_ROWS: Final = 65_536
_BYTES: Final = 32 << 20


def read_ahead(pieces: Iterable[T]) -> Generator[T, None, None]:
    """The same pieces in the same order; what making them raises is raised here.

    Closing it ends the thread, and closes the pieces where a generator makes them.
    """
    source = iter(pieces)

    def following() -> list[T]:
        return list(islice(source, 1))

    try:
        with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as thread:
            made = thread.submit(following)
            while piece := made.result():
                made = thread.submit(following)
                yield piece[0]
    finally:
        if isinstance(source, Generator):
            source.close()


def together(blocks: Iterable[Block]) -> Iterator[Block]:
    """Blocks of one layout joined until they are large: planning a statement costs as much as 10,000 rows of it."""
    held: list[Block] = []
    rows = size = 0
    for block in blocks:
        alike = not held or block.table.schema.equals(held[0].table.schema, check_metadata=True)
        if held and (not alike or rows >= _ROWS or size >= _BYTES):
            yield _one(held)
            held, rows, size = [], 0, 0
        held.append(block)
        rows, size = rows + block.table.num_rows, size + block.table.nbytes
    if held:
        yield _one(held)


def _one(blocks: list[Block]) -> Block:
    if len(blocks) == 1:
        return blocks[0]
    return Block(
        pa.concat_tables([block.table for block in blocks]),
        pa.concat_arrays([block.rows for block in blocks]),
        [row for block in blocks for row in block.broken],
    )

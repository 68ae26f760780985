"""The latest values of attributes of everybody as arrays: each a code into its words.

A query would bring the facts of each customer together and compare keys of 128 bits; with a place for each customer one
walk over the facts does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from onepool.audience.conditions.compiler.counted import Places
from onepool.audience.conditions.compiler.vectors import INSTANT, Type, Vector
from onepool.pool import Session
from onepool.pool.kernels import scatter
from onepool.pool.kernels.measuring import EARLIEST, LATEST

I64 = npt.NDArray[np.int64]

AHEAD = "facts_ahead"
"""The column of the earliest fact that is dated ahead."""

_VALUES = "SELECT identifier_id, epoch_us(time) AS time, seq, value FROM attribute_facts WHERE attribute = $of"
_TIMES = (
    "SELECT identifier_id, epoch_us(time) AS time, seq, NULL::VARCHAR AS value FROM attribute_facts "
    "WHERE attribute = $of"
)


class Codes(Mapping[str, int]):
    """The code of each word (from 1), looked up when it is asked for: of millions of words few are."""

    def __init__(self, words: pa.Array) -> None:
        self._words = words

    def __getitem__(self, word: str) -> int:
        place = pc.index(self._words, pa.scalar(word, self._words.type)).as_py()
        if place < 0:
            raise KeyError(word)
        return int(place) + 1

    def __iter__(self) -> Iterator[str]:
        return iter(self._words.to_pylist())

    def __len__(self) -> int:
        return len(self._words)


@dataclass(frozen=True)
class Facts:
    """Columns of everybody, each with its type, and the words of those that are codes."""

    columns: Mapping[str, tuple[Type, Vector]]
    words: Mapping[str, Mapping[str, int]]


def types_of(texts: Mapping[str, str]) -> dict[str, Type]:
    """What the columns are. `texts`: column -> attribute."""
    return {AHEAD: INSTANT, **{name: Type("words", column=name) for name in texts}} if texts else {}


def latest_facts(session: Session, places: Places, texts: Mapping[str, str], all_of: Iterable[str], at: int) -> Facts:
    """The values of attributes (`texts`: column -> attribute) at an instant, and when the first fact of `all_of` these
    attributes that is dated ahead begins to count."""
    size = places.customers.size
    ahead = np.full(size, LATEST, np.int64)
    columns: dict[str, tuple[Type, Vector]] = {}
    words: dict[str, Mapping[str, int]] = {}
    wanted = {attribute: name for name, attribute in texts.items()}
    for attribute in dict.fromkeys([*texts.values(), *all_of]):
        name = wanted.get(attribute)
        rows = session.query(_VALUES if name is not None else _TIMES, {"of": attribute})
        codes, known = _coded(rows.column("value"))
        time, seq, code = (np.full(size, EARLIEST), np.full(size, EARLIEST), np.zeros(size, np.int32))
        slot = places.of(np.ascontiguousarray(rows.column("identifier_id").to_numpy()))
        scatter.latest(
            slot, rows.column("time").to_numpy().copy(), rows.column("seq").to_numpy().copy(), codes, at,
            time, seq, code, ahead,
        )  # fmt: skip
        if name is not None:
            columns[name] = (Type("words", column=name), Vector(code, code == 0))
            words[name] = known
    columns[AHEAD] = (INSTANT, Vector(ahead, ahead == LATEST))
    return Facts(columns, words)


def _coded(texts: pa.ChunkedArray) -> tuple[npt.NDArray[np.int32], Codes]:
    """The code of each text (0: there is none)."""
    encoded = texts.dictionary_encode().unify_dictionaries()
    if encoded.num_chunks == 0:
        return np.empty(0, np.int32), Codes(pa.array([], pa.string()))
    codes = [chunk.indices.fill_null(-1).to_numpy() for chunk in encoded.chunks]
    return np.concatenate(codes).astype(np.int32) + np.int32(1), Codes(encoded.chunk(0).dictionary)

"""Values of all customers on their way from blocks to one column of Arrow."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from onepool.audience.conditions.compiler.counted import decimals
from onepool.audience.conditions.compiler.vectors import Type, Vector
from onepool.pool.behaviour import View

I64 = npt.NDArray[np.int64]

_DTYPES = {"truth": np.bool_, "double": np.float64, "date": np.int32, "words": np.int32}


class Output:
    """A column over everybody, filled in block by block."""

    def __init__(self, kind: Type, size: int) -> None:
        self.kind = kind
        self.values: npt.NDArray[Any] = np.zeros(size, _DTYPES.get(kind.kind, np.int64))
        self.missing = np.zeros(size, np.bool_)

    def put(self, places: slice | I64, vector: Vector) -> None:
        """The values of some customers."""
        self.values[places] = vector.values
        self.missing[places] = False if vector.missing is None else vector.missing

    def array(self, view: View) -> pa.Array:
        """The whole column. `view`: has the words of text."""
        match self.kind.kind:
            case "words":
                codes = pa.array(self.values, mask=self.missing | (self.values == 0))
                return pa.DictionaryArray.from_arrays(codes, self._words(view))
            case "decimal":
                return decimals(self.values, self.missing, pa.decimal128(38, self.kind.scale))
            case "instant":
                return pa.array(self.values, mask=self.missing).view(pa.timestamp("us", tz="UTC"))
            case "date":
                return pa.array(self.values, mask=self.missing).view(pa.date32())
        return pa.array(self.values, mask=self.missing)

    def texts(self, view: View, places: slice | I64) -> pa.Array:
        """The texts of some customers, of words that they have. A word that is none is missing."""
        codes = self.values[places]
        none = codes == 0
        return self._words(view).take(pa.array(codes, mask=none if none.any() else None)).cast(pa.string())

    def _words(self, view: View) -> pa.Array:
        return view.words[self.kind.column] if not self.kind.labels else pa.array(["", *self.kind.labels])


def truths(values: npt.NDArray[np.bool_]) -> pa.Array:
    """Truths that are all known, as Arrow."""
    return pa.Array.from_buffers(pa.bool_(), values.size, [None, pa.py_buffer(np.packbits(values, bitorder="little"))])

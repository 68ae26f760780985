"""Identifiers as keys: from (type, scope, value) to 128 bits."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

I64 = npt.NDArray[np.int64]

_SEPARATOR = "\x1f"


def key_of(kind: str, scope: str, value: str, generation: int = 0) -> bytes:
    """The 128-bit key of an identifier: blake2b over type, scope and value (and generation, of a value handed on)."""
    parts = (kind, scope, value, str(generation)) if generation else (kind, scope, value)
    return blake2b(_SEPARATOR.join(parts).encode(), digest_size=16).digest()


def distinct(ids: pa.Table) -> tuple[list[tuple[str, str, str]], I64]:
    """The different identifiers of a table (type, scope, value) in order of appearance, and which one each row has."""
    joined = pc.binary_join_element_wise(
        ids.column("type").cast(pa.string()),
        ids.column("scope").cast(pa.string()),
        ids.column("value").cast(pa.string()),
        _SEPARATOR,
    )
    encoded = joined.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    parts = [tuple(text.split(_SEPARATOR, 2)) for text in encoded.dictionary.to_pylist()]
    return [(p[0], p[1], p[2]) for p in parts], encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)


def numbers(parts: list[tuple[str, str, str]]) -> npt.NDArray[np.uint64]:
    """Keys of identifiers as uint64 of shape (n, 2)."""
    raw = b"".join(key_of(*one) for one in parts)
    return np.frombuffer(raw, "<u8").reshape(-1, 2).astype(np.uint64)

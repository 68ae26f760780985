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


def distinct(ids: pa.Table) -> tuple[list[str], I64]:
    """The different identifiers of a table (type, scope, value) in order of appearance, and which one each row has.

    Each as one text, which `parts` takes apart.
    """
    joined = pc.binary_join_element_wise(
        ids.column("type").cast(pa.string()),
        ids.column("scope").cast(pa.string()),
        ids.column("value").cast(pa.string()),
        _SEPARATOR,
    )
    encoded = encode(joined)
    return encoded.dictionary.to_pylist(), encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)


def parts(text: str) -> tuple[str, str, str]:
    """Type, scope and value of an identifier as `distinct` gives it."""
    kind, scope, value = text.split(_SEPARATOR, 2)
    return kind, scope, value


def numbers(texts: list[str]) -> npt.NDArray[np.uint64]:
    """Keys of identifiers as `distinct` gives them, as uint64 of shape (n, 2); the same as `key_of` makes."""
    raw = b"".join([blake2b(one.encode(), digest_size=16).digest() for one in texts])
    return np.frombuffer(raw, "<u8").reshape(-1, 2).astype(np.uint64)


def encode(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """A column as codes and what they stand for."""
    encoded = column.combine_chunks().dictionary_encode()
    return encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded

"""Name codes: what a name says about whose record it is, in one integer, and when two of them contradict.

A code packs three fields of 16 bits: surname, first and second syllable of the given name; 0 is unknown. Each field
says how the name sounds, without tone, since Hanzi of one sound are what people and input methods mix up most.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache
from hashlib import blake2b
from typing import Final

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from onepool.identity.naming import PersonName, parse_name
from onepool.identity.naming.hanzi import simplified, simplified_table
from onepool.identity.naming.parse import NOBODY, NOT_GIVEN
from onepool.identity.naming.surnames import COMPOUND, SINGLE, surname_reading
from onepool.identity.naming.syllables import HANZI_FIRST, NUMBER, reading

I64 = npt.NDArray[np.int64]

_BITS: Final = 16
_FIELD: Final = (1 << _BITS) - 1
_FIRST_WORD: Final = 1_024
"""Below are the numbers of syllables; other words are spread over the rest by a hash."""


@lru_cache(maxsize=1 << 14)
def word_code(word: str) -> int:
    """1..65535 for a toneless syllable, a longer reading or a Latin word in lower case; 0 for ''."""
    if not word:
        return 0
    number = NUMBER.get(word)
    if number is not None:
        return number
    digest = int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), "big")
    return _FIRST_WORD + digest % (_FIELD + 1 - _FIRST_WORD)


def pack(surname: int, first: int, second: int) -> int:
    """The code of three fields of 0..65535."""
    return surname << 2 * _BITS | first << _BITS | second


def code_of(name: PersonName) -> int:
    """The code of a name that was taken apart. Of a given name with more than two syllables the first two count."""
    given = [word_code(word) for word in name.given[:2]] + [0, 0]
    return pack(word_code(name.surname), given[0], given[1])


@cache
def _characters() -> tuple[dict[str, int], dict[str, int]]:
    """Codes of single surnames and of characters in given names, traditional ones too: for the usual name."""
    simple = {chr(point): chr(to) for point, to in enumerate(simplified_table().tolist(), HANZI_FIRST)}
    surnames = {
        written: word_code(surname_reading(one))
        for written, one in simple.items()
        if one in SINGLE and one not in NOT_GIVEN
    }
    given = {written: word_code(reading(one)) for written, one in simple.items() if one not in NOT_GIVEN}
    return surnames, {written: code for written, code in given.items() if code}


@cache
def _compound_begin() -> frozenset[str]:
    """Characters that a compound surname may begin with, written either way."""
    firsts = {one[0] for one in COMPOUND}
    return frozenset(
        chr(point) for point, to in enumerate(simplified_table().tolist(), HANZI_FIRST) if chr(to) in firsts
    )


def _compound(text: str) -> bool:
    return text[0] in _compound_begin() and simplified(text[:2]) in COMPOUND


@lru_cache(maxsize=1 << 17)
def name_code(text: str) -> int:
    """The code of a name as it was typed; 0 if the text names no person. Never raises."""
    if 2 <= len(text) <= 3:  # most names: a surname and one or two characters, of which none makes it a title
        surnames, given = _characters()
        surname, first, second = surnames.get(text[0]), given.get(text[1]), given.get(text[-1])
        if surname and first and second and text not in NOBODY and not _compound(text):
            return pack(surname, first, second if len(text) == 3 else 0)
    return code_of(parse_name(text)) if text else 0


def name_codes(texts: pa.Array | pa.ChunkedArray | Iterable[str | None]) -> I64:
    """Codes of many names, shape (n,); null is 0. Each distinct name is looked at once."""
    if not isinstance(texts, pa.Array | pa.ChunkedArray):
        texts = pa.array(texts, pa.string())
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    if not pa.types.is_dictionary(texts.type):
        texts = texts.dictionary_encode()
    codes = np.fromiter((name_code(one or "") for one in texts.dictionary.to_pylist()), np.int64, len(texts.dictionary))
    places = texts.indices.fill_null(len(codes)).to_numpy(zero_copy_only=False)
    found: I64 = np.append(codes, 0)[places]
    return found


def incompatible_plain(x: int, y: int) -> bool:
    """Whether two codes can't be one person's: surnames known and different, or other given names.

    Two given names of two syllables have to be equal: brothers and sisters often share one. A single syllable, as when
    one was left out, has to occur in the other's.
    """
    if not x or not y:
        return False
    surname_x, surname_y = x >> 2 * _BITS, y >> 2 * _BITS
    if surname_x and surname_y and surname_x != surname_y:
        return True
    given_x = (x >> _BITS & _FIELD, x & _FIELD)
    given_y = (y >> _BITS & _FIELD, y & _FIELD)
    if all(given_x) and all(given_y):
        return given_x != given_y
    one, other = set(given_x) - {0}, set(given_y) - {0}
    return bool(one and other) and not one & other


@numba.njit(cache=True)
def incompatible(x, y):  # type: ignore[no-untyped-def]
    """`incompatible_plain` for compiled callers."""
    if x == 0 or y == 0:
        return False
    sx = x >> 32
    sy = y >> 32
    if sx != 0 and sy != 0 and sx != sy:
        return True
    x1 = (x >> 16) & 0xFFFF
    x2 = x & 0xFFFF
    y1 = (y >> 16) & 0xFFFF
    y2 = y & 0xFFFF
    if (x1 == 0 and x2 == 0) or (y1 == 0 and y2 == 0):
        return False
    if x1 != 0 and x2 != 0 and y1 != 0 and y2 != 0:
        return x1 != y1 or x2 != y2
    return not ((x1 != 0 and x1 in (y1, y2)) or (x2 != 0 and x2 in (y1, y2)))


@numba.njit(cache=True)
def agrees(x, y):  # type: ignore[no-untyped-def]
    """Whether two codes are of the same whole name: surname and given name known and alike."""
    return x == y and (x >> 32) != 0 and ((x >> 16) & 0xFFFF) != 0

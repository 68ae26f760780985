"""LZ-String as GrowingIO's web client packs its events (``compress=1``): unpacking only, of its bytes form.

The format: https://pieroxy.net/blog/pages/lz-string/index.html. A dictionary of texts grows by one entry per code;
codes are written with as many bits as the dictionary needs, least significant bit first, in 16-bit units of two bytes
each, most significant first. Codes 0 and 1 announce a new character of 8 or 16 bits, 2 is the end.
"""

from __future__ import annotations

from typing import Final

_BYTE, _UNIT, _END = 0, 1, 2
_BITS: Final = {_BYTE: 8, _UNIT: 16}


class LzError(Exception):
    """The bytes are not LZ-String, or they unpack to more than the limit."""


class _Bits:
    """Numbers out of bytes, each written least significant bit first."""

    def __init__(self, packed: bytes) -> None:
        self._bits = f"{int.from_bytes(packed):0{8 * len(packed)}b}" if packed else ""
        self._at = 0

    def number(self, width: int) -> int:
        bits = self._bits[self._at : self._at + width]
        if len(bits) < width:
            raise LzError("the packed data ends too early")
        self._at += width
        return int(bits[::-1], 2)


def unpack(packed: bytes, limit: int) -> str:
    """The text that was packed, of at most ``limit`` characters. Raises LzError."""
    bits = _Bits(packed)
    code = bits.number(2)
    if code == _END:
        return ""
    if code not in _BITS:
        raise LzError("the packed data does not begin as LZ-String does")
    previous = chr(bits.number(_BITS[code]))
    entries: list[str] = ["", "", "", previous]
    found = [previous]
    size, width, room = 1, 3, 4
    while True:
        code = bits.number(width)
        if code == _END:
            return _joined(found)
        if code in _BITS:
            entries.append(chr(bits.number(_BITS[code])))
            code = len(entries) - 1
            room -= 1
            if room == 0:
                room = 1 << width
                width += 1
        if code < len(entries):
            entry = entries[code]
        elif code == len(entries):
            entry = previous + previous[0]
        else:
            raise LzError("the packed data names an entry that is not there")
        size += len(entry)
        if size > limit:
            raise LzError(f"the data unpacks to more than {limit:,} characters")
        found.append(entry)
        entries.append(previous + entry[0])
        previous = entry
        room -= 1
        if room == 0:
            room = 1 << width
            width += 1


def _joined(found: list[str]) -> str:
    """The text; halves of characters outside the basic plane are put together again."""
    text = "".join(found)
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

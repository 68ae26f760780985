"""The envelope: a form with base64 of JSON, gzipped or not, in a body or in the address of an image."""

from __future__ import annotations

import binascii
from functools import cache
from typing import Any, Final
from urllib.parse import unquote_to_bytes

import msgspec
import numpy as np
import numpy.typing as npt

from onepool.collect.wire import GzipError, gunzip

UNPACKED_BYTES: Final = 8 << 20
"""What the data of one request may unpack to; its clients stay below one tenth."""

MOST_RECORDS: Final = 10_000
"""In one request; the clients send 100 at most."""

_GZIP_MAGIC: Final = b"\x1f\x8b"
_ENCRYPTED: Final = b"9"
_ALPHABET: Final = bytes.maketrans(b" -_", b"++/")
_NOT_DATA: Final = b"=\r\n\t"
_MOST_PARAMETERS: Final = 63


class WireError(Exception):
    """The envelope can't be opened; its text says why and, where there is something to do, what."""


class Headers(msgspec.Struct, omit_defaults=True, rename={"agent": "user-agent"}):
    """What the collector notes beside the body.

    ``query``: the body of the log record is the query of an address. ``only``: the numbers of the records that belong
    to this touchpoint, if the request held others' too.
    """

    query: bool = False
    agent: str = ""
    ip: str = ""
    scopes: dict[str, str] = {}
    only: list[int] | None = None


class Payload(msgspec.Struct):
    """The JSON inside, and whether it is a list of records."""

    plain: bytes
    many: bool


def parameters(form: bytes) -> dict[str, bytes]:
    """The fields of a form, each by its first occurrence. A blank stays one, and so does ``+``."""
    found: dict[str, bytes] = {}
    for part in form.split(b"&", _MOST_PARAMETERS):
        name, _, value = part.strip().partition(b"=")
        found.setdefault(name.decode("latin-1"), _unescaped(value) if b"%" in value else value)
    return found


def _unescaped(value: bytes) -> bytes:
    """Without percent escapes. Base64 has three characters that are escaped, each replaced at once."""
    plain = value.replace(b"%2B", b"+").replace(b"%2F", b"/").replace(b"%3D", b"=")
    return unquote_to_bytes(value) if b"%" in plain else plain


def text(fields: dict[str, bytes], name: str) -> str:
    """A field as text, empty if it is missing."""
    return fields.get(name, b"").decode("utf-8", "replace").strip()


def payload(fields: dict[str, bytes]) -> Payload:
    """The JSON of ``data_list`` or ``data``. Raises WireError."""
    many = bool(fields.get("data_list"))
    packed = fields.get("data_list") or fields.get("data")
    if not packed:
        raise WireError("the request has neither `data` nor `data_list`; send base64 of JSON in one of them")
    if fields.get("gzip") == _ENCRYPTED:
        raise WireError("the data is encrypted (gzip=9), and there is no key; switch encryption off in the client")
    plain = unbase64(packed)
    if plain.startswith(_GZIP_MAGIC):
        try:
            plain = gunzip(plain, UNPACKED_BYTES)
        except GzipError as error:
            raise WireError(str(error)) from error
    elif len(plain) > UNPACKED_BYTES:
        raise WireError(f"the data has more than {UNPACKED_BYTES:,} bytes")
    return Payload(plain, many)


def unbase64(value: bytes) -> bytes:
    """Base64 as it arrives: blanks for ``+``, the alphabet for addresses, line breaks, no padding. Raises WireError."""
    digits = value.translate(_ALPHABET, _NOT_DATA)
    if len(digits) % 4 == 1:
        raise WireError("the data is not base64: it is cut off")
    try:
        return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4), strict_mode=True)
    except binascii.Error as error:
        raise WireError(f"the data is not base64: {error}") from error


def checksum(value: bytes) -> int:
    """The clients' crc of a base64 text: h = h * 31 + character, as a signed number of 32 bits."""
    codes = np.frombuffer(value, np.uint8).astype(np.uint32)
    total = int((codes * _powers(codes.size)[::-1]).sum(dtype=np.uint32)) if codes.size else 0
    return total - (1 << 32) if total >= 1 << 31 else total


def crc_differs(fields: dict[str, bytes]) -> bool:
    """Whether a crc was sent and is not that of the data."""
    sent = text(fields, "crc") or text(fields, "ext").partition("crc=")[2].partition("&")[0]
    data = fields.get("data_list") or fields.get("data")
    if not sent or not data:
        return False
    return sent != str(checksum(data.replace(b" ", b"+")))


@cache
def _all_powers(size: int) -> npt.NDArray[np.uint32]:
    powers = np.full(size, 31, np.uint32)
    powers[0] = 1
    return np.cumprod(powers, dtype=np.uint32)


def _powers(count: int) -> npt.NDArray[np.uint32]:
    """31**0 … 31**(count-1), modulo 2**32."""
    return _all_powers(1 << max(count - 1, 1).bit_length())[:count]


def keys_of(found: dict[str, Any]) -> list[str]:
    """The texts under ``token`` and ``project`` that may be a write key, in this order."""
    return [value for name in ("token", "project") if isinstance(value := found.get(name), str) and value]

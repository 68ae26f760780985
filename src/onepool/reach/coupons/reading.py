"""Lists of codes as shops give them out: a code to a line, or CSV with the code first."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from onepool.reach.coupons.codes import MOST, CodesError

_HEADS: Final = frozenset({"code", "coupon_code", "coupon", "券码", "优惠码", "兑换码", "优惠券码"})


def read_codes(path: Path) -> Iterator[str]:
    """The codes of a file (UTF-8 or GB18030); a head line is left out. Raises CodesError."""
    with path.open("rb") as file:
        encoding = _encoding(file.read(1 << 20))
    try:
        with path.open(encoding=encoding, newline="") as text:
            for number, row in enumerate(csv.reader(text)):
                if number >= MOST:
                    raise CodesError(f"at most {MOST:,} codes are taken in at a time")
                code = row[0].strip() if row else ""
                if code and not (number == 0 and code.lower() in _HEADS):
                    yield code
    except (UnicodeDecodeError, csv.Error) as error:
        raise CodesError("the file can't be read as text", hint="send codes as text or CSV, UTF-8") from error


def _encoding(start: bytes) -> str:
    try:
        start.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start < len(start) - 4:  # not only cut in the middle of a character
            return "gb18030"
    return "utf-8-sig"

"""Tables as CSV files for spreadsheets, streamed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from urllib.parse import quote

from fastapi.responses import StreamingResponse

Cell = str | int | Decimal | datetime | None

# A spreadsheet takes texts that begin so for formulas; some take the full-width signs so too.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def csv_file(name: str, columns: Sequence[str], portions: Iterable[Iterable[Sequence[Cell]]]) -> StreamingResponse:
    """A download of that name. `portions`: rows, so many at a time; they are asked for while the file goes out."""

    def lines() -> Iterator[str]:
        # The first mark tells spreadsheets that it is Unicode.
        yield "\ufeff" + ",".join(columns) + "\r\n"
        for rows in portions:
            text = io.StringIO()
            csv.writer(text).writerows([_cell(one) for one in row] for row in rows)
            yield text.getvalue()

    # RFC 6266: the name in full, and before it one that any program can read.
    plain = "".join(one if one.isascii() and (one.isalnum() or one in "-_.") else "_" for one in name)
    whole = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='')}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{plain}.csv"{whole}'}
    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=headers)


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text

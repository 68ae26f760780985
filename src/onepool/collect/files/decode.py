"""Reading back the chunks of an imported file from the log."""

from __future__ import annotations

from typing import Any

import msgspec
import zstandard

from onepool.collect.inbound import Broken, Decoded, Item, Kind, register, sample
from onepool.collect.log import Record
from onepool.collect.sheets import NotASheet, sheet_of

MAX_BODY = 256 * 1024 * 1024
"""A chunk holds about 1 MB; a body that unpacks to more than this was not made by the importer."""


class Entry(msgspec.Struct, gc=False):
    """An item as the importer writes it; what is left out is empty."""

    kind: Kind
    name: str
    row: int
    message_id: str | None = None
    time: str | int | float | None = None
    ids: list[tuple[str, str, str]] = []
    fields: dict[str, Any] = {}
    traits: dict[str, Any] = {}


class Refused(msgspec.Struct, gc=False):
    """A row that could not be read as an item: which rule of reading it broke."""

    row: int
    rule: str
    message: str
    sample: str


class Chunk(msgspec.Struct):
    """The body of one record of protocol ``file``. Items are numbered ``batch`` first, then ``broken``."""

    batch: list[Entry] = []
    broken: list[Refused] = []


class Headers(msgspec.Struct):
    """The part of a record's headers that decides how its items read."""

    file: str = ""


_headers = msgspec.json.Decoder(Headers)
_chunk = msgspec.json.Decoder(Chunk)


def decode_file(record: Record) -> Decoded:
    """The items of one chunk. Each carries the file and the row it came from in ``context["import"]``."""
    try:
        sheet = sheet_of(record)
        if sheet is not None:
            return Decoded(sheet.items(), [])
        file = _headers.decode(record.headers).file
        body = zstandard.ZstdDecompressor().decompress(record.body, max_output_size=MAX_BODY)
        chunk = _chunk.decode(body)
    except (msgspec.MsgspecError, zstandard.ZstdError, NotASheet) as error:
        return Decoded([], [Broken(0, "file.chunk", f"not a chunk of an imported file: {error}", sample(record.body))])
    items = [
        Item(
            kind=entry.kind,
            item=number,
            message_id=entry.message_id,
            name=entry.name,
            time=entry.time,
            sent_at=None,
            ids=entry.ids,
            fields=entry.fields,
            traits=entry.traits,
            context={"import": {"file": file, "row": entry.row}},
        )
        for number, entry in enumerate(chunk.batch)
    ]
    broken = [
        Broken(number, refused.rule, f"{file}, row {refused.row}: {refused.message}", refused.sample)
        for number, refused in enumerate(chunk.broken, start=len(items))
    ]
    return Decoded(items, broken)


register("file", decode_file)

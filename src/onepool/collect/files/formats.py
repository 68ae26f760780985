"""Finding out what a file is: compression, kind, encoding, delimiter. The bytes count more than the name."""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, cast

import zstandard

from onepool.collect.files.errors import FileError

Compression = Literal["none", "gzip", "zstd"]
FileKind = Literal["csv", "excel", "jsonl", "parquet"]

SAMPLE_BYTES = 256 * 1024
CHUNK_BYTES = 2 * 1024 * 1024
DELIMITERS = ",\t;|"

UNREADABLE = (OSError, EOFError, zlib.error, zstandard.ZstdError)
"""What a damaged or cut-off file raises while it is unpacked."""

BROKEN_MARK = "\ufdd0"
"""Stands for bytes that are no text. A Unicode non-character, so no honest file contains it (Unicode 15, 23.7)."""


@dataclass(frozen=True, slots=True)
class FileFormat:
    """What was found. ``encoding`` is "utf-8", "utf-16" or "gb18030"; empty for binary kinds."""

    kind: FileKind
    compression: Compression
    encoding: str = ""


def open_bytes(path: Path, compression: Compression) -> IO[bytes]:
    """The unpacked bytes of a file."""
    if compression == "gzip":
        return cast(IO[bytes], gzip.open(path, "rb"))
    if compression == "zstd":
        return cast(IO[bytes], zstandard.open(path, "rb"))
    return path.open("rb")


def read_sample(path: Path, compression: Compression) -> bytes:
    """The first unpacked bytes. Raises FileError when the file can't be read or unpacked."""
    try:
        with open_bytes(path, compression) as stream:
            return stream.read(SAMPLE_BYTES)
    except UNREADABLE as error:
        raise FileError(f"not readable: {error}", where=str(path)) from error


def detect(path: Path, encoding: str | None = None) -> FileFormat:
    """Finds out the format. ``encoding`` overrides what the bytes say. Raises FileError."""
    head = read_sample(path, "none")
    if not head:
        raise FileError("the file is empty", where=str(path))
    compression: Compression = "none"
    if head.startswith(b"\x1f\x8b"):
        compression = "gzip"
    elif head.startswith(b"\x28\xb5\x2f\xfd"):
        compression = "zstd"
    sample = head if compression == "none" else read_sample(path, compression)
    if sample.startswith(b"PAR1"):
        return FileFormat("parquet", compression)
    if sample.startswith(b"PK\x03\x04"):
        return FileFormat("excel", compression)
    if sample.startswith(b"\xd0\xcf\x11\xe0"):
        raise FileError("an Excel file of the old kind (.xls)", where=str(path), hint="save it as .xlsx or CSV")
    found = encoding or guess_encoding(sample)
    try:
        codecs.lookup(found)
    except LookupError as error:
        raise FileError(f"no such encoding: {found}", where=str(path)) from error
    text = sample.decode(found, "replace").lstrip("\ufeff \t\r\n")
    names = [suffix.lower() for suffix in path.suffixes]
    if text.startswith("{") or ".jsonl" in names or ".ndjson" in names:
        return FileFormat("jsonl", compression, found)
    if text.startswith("["):
        raise FileError("one JSON list", where=str(path), hint="write one JSON object a line (JSONL)")
    return FileFormat("csv", compression, found)


def guess_encoding(sample: bytes) -> str:
    """ "utf-8" or "gb18030" (a superset of GBK and GB2312), or "utf-16" by its byte order mark.

    A text with a few broken bytes still reads mostly as its own encoding, and Chinese text read as the wrong one breaks
    at nearly every character: so the counts of good and bad sequences decide.
    """
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if sample.startswith(codecs.BOM_UTF8):
        return "utf-8"
    good, bad = _count_sequences(sample, "utf-8")
    if bad * 4 <= good:
        return "utf-8"
    gb_good, gb_bad = _count_sequences(sample, "gb18030")
    return "gb18030" if gb_bad * 4 <= gb_good else "utf-8"


def _count_sequences(sample: bytes, encoding: str) -> tuple[int, int]:
    decoder = codecs.getincrementaldecoder(encoding)("onepool-mark")
    text = decoder.decode(sample)  # not final: a character cut by the end of the sample is not broken
    bad = text.count(BROKEN_MARK)
    good = len(text) - len(text.encode("ascii", "ignore")) - bad
    return good, bad


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return BROKEN_MARK, error.end


codecs.register_error("onepool-mark", _mark)


class CleanText:
    """The text of a file as chunks of valid UTF-8 in which broken bytes are ``BROKEN_MARK``.

    While everything read so far is plain ASCII the encoding is still open, and the first chunk with other bytes
    decides, so that a long ASCII start can't fool the reader. ``bytes_read`` counts packed bytes, for progress.
    """

    def __init__(self, path: Path, form: FileFormat, *, fixed: bool = False) -> None:
        self.path = path
        self.encoding = form.encoding
        self.digest = hashlib.sha256()
        self.bytes_read = 0
        self._form = form
        self._open = not fixed and form.encoding == "utf-8"

    def __iter__(self) -> Iterator[bytes]:
        decoder: codecs.IncrementalDecoder | None = None
        first = True
        bare_returns: bool | None = None
        try:
            with self.path.open("rb") as raw, _Counted(raw, self) as counted, _unpack(counted, self._form) as stream:
                while True:
                    chunk = stream.read(CHUNK_BYTES)
                    if self._open and decoder is None and not chunk.isascii():
                        if not chunk.startswith(codecs.BOM_UTF8):
                            self.encoding = guess_encoding(chunk)
                        self._open = False
                    if decoder is None and not (self._open and chunk):
                        decoder = codecs.getincrementaldecoder(self.encoding)("onepool-mark")
                    clean = chunk if decoder is None else decoder.decode(chunk, not chunk).encode("utf-8", "replace")
                    if first and clean:
                        clean = clean.removeprefix(codecs.BOM_UTF8)
                        first = False
                    if bare_returns is None and clean:
                        bare_returns = b"\n" not in clean and b"\r" in clean
                    if bare_returns:
                        clean = clean.replace(b"\r", b"\n")
                    if clean:
                        yield clean
                    if not chunk:
                        return
        except UNREADABLE as error:
            raise FileError(f"not readable to its end: {error}", where=str(self.path)) from error


class _Counted(io.RawIOBase):
    """Passes reads through, counting and hashing the packed bytes on the way."""

    def __init__(self, raw: IO[bytes], owner: CleanText) -> None:
        self._raw = raw
        self._owner = owner

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._raw.read(len(buffer))
        buffer[: len(data)] = data
        self._owner.bytes_read += len(data)
        self._owner.digest.update(data)
        return len(data)


def _unpack(raw: _Counted, form: FileFormat) -> IO[bytes]:
    buffered = io.BufferedReader(raw, CHUNK_BYTES)
    if form.compression == "gzip":
        return gzip.GzipFile(fileobj=buffered)  # type: ignore[return-value]
    if form.compression == "zstd":
        return zstandard.ZstdDecompressor().stream_reader(buffered, read_across_frames=True)
    return buffered


def guess_delimiter(text: str) -> str:
    """The delimiter under which most lines have the same number (over one) of cells; a comma when nothing splits."""
    lines = text.splitlines()[:200]
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        widths = Counter(
            len(row) for row in csv.reader(lines, delimiter=delimiter) if any(cell.strip() for cell in row)
        )
        wide = {width: count for width, count in widths.items() if width > 1}
        if not wide:
            continue
        width, count = max(wide.items(), key=lambda pair: (pair[1], pair[0]))
        score = count / sum(widths.values()) + min(width, 50) / 1000
        if score > best_score:
            best, best_score = delimiter, score
    return best


def file_sha256(path: Path) -> str:
    """The digest of a file's bytes as stored, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

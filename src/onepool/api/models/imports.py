"""Imports of files: a file that was sent, what is seen in it, and imports with their outcome."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from onepool.api.models.common import Instant, Model, Titles

FileKind = Literal["events", "orders", "customers", "products", "stores", "coupons", "campaigns", "links"]
ImportStatus = Literal["waiting", "running", "done", "failed", "cancelled", "interrupted"]


class ImportedFile(Model):
    """A file that was sent; it is kept for a day, to be looked into and imported."""

    id: str
    name: str
    size: int = Field(description="Bytes.")


class ImportLook(Model):
    """Look into a file as it would be imported."""

    file: str = Field(pattern=r"^[0-9a-f]{16}$")
    kind: FileKind
    touchpoint: str | None = Field(None, max_length=200, description="Where it comes from; left out: `files`.")
    map: str = Field("", max_length=100_000, description="A mapping, as YAML.")


class ImportRequest(ImportLook):
    """Import a file, or with `dry_run` only say what would become of it."""

    dry_run: bool = False


class ImportColumn(Model):
    """A column of a file. `target`: what it is taken for, as a mapping would say it; None: it is left out."""

    name: str
    role: Literal["control", "identifier", "field", "item", "attribute", "ignore"]
    target: str | None = Field(examples=["order_id", "member_no@shop", "item.price", "attribute.gender"])
    known: bool = Field(description="Whether the standard has a name for it.")
    cells: list[str] = Field(description="The first rows; personal values are masked.")


class ImportTarget(Model):
    """Something that a column may be."""

    target: str
    role: Literal["control", "identifier", "field", "item", "attribute"]
    title: Titles


class ImportSight(Model):
    """How a file is read, and what its columns would be taken for."""

    format: str
    encoding: str
    compression: str
    delimiter: str
    header_row: int = Field(description="0: none was found.")
    columns: list[ImportColumn]
    rows: list[int] = Field(description="Numbers of the rows that are shown.")
    missing_columns: list[str] = Field(description="The mapping names them, and the file does not have them.")
    targets: list[ImportTarget]


class ImportRefusal(Model):
    """How many broke a rule."""

    rule: str
    count: int


class ImportRow(Model):
    """A refused row. `id`: in quarantine; after a dry run there is none."""

    id: str | None
    row: int | None = Field(description="As a reader of the file counts.")
    rule: str
    field: str | None
    message: str
    sample: str = Field(description="As read, of at most 4 KB; personal values masked.")


class ImportOutcome(Model):
    """What became of a file, or after a dry run what would."""

    format: str
    encoding: str
    rows: int = Field(description="Rows that were read.")
    items: int = Field(description="Things made of them: an order may stand in several rows.")
    accepted: int
    quarantined: int
    duplicates: int = Field(description="Known before. A dry run can't tell them.")
    refused: list[ImportRefusal] = Field(description="By rule, the commonest first.")
    first: list[ImportRow] = Field(description="The first refused rows.")
    columns: dict[str, str]
    missing_columns: list[str]
    totals: list[int] = Field(description="Rows that were left out as lines of totals.")


class FileImport(Model):
    """An import: under way, or with what became of it."""

    id: str
    file: str
    kind: FileKind
    touchpoint: str
    dry_run: bool
    status: ImportStatus = Field(
        description="interrupted: the server stopped meanwhile; importing the file again adds only the rest."
    )
    step: Literal["reading", "writing", "applying"] | None
    done: int
    total: int
    problem: str | None
    author: str
    created_at: Instant
    finished_at: Instant | None
    outcome: ImportOutcome | None


class FileImportList(Model):
    """The latest imports, the newest first."""

    items: list[FileImport]

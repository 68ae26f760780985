"""Destinations as they are written: what goes where, in which columns, how often, and why."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from onepool.channels import registry
from onepool.collect.accounts import is_reference
from onepool.errors import OnePoolError
from onepool.privacy.masking import HIDDEN_CLASSES, PERSON_NAMES
from onepool.standards import Standard

What = Literal["profiles", "members", "list_members", "changes", "tags", "orders"]

BASES: Final[Mapping[str, tuple[str, ...]]] = {
    "profiles": ("customer_id", "first_seen", "last_seen"),
    "members": ("customer_id", "segment", "since"),
    "list_members": ("customer_id", "list", "since"),
    "changes": ("change_id", "customer_id", "segment", "change", "at"),
    "tags": ("customer_id", "tag", "value", "as_of"),
    "orders": (
        "order_id", "touchpoint", "channel", "customer_id", "status", "placed_at", "paid_at", "refunded_at",
        "closed_at", "amount", "discount", "refunded_amount", "currency", "store_id",
    ),
}  # fmt: skip
"""The sources that each kind of rows has of its own; `attribute.…`, `identifier.…`, `tag.…` go with all of them."""

KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "profiles": ("customer_id",),
    "members": ("customer_id", "segment"),
    "list_members": ("customer_id", "list"),
    # One evaluation moves many customers; where a single segment goes out, it needs no column.
    "changes": ("change_id", "customer_id", "segment"),
    "tags": ("customer_id", "tag"),
    "orders": ("order_id", "touchpoint"),
}
"""What tells one row from another."""

AUDIENCE_KEYS: Final = ("format", "hash")
"""The columns of an audience for advertisements: in which of the platform's files, and the hash."""

_MOST_BYTES: Final = 63
"""PostgreSQL cuts longer names off, and finds them no more."""

_COLUMN: Final = re.compile(r"[^\W\d]\w{0,62}")
_TABLE: Final = re.compile(r"(\w{1,63}\.)?\w{1,63}")
_SOURCE: Final = re.compile(r"(attribute|identifier|tag|segment|list)\.(\w{1,60})(?:@(\S{1,100}))?")


class DestinationError(OnePoolError):
    """A destination is wrong, or can't be written to."""

    code = "destination"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DatabaseTarget(_Part):
    """A table in PostgreSQL, MySQL or MariaDB. ``adopt``: the table may have rows that were not written from here."""

    kind: Literal["database"] = "database"
    url: str
    table: str
    adopt: bool = False

    @field_validator("table")
    @classmethod
    def _named(cls, value: str) -> str:
        if not _TABLE.fullmatch(value):
            raise ValueError("a table is written as name or schema.name")
        if any(len(part.encode()) > _MOST_BYTES for part in value.split(".")):
            raise ValueError(f"a table's name has at most {_MOST_BYTES} bytes, 21 Chinese signs")
        return value

    @field_validator("url")
    @classmethod
    def _secret(cls, value: str) -> str:
        return _reference(value)


class FolderTarget(_Part):
    """Files in a folder below the workspace's ``exports``."""

    kind: Literal["folder"] = "folder"
    path: str = ""
    format: Literal["csv", "parquet"] = "parquet"

    @field_validator("path")
    @classmethod
    def _below(cls, value: str) -> str:
        return _relative(value)


class StoreTarget(_Part):
    """Files in a store that speaks S3. ``endpoint``: its address when it is not Amazon's."""

    kind: Literal["s3"] = "s3"
    bucket: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,62}$")
    path: str = ""
    format: Literal["csv", "parquet"] = "parquet"
    endpoint: str | None = Field(default=None, pattern=r"^https?://[^\s/]+$")
    region: str = Field(default="us-east-1", pattern=r"^[A-Za-z0-9_-]{1,60}$")  # a part of Amazon's host names
    access_key: str
    secret_key: str

    @field_validator("path")
    @classmethod
    def _below(cls, value: str) -> str:
        return _relative(value)

    @field_validator("access_key", "secret_key")
    @classmethod
    def _secret(cls, value: str) -> str:
        return _reference(value)


class WebhookTarget(_Part):
    """A touchpoint of channel webhook: rows are posted in batches, each with a key of its own."""

    kind: Literal["webhook"] = "webhook"
    touchpoint: str
    batch: int = Field(default=500, ge=1, le=5_000)


class AdsTarget(_Part):
    """Files of hashed identifiers below the workspace's ``exports``, as the platform of an advertising touchpoint takes
    them."""

    kind: Literal["ads"] = "ads"
    touchpoint: str
    path: str = ""

    @field_validator("path")
    @classmethod
    def _below(cls, value: str) -> str:
        return _relative(value)


Target = DatabaseTarget | FolderTarget | StoreTarget | WebhookTarget | AdsTarget


class Destination(_Part):
    """What goes where. ``columns``: the column there and its source here; nothing that is not named goes out.

    ``mode``: full writes everything each time, changes only what differs from the last run. ``gone``: rows that are no
    more here are deleted there, marked with the instant in ``left_at``, or kept. ``every``: seconds (0: only by hand).
    """

    destination: str = Field(pattern=r"^[A-Za-z0-9_]{1,60}$")
    title: str | dict[str, str] = ""
    what: What
    segments: list[str] = []
    lists: list[str] = []
    tags: list[str] = []
    columns: dict[str, str]
    to: Target = Field(discriminator="kind")
    mode: Literal["full", "changes"] = "changes"
    gone: Literal["delete", "mark", "keep"] = "delete"
    every: int = Field(default=3600, ge=0)
    purpose: str = ""
    paused: bool = False

    @field_validator("columns", mode="before")
    @classmethod
    def _in_order(cls, value: Any) -> Any:
        """A list of pairs keeps the order of columns; a mapping is stored sorted."""
        if not isinstance(value, list) or not all(isinstance(one, dict) and len(one) == 1 for one in value):
            return value
        pairs = [pair for one in value for pair in one.items()]
        if len({name for name, _ in pairs}) < len(pairs):
            raise ValueError("a column is named twice")
        return dict(pairs)

    @model_validator(mode="before")
    @classmethod
    def _audience(cls, body: Any) -> Any:
        """An audience's columns are the platform's, and nobody writes them."""
        to = body.get("to") if isinstance(body, dict) else None
        if not isinstance(to, dict) or to.get("kind") != "ads":
            return body
        if body.get("columns"):
            raise ValueError("columns: an audience has the platform's own; leave them out")
        return {**body, "columns": {name: name for name in AUDIENCE_KEYS}}

    @model_validator(mode="after")
    def _fits(self) -> Destination:
        for name in self.columns:
            if not _COLUMN.fullmatch(name) or name in ("left_at", "change_kind"):
                raise ValueError(f"columns: {name!r} is no column's name that can be used; letters, digits and _ can")
            if self.to.kind == "database" and len(name.encode()) > _MOST_BYTES:
                raise ValueError(
                    f"columns: {name!r} is longer than databases take: {_MOST_BYTES} bytes, 21 Chinese signs"
                )
        if missing := [key for key in self.known_by if key not in self.columns.values()]:
            raise ValueError(f"columns: {self.what} need a column for {', '.join(missing)}, by which rows are known")
        if self.what == "members" and not self.segments:
            raise ValueError("segments: name the segments whose members go out")
        if self.what == "list_members" and not self.lists:
            raise ValueError("lists: name the lists whose members go out")
        if self.gone == "mark" and self.to.kind in ("webhook", "ads"):
            told = "an advertising platform" if self.to.kind == "ads" else "a webhook"
            raise ValueError(f"gone: {told} is told what left; write delete or keep")
        if self.to.kind == "ads" and self.what != "members":
            raise ValueError("what: an audience is of the members of segments; write members")
        return self

    @property
    def known_by(self) -> tuple[str, ...]:
        """The sources that tell one row from another."""
        if self.to.kind == "ads":
            return AUDIENCE_KEYS
        alone = self.what == "changes" and len(self.segments) == 1
        return KEYS[self.what][:2] if alone else KEYS[self.what]

    @property
    def keys(self) -> list[str]:
        """The target's columns that make its key."""
        return [next(name for name, source in self.columns.items() if source == key) for key in self.known_by]


def parse(body: Mapping[str, Any], where: str = "") -> Destination:
    """The destination that a body defines. Raises DestinationError naming the place."""
    try:
        return Destination.model_validate(dict(body))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise DestinationError(
            first["msg"].removeprefix("Value error, "), where=": ".join(part for part in (where, place) if part)
        ) from error


def check(
    destination: Destination, standard: Standard, tags: Collection[str], segments: Collection[str],
    touchpoints: Mapping[str, str], where: str = "", lists: Collection[str] = (),
) -> None:  # fmt: skip
    """Whether it can be used beside these definitions. ``touchpoints``: channel by name. Raises DestinationError."""

    def wrong(message: str, place: str, hint: str | None = None) -> DestinationError:
        return DestinationError(message, where=f"{where}: {place}" if where else place, hint=hint)

    for name, source in destination.columns.items() if destination.to.kind != "ads" else ():
        try:
            _check_source(source, destination.what, standard, tags, segments, lists)
        except ValueError as error:
            raise wrong(str(error), f"columns.{name}") from error
    for segment in destination.segments:
        if segment not in segments:
            raise wrong(f"there is no segment {segment}", "segments")
    for name in destination.lists:
        if name not in lists:
            raise wrong(f"there is no list {name}", "lists")
    for tag in destination.tags:
        if tag not in tags:
            raise wrong(f"there is no tag {tag}", "tags")
    personal = personal_columns(destination, standard)
    if personal and not destination.purpose.strip():
        raise wrong(
            f"{', '.join(personal)} hold personal data", "purpose", "say in `purpose` what they are needed for there"
        )
    if destination.to.kind == "ads":
        channel = registry.find(touchpoints.get(destination.to.touchpoint, ""))
        if channel is None or channel.audience is None:
            raise wrong(
                f"there is no touchpoint {destination.to.touchpoint} of an advertising platform", "to.touchpoint"
            )
    if destination.to.kind == "webhook" and touchpoints.get(destination.to.touchpoint) != "webhook":
        raise wrong(f"there is no touchpoint {destination.to.touchpoint} of channel webhook", "to.touchpoint")


def split(source: str) -> tuple[str, str, str]:
    """``identifier.openid@wx1`` as (identifier, openid, wx1); a source of the rows' own as (name, "", "")."""
    found = _SOURCE.fullmatch(source)
    return (source, "", "") if found is None else (found[1], found[2], found[3] or "")


def personal_columns(destination: Destination, standard: Standard) -> list[str]:
    """The target's columns that hold what names a person or a person's secrets."""
    if destination.to.kind == "ads":
        # Whoever has the number has its hash.
        return ["hash"]
    found = []
    for name, source in destination.columns.items():
        kind, of, _ = split(source)
        if kind == "attribute":
            one = standard.attributes.get(of)
            if one is not None and (one.personal in HIDDEN_CLASSES or of in PERSON_NAMES):
                found.append(name)
        elif kind == "identifier":
            found.append(name)
    return found


def _check_source(
    source: str, what: What, standard: Standard, tags: Collection[str], segments: Collection[str],
    lists: Collection[str],
) -> None:  # fmt: skip
    kind, name, scope = split(source)
    if not name:
        if source not in BASES[what]:
            raise ValueError(
                f"{source!r} is no source; {what} have {', '.join(BASES[what])}, attribute.…, identifier.…, tag.…"
            )
        return
    if scope and kind != "identifier":
        raise ValueError("a scope goes with identifiers only")
    known: Mapping[str, Collection[str]] = {
        "attribute": standard.attributes,
        "identifier": standard.identifier_types,
        "tag": tags,
        "segment": segments,
        "list": lists,
    }
    if name not in known[kind]:
        raise ValueError(f"there is no {kind} {name}")


def _reference(value: str) -> str:
    if not is_reference(value):
        raise ValueError("a secret is written as env:NAME or file:PATH only, never as it is")
    return value


def _relative(value: str) -> str:
    parts = [part for part in value.split("/") if part]
    if value.startswith("/") or any(part in (".", "..") or "\0" in part or "\\" in part for part in parts):
        raise ValueError("a path below the folder of exports is wanted, such as crm/profiles")
    return "/".join(parts)

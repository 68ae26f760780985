"""Lists of customers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from onepool.api.models.common import Instant, Model, Name, Titles


class ListInput(Model):
    """A list to make; entries are uploaded after."""

    name: Name
    title: Titles
    description: str = Field("", max_length=2000)
    reason: str = Field("", max_length=500)


class CustomerList(Model):
    """A list with its size now."""

    name: str
    title: Titles
    description: str
    kind: Literal["upload", "snapshot"] = Field(description="Filled by uploads, or once with the members of a segment.")
    segment: str | None = Field(description="Of a snapshot: the segment whose members were copied.")
    size: int = Field(description="Customers on it now.")
    entries: int = Field(description="Identifiers that were told.")
    unmatched: int = Field(description="Entries that nobody is known by yet.")
    author: str | None
    changed_at: Instant | None
    used_by: list[str] = Field(description="Definitions that ask for it, such as `segment:vip`.")


class CustomerLists(Model):
    """All lists."""

    items: list[CustomerList]


class ListChangeRow(Model):
    """One upload, snapshot or removal."""

    at: Instant
    mode: Literal["add", "replace", "remove", "delete"]
    author: str
    source: str = Field(description="The file's name, or the segment that was copied.")
    read: int
    entries: int
    duplicates: int
    refused: int


class CustomerListDetail(CustomerList):
    """A list with its latest changes."""

    changes: list[ListChangeRow]


class ListRefusal(Model):
    """A row of a file that was not taken."""

    row: int = Field(description="As a reader of the file counts; its header counts too.")
    why: str
    value: str = Field(description="Masked.")


class ListUpload(Model):
    """What became of a file: read = entries + duplicates + refused."""

    mode: Literal["add", "replace", "remove"]
    type: str = Field(examples=["phone", "member_no@crm"])
    column: str = Field(description="Name of the column that was taken; empty where it has none.")
    read: int
    entries: int
    matched: int = Field(description="Entries that somebody is known by now.")
    unmatched: int = Field(description="Entries that wait for somebody.")
    duplicates: int
    refused: int
    refusals: list[ListRefusal] = Field(description="The first 200 refused rows.")


class ListMember(Model):
    """Somebody on a list, masked."""

    customer_id: int
    name: str | None
    phone: str | None
    email: str | None
    since: Instant
    last_seen: Instant | None


class ListMembers(Model):
    """A page of members, the latest first."""

    items: list[ListMember]
    total: int
    page: int
    size: int


class PastListMember(ListMember):
    """Somebody who was on a list and is no more, masked."""

    until: Instant = Field(description="When they were taken off.")


class PastListMembers(Model):
    """A page of those who were on the list, the latest to leave first."""

    items: list[PastListMember]
    total: int
    page: int
    size: int


class UnmatchedEntry(Model):
    """An entry that nobody is known by, masked."""

    type: str
    scope: str
    value: str
    since: Instant


class UnmatchedEntries(Model):
    """A page of entries that nobody is known by."""

    items: list[UnmatchedEntry]
    total: int
    page: int
    size: int

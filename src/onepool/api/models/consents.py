"""Consent, suppressions and approvals."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from onepool.api.models.common import Instant, Model, Titles

# The rule of onepool.privacy.masking.mask_identifier.
_SHOWN = "Phone, e-mail and documents are masked; ids of platforms and of the brand (openid, member number) are shown."


class ConsentEntry(Model):
    """One word of the ledger. Entries are never changed."""

    id: int
    identifier: str = Field(description=f"`type:value` of who said it. {_SHOWN}")
    purpose: str = Field(description="`all`: every purpose; `template:ID`: messages of one template.")
    category: str = Field(description="Of messages; empty: every one.")
    channel: str = Field(description="Empty: every one.")
    granted: bool
    time: Instant = Field(description="When it was said.")
    at: Instant = Field(description="When it was written into the ledger.")
    source: str = Field(description="event, reply, one_click, page, complaint, preference_page, api, cli …")
    touchpoint: str
    notice: str = Field(description="`name@version` of the text that was shown.")
    notice_hash: str = Field(description="SHA-256 of that text, in hex.")
    evidence: str = Field(description="JSON or text, personal data masked.")


class ConsentStanding(Model):
    """Whether a customer has consented to a purpose over a channel now."""

    purpose: str
    purpose_title: Titles
    channel: str
    channel_title: Titles
    granted: bool
    proof: ConsentEntry | None = Field(description="The word that decided it; none where nobody said one.")
    stopped: str | None = Field(description="Why messages are kept back all the same.")


class SuppressionRow(Model):
    """Somebody, or an address, that gets nothing."""

    id: int
    customer_id: int | None = Field(description="The customer that the entry is about now.")
    address: str | None = Field(description=f"`type:value` of an entry about one address. {_SHOWN}")
    channel: str
    category: str
    purpose: str
    reason: str
    source: str
    at: Instant
    until: Instant | None
    lifted: Instant | None
    lifted_by: str
    author: str
    note: str
    live: bool


class CustomerConsents(Model):
    """Everything about a customer's consent on one page."""

    customer_id: int
    standings: list[ConsentStanding]
    history: list[ConsentEntry] = Field(description="The latest first; `/consents/ledger` has the rest.")
    suppressions: list[SuppressionRow]


class ConsentLedger(Model):
    """Entries, the latest first."""

    items: list[ConsentEntry]
    next: int | None = Field(description="`before` of the next page.")


class ConsentChoice(Model):
    """One wish."""

    granted: bool
    purpose: str = Field(min_length=1, max_length=64, description="`all`: every purpose.")
    channel: str = Field("", max_length=32)
    category: str = Field("", max_length=32)


class ConsentStatement(Model):
    """Wishes written down on somebody's behalf."""

    customer_id: int = Field(ge=0, le=2**53)
    choices: list[ConsentChoice] = Field(min_length=1, max_length=50)
    reason: str = Field(min_length=1, max_length=500, description="How and where the person said so.")
    evidence: str = Field("", max_length=1000, description="Where the proof is: a recording, a form, a ticket.")
    notice: str = Field("", max_length=64)
    notice_hash: str = Field("", max_length=64)


class ConsentWritten(Model):
    """In the log and in force; the ledger follows with the next tick."""

    log_offset: int


class PreferenceLink(Model):
    """The path of a customer's preference page, shown once."""

    path: str


class NoticeRow(Model):
    """One version of a text that people are shown."""

    name: str
    version: int
    label: str = Field(description="As events name it in the field `notice`.")
    texts: dict[str, str] = Field(description="By language.")
    hashes: dict[str, str]
    at: Instant
    author: str


class NoticeList(Model):
    """All versions, by name, the latest first."""

    items: list[NoticeRow]


class NoticeInput(Model):
    """A new version. The notice `preference_page` is what preference pages show."""

    name: str = Field(min_length=1, max_length=60, pattern=r"^[a-z][a-z0-9_]*$")
    texts: dict[str, str] = Field(min_length=1, max_length=10)


class SuppressionList(Model):
    """Entries, the latest first."""

    items: list[SuppressionRow]
    total: int
    next: int | None = Field(description="`before` of the next page.")


class SuppressionInput(Model):
    """Who is to get nothing: one customer, or addresses."""

    customer_id: int | None = Field(None, ge=0)
    type: Literal["phone", "email"] | None = Field(None, description="Of the addresses.")
    addresses: list[str] = Field(default_factory=list, max_length=10_000)
    channel: str = Field("", max_length=32, description="Empty: every one.")
    category: str = Field("", max_length=32, description="Empty: every one but transactional.")
    until: Instant | None = None
    note: str = Field(min_length=1, max_length=500, description="Why.")


class SuppressionAdded(Model):
    """What came of it."""

    ids: list[int]
    known: int = Field(description="Were on the list already.")
    unknown: int = Field(description="Addresses that nobody here has, or that are none.")


class SuppressionLift(Model):
    """Why somebody may get messages again."""

    reason: str = Field(min_length=1, max_length=500)


class ApprovalRow(Model):
    """A question and its answer, about one version of a definition."""

    id: int
    kind: str
    name: str
    version: int
    status: Literal["asked", "approved", "refused", "withdrawn"]
    asked_by: str
    asked_at: Instant
    decided_by: str
    decided_at: Instant | None
    note: str
    mine: bool = Field(description="Asked for by the caller, who can't decide on it.")


class ApprovalList(Model):
    """Approvals."""

    items: list[ApprovalRow]


class ApprovalDecision(Model):
    """Yes or no."""

    approve: bool
    note: str = Field("", max_length=500)


class ApprovalNote(Model):
    """Why."""

    note: str = Field("", max_length=500)

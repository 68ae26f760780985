"""Messages."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from onepool.api.models.common import Finding, Instant, JsonObject, Model, Titles

Approval = Literal["asked", "approved", "refused", "withdrawn"]
Definition = Annotated[JsonObject, Field(description="The definition as it is written in YAML.")]


class TextLength(Model):
    """How long a text message becomes, with signature."""

    template: str
    least: int = Field(description="Characters, the shortest.")
    most: int | None = Field(description="Characters, the longest; null: without end.")
    segments: int = Field(description="Billed parts, of the shortest: 70 characters in one, 67 in each of more.")
    most_segments: int | None


class MessageContent(Model):
    """What a message says on one channel."""

    template: str
    title: Titles
    channel: str
    channel_title: Titles
    kind: str | None
    kind_title: Titles | None
    marketing: bool | None = Field(description="Whether the platform lets this kind carry marketing.")
    touchpoint: str | None


class MessageRow(Model):
    """A message in the list."""

    name: str
    title: Titles
    category: str = Field(examples=["promotion"])
    channels: list[str]
    contents: int
    version: int
    author: str
    changed_at: Instant
    problems: int
    warnings: int
    approval: Approval | None = Field(description="Of the current version; null: nobody asked.")
    used_by: list[str] = Field(examples=[["journey:cart_recall"]])


class MessageList(Model):
    """All messages."""

    items: list[MessageRow]
    approval: bool = Field(description="Whether a second person has to approve a message before a journey may use it.")


class MessageCheck(Model):
    """What is wrong with a message (`problems`), and what its author should look at (`warnings`)."""

    problems: list[Finding]
    warnings: list[Finding]
    lengths: list[TextLength]
    contents: list[MessageContent]
    run: list[str] = Field(description="What a journey has to tell it.", examples=[["vars.coupon_code"]])


class MessageDetail(Model):
    """One message."""

    name: str
    title: Titles
    category: str
    purpose: str | None
    definition: JsonObject
    version: int
    author: str
    reason: str
    changed_at: Instant
    approval: Approval | None
    approval_id: int | None
    approval_note: str
    approval_required: bool
    used_by: list[str]
    check: MessageCheck


class MessageVersion(Model):
    """One version of a message."""

    version: int
    author: str
    reason: str
    at: Instant
    approval: Approval | None
    definition: JsonObject | None = Field(description="null: retired with this version.")


class MessageVersions(Model):
    """Versions, the newest first."""

    items: list[MessageVersion]


class MessageCheckRequest(Model):
    definition: Definition


class NewMessage(Model):
    definition: Definition
    reason: Annotated[str, Field(max_length=500)] = ""


class MessageChange(NewMessage):
    version: int | None = Field(default=None, description="The version that was edited; another one now: 409.")


class MessagePreviewRequest(Model):
    """A content to be shown: of a draft (`definition`) or of a saved message (`name`)."""

    definition: JsonObject | None = None
    name: Annotated[str, Field(max_length=200)] | None = None
    version: int | None = None
    template: Annotated[str, Field(max_length=200)] | None = Field(default=None, description="By default the first.")
    customer_id: Annotated[str, Field(pattern=r"^[0-9]{1,19}$")] | None = None
    values: dict[str, JsonValue] = Field(
        default_factory=dict, description="By source (`trigger.product_name`) or by the variable's name."
    )


class PreviewValue(Model):
    """A variable of a preview."""

    name: str
    source: str | None
    value: str | None
    origin: Literal["customer", "given", "default", "sample"] | None = Field(
        description="null: there is no value, and this customer would not get the message."
    )


class MessagePreview(Model):
    """A content as a customer would get it."""

    template: str
    channel: str
    kind: str | None
    content: JsonObject | None = Field(description="As the channel takes it; null where there is a problem.")
    problem: str | None
    text: str | None = Field(description="Of a text message: as it arrives.")
    characters: int | None
    segments: int | None
    values: list[PreviewValue]
    masked: bool = Field(description="Whether personal values were hidden from this role.")
    check: MessageCheck


class MessageTestRequest(Model):
    """A message to be sent to an address of one's own."""

    template: Annotated[str, Field(max_length=200)]
    touchpoint: Annotated[str, Field(max_length=200)]
    to: dict[str, Annotated[str, Field(max_length=200)]] = Field(examples=[{"phone": "13800000000"}])
    values: dict[str, JsonValue] = Field(default_factory=dict)


class MessageTestResult(Model):
    """What came of a test."""

    state: Literal["sent", "task", "refused", "retry", "unknown"]
    reason: str | None
    code: str
    detail: str
    left: int = Field(description="Tests that may still be sent in these 24 hours.")
    content: JsonObject


class MessageApprovalRequest(Model):
    note: Annotated[str, Field(max_length=2000)] = ""


class TemplateFilter(Model):
    """A filter of templates."""

    name: str
    title: Titles
    example: str


class TemplateField(Model):
    """What a field of a WeChat template may hold, by the kind in its name."""

    name: str
    limit: int
    title: Titles


class TemplateLanguage(Model):
    """What templates may be written with."""

    filters: list[TemplateFilter]
    types: list[str]
    sources: list[str]
    wechat_fields: list[TemplateField]
    sms_single: int
    sms_segment: int
    json_schema: JsonObject

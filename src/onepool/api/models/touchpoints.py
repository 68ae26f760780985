"""Touchpoints and the channels that they are of."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from onepool.api.models.common import Instant, JsonObject, Model, Titles

TouchpointName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,60}$", examples=["official_account"])]


class Touchpoint(Model):
    """Where a brand meets people, and what came from there."""

    name: str
    title: Titles
    channel: str
    channel_title: Titles
    write_key: str | None = Field(description="Only for roles that connect sources.")
    scopes: dict[str, str]
    events_24h: int
    quarantined_24h: int
    last_at: Instant | None
    state: Literal["live", "silent", "failing", "paused", "incomplete"] = Field(
        description="incomplete: settings are missing; failing: the last fetch failed; silent: nothing in 24 hours."
    )
    sandbox: bool
    error: str | None = Field(description="Why it fails, in words.")


class TouchpointList(Model):
    """All touchpoints."""

    items: list[Touchpoint]


class ChannelSetting(Model):
    """One field of the form by which a touchpoint is connected."""

    name: str
    kind: Literal["text", "secret", "integer", "number", "boolean", "choice", "texts", "mapping", "object"]
    title: Titles
    help: Titles | None
    required: bool
    default: Any = None
    options: dict[str, Titles]
    pattern: str | None
    unverified: bool = Field(description="The default could not be checked against the platform's own pages.")


class ChannelIdentifier(Model):
    """An identifier type that a channel yields."""

    type: str
    title: Titles
    scope: str
    of: Titles | None


class ChannelSignal(Model):
    """An event, a profile fact or an object that a channel can give."""

    event: str
    title: Titles
    kind: Literal["event", "profile", "object"]
    fields: list[str]
    traits: list[str]
    source: str


class MessagePart(Model):
    """A part of a message that its author writes."""

    name: str
    title: Titles
    kind: str
    required: bool
    limit: int | None


class ChannelMessage(Model):
    """A kind of message that a channel carries."""

    name: str
    title: Titles
    to: list[str]
    also: list[str]
    content: list[MessagePart]
    allowance: str | None
    asynchronous: bool
    idempotent: bool
    marketing: bool


class ChannelWindow(Model):
    """What a person's deed allows to send to them."""

    allowance: str
    event: str
    event_title: Titles
    messages: int
    seconds: int | None
    adds: bool
    unverified: bool


class ChannelQuota(Model):
    """What the platform allows at most."""

    name: str
    title: Titles
    count: int
    seconds: int | None
    period: Literal["day", "month"] | None
    scope: str
    unverified: bool


class ChannelStream(Model):
    """Something that is fetched from a platform."""

    name: str
    title: Titles
    every: int


class Channel(Model):
    """A channel as its manifest says; ``installed`` is false for one that only takes files and SDK events."""

    name: str
    title: Titles
    installed: bool
    ways: list[str]
    hook: bool = Field(description="Whether the platform calls us back.")
    settings: list[ChannelSetting]
    identifiers: list[ChannelIdentifier]
    signals: list[ChannelSignal]
    messages: list[ChannelMessage]
    windows: list[ChannelWindow]
    quotas: list[ChannelQuota]
    streams: list[ChannelStream]
    instructions: Titles | None


class ChannelList(Model):
    """All channels of the standard."""

    items: list[Channel]


class StreamState(Model):
    """How a stream of a touchpoint stands."""

    name: str
    title: Titles
    every: int
    ran_at: Instant | None
    done_at: Instant | None
    next_at: Instant | None
    pages: int
    failures: int
    error: str


class SecretState(Model):
    """A secret by its reference; the value is shown nowhere."""

    setting: str
    reference: str | None
    found: bool


class TouchpointDetail(Touchpoint):
    """One touchpoint with everything that can be set."""

    version: int
    author: str
    changed_at: Instant
    settings: JsonObject = Field(description="Secrets as references.")
    secrets: list[SecretState]
    mapping: JsonObject
    joining: Literal["free", "consent", "never"]
    paused: bool
    hook_path: str | None = Field(description="Where the platform's callbacks go, on this server.")
    streams: list[StreamState]
    problems: list[str]


class TouchpointChange(Model):
    """A touchpoint as it shall be."""

    title: Titles
    channel: Annotated[str, Field(max_length=64)]
    scopes: dict[str, str] = Field(default_factory=dict)
    settings: JsonObject = Field(default_factory=dict)
    mapping: JsonObject = Field(default_factory=dict)
    joining: Literal["free", "consent", "never"] | None = Field(
        None, description="null: as it was; `free` where the touchpoint is new."
    )
    paused: bool = False
    sandbox: bool = False
    version: int | None = Field(None, description="The version that was edited; a newer one is a conflict.")
    reason: Annotated[str, Field(max_length=500)] = ""


class SecretInput(Model):
    """A secret to be kept. It can't be read again."""

    value: Annotated[str, Field(min_length=1, max_length=64 * 1024)]


class SecretKept(Model):
    """The reference under which a secret is kept."""

    reference: str


class TestStep(Model):
    """One part of a test."""

    code: Literal["settings", "sandbox", "secrets", "network", "token", "answer"]
    ok: bool
    message: str
    hint: str


class TestResult(Model):
    """What a test of a touchpoint found."""

    ok: bool
    steps: list[TestStep]


class SyncRequest(Model):
    """What to fetch now; without a stream: all of them."""

    stream: Annotated[str, Field(max_length=64)] | None = None
    from_start: bool = Field(False, description="Forget where it stood and fetch everything.")


class SyncRun(Model):
    """One stream's run."""

    stream: str
    pages: int
    bytes: int
    error: str


class SyncResult(Model):
    """What a fetch brought."""

    runs: list[SyncRun]


class MessageInput(Model):
    """A message to be sent by hand, to oneself for a test."""

    kind: Annotated[str, Field(max_length=64)]
    to: dict[str, str]
    content: JsonObject = Field(default_factory=dict)


class MessageReceipt(Model):
    """What came of a message."""

    state: Literal["sent", "task", "refused", "retry", "unknown"]
    reason: str | None
    code: str
    provider_id: str
    after: float | None
    detail: str


class ArrivedRow(Model):
    """What went into the pool."""

    kind: str
    name: str
    title: Titles
    known: bool
    time: Instant | None
    ids: list[str]
    fields: JsonObject
    attributes: JsonObject


class ArrivedFault(Model):
    """What did not go into the pool, and why."""

    rule: str
    field: str
    message: str
    sample: str = Field(description="The thing as sent, JSON text of at most 4 KB; personal values masked.")


class Arrival(Model):
    """One request or page: raw beside standard."""

    offset: int
    received_at: Instant
    protocol: str
    raw: str
    items: list[JsonObject]
    rows: list[ArrivedRow]
    refused: list[ArrivedFault]
    left_out: int = Field(description="Further things of this request that are not shown.")
    repeated: bool = Field(
        description="It says only what came before under the same numbers (platforms deliver again); counted once."
    )


class ArrivalList(Model):
    """The latest that came in at a touchpoint."""

    items: list[Arrival]


class TouchpointDraft(Model):
    """A draft of a touchpoint, to see how the latest arrivals (or a sample) would be read under it."""

    channel: Annotated[str, Field(max_length=64)]
    scopes: dict[str, str] = Field(default_factory=dict)
    settings: JsonObject = Field(default_factory=dict)
    mapping: JsonObject = Field(default_factory=dict)
    sample: Annotated[str, Field(max_length=256 * 1024)] | None = Field(
        None, description="A payload to try; without one the latest arrivals are taken."
    )
    content_type: Annotated[str, Field(max_length=200)] = "application/json"
    quarantined: Annotated[str, Field(pattern=r"^[0-9]{1,19}$")] | None = Field(
        None, description="What waits in quarantine under this id is tried, instead of the latest arrivals."
    )


class TouchpointBody(TouchpointChange):
    """A touchpoint as a version of it said."""


class TouchpointVersion(Model):
    """A touchpoint as it was once."""

    version: int
    author: str
    reason: str
    at: Instant
    deleted: bool
    body: TouchpointBody | None = Field(description="What can be saved again; null where it was deleted.")
    changes: list[str] = Field(description="What is different from the version before, by name.")


class TouchpointVersions(Model):
    """All versions of a touchpoint, the newest first."""

    items: list[TouchpointVersion]

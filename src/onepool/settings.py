"""The settings of a workspace: `onepool.yaml`, read once into a typed object."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from onepool.errors import WorkspaceError


class Collect(BaseModel):
    """Limits of collection."""

    model_config = ConfigDict(extra="forbid")

    max_batch_bytes: int = Field(default=500 * 1024, gt=0, description="Largest request body, unpacked, in bytes.")
    max_event_bytes: int = Field(default=32 * 1024, gt=0, description="Largest single event, in bytes.")
    processes: int = Field(default=1, ge=1, le=64, description="Collector processes that share the port.")


class Tick(BaseModel):
    """How much one turn of the tick takes at most."""

    model_config = ConfigDict(extra="forbid")

    max_requests: int = Field(default=400, gt=0, description="Log records of one turn at most.")
    max_bytes: int = Field(default=8 * 1024 * 1024, gt=0, description="Bytes of log records of one turn at most.")
    idle_milliseconds: int = Field(default=50, gt=0, description="How long to wait when there is nothing to do.")


class Pool(BaseModel):
    """What the pool's engine may use."""

    model_config = ConfigDict(extra="forbid")

    memory: str = Field(default="6GB", pattern=r"^\d+(\.\d+)?(MB|GB)$", description="Memory limit, for example `6GB`.")
    threads: int | None = Field(default=None, ge=1, description="Threads of a query; empty: one for each core.")


class Behaviour(BaseModel):
    """The behaviour index: events in customer order beside the pool, for live segments and timelines."""

    model_config = ConfigDict(extra="forbid")

    enabled: bool = Field(default=True, description="Whether the worker keeps one; answers are the same without.")
    from_events: int = Field(default=100_000, ge=1, description="Pools of fewer events do without.")


class Journeys(BaseModel):
    """How journeys are published and carried out."""

    model_config = ConfigDict(extra="forbid")

    approval: Literal["by_role", "always", "never"] = Field(
        default="by_role",
        description="Whether a second person has to approve a journey before it is published: `by_role` (unless who "
        "publishes may approve himself), `always`, `never`.",
    )
    quantum_milliseconds: int = Field(
        default=250, ge=10, le=60_000, description="Inputs that arrive within this time are decided on together."
    )


class Messages(BaseModel):
    """What messages may lead to, and who has to look at them first."""

    model_config = ConfigDict(extra="forbid")

    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$",
        description="Address under which customers reach this server: short links and preference pages begin with it.",
    )
    link_hosts: list[str] = Field(
        default_factory=list, description="Hosts that links in messages may lead to, with those below them; empty: any."
    )
    approval: bool = Field(
        default=False, description="Whether a second person has to approve a message before a journey may use it."
    )
    tests_per_day: int = Field(default=50, ge=0, description="Messages that may be sent as a test in 24 hours.")


class Settings(BaseModel):
    """The workspace as a whole."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(default="OnePool", description="Shown in the console's header.")
    time_zone: str = Field(
        default="Asia/Shanghai", description="Zone of calendar days, of times sent without one, and of the console."
    )
    country: str = Field(
        default="CN", pattern=r"^[A-Z]{2}$", description="Country of phone numbers sent without a code (ISO 3166)."
    )
    currency: str = Field(
        default="CNY", pattern=r"^[A-Z]{3}$", description="Currency of amounts sent without one (ISO 4217)."
    )
    language: Literal["zh-CN", "en"] = Field(default="zh-CN", description="The console's language at first sight.")
    unknown_events: Literal["keep", "refuse"] = Field(
        default="keep", description="Events that the data standard does not name: kept and counted, or quarantined."
    )
    digests: list[str] = Field(
        default=[],
        description="Types of digested identifiers that others send (`phone_md5`, `phone_sha256`, `email_sha256` …): "
        "every plain value tells its digest too, so that what arrives digested is of the same person.",
    )
    digest_salt: str | None = Field(
        default=None,
        pattern=r"^(env|file):.+$",
        description="The salt shared with those who send salted digests: `env:NAME` or `file:PATH`, never itself.",
    )
    dedupe_days: int = Field(default=31, ge=30, description="How long message ids are remembered, in days.")
    state: str | None = Field(
        default=None,
        description="SQLAlchemy URL of the state, or `env:NAME`; empty: `data/state.sqlite` in the workspace.",
    )
    sandbox: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s]+$",
        description="Address of the platforms' doubles for touchpoints with `sandbox: true`; empty: where they run.",
    )
    collect: Collect = Collect()
    tick: Tick = Tick()
    pool: Pool = Pool()
    behaviour: Behaviour = Behaviour()
    journeys: Journeys = Journeys()
    messages: Messages = Messages()

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"no such time zone: {value!r}; write one like Asia/Shanghai") from error
        return value

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


def load_settings(path: Path) -> Settings:
    """Read `onepool.yaml`. Raises WorkspaceError naming the file and the wrong key."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except FileNotFoundError as error:
        raise WorkspaceError(
            "this folder is not a workspace", where=str(path.parent), hint=f"make one with: onepool init {path.parent}"
        ) from error
    except yaml.YAMLError as error:
        raise WorkspaceError(f"not readable as YAML: {error}", where=str(path)) from error
    try:
        return Settings.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise WorkspaceError(first["msg"], where=f"{path}: {place}") from error


def resolve_secret(value: str) -> str:
    """A setting may name a secret by reference: `env:NAME` or `file:PATH`; anything else is taken as it stands."""
    if value.startswith("env:"):
        name = value[4:]
        if name not in os.environ:
            raise WorkspaceError(f"the environment has no {name}", hint=f"set {name} before starting")
        return os.environ[name]
    if value.startswith("file:"):
        return Path(value[5:]).read_text(encoding="utf-8").strip()
    return value

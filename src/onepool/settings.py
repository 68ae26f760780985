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
    """Limits of collection. Sizes in bytes, times in seconds."""

    model_config = ConfigDict(extra="forbid")

    max_batch_bytes: int = Field(default=500 * 1024, gt=0)
    max_event_bytes: int = Field(default=32 * 1024, gt=0)
    processes: int = Field(default=1, ge=1, le=64)


class Tick(BaseModel):
    """How much one turn of the tick takes at most."""

    model_config = ConfigDict(extra="forbid")

    max_requests: int = Field(default=2_000, gt=0)
    max_bytes: int = Field(default=32 * 1024 * 1024, gt=0)
    idle_milliseconds: int = Field(default=100, gt=0)


class Pool(BaseModel):
    """What the pool's engine may use."""

    model_config = ConfigDict(extra="forbid")

    memory: str = Field(default="6GB", pattern=r"^\d+(\.\d+)?(MB|GB)$")
    threads: int | None = Field(default=None, ge=1)


class Settings(BaseModel):
    """Everything in `onepool.yaml`."""

    model_config = ConfigDict(extra="forbid")

    name: str = "OnePool"
    time_zone: str = "Asia/Shanghai"
    country: str = Field(default="CN", pattern=r"^[A-Z]{2}$")
    currency: str = Field(default="CNY", pattern=r"^[A-Z]{3}$")
    language: Literal["zh-CN", "en"] = "zh-CN"
    unknown_events: Literal["keep", "refuse"] = "keep"
    dedupe_days: int = Field(default=31, ge=30)
    state: str | None = None
    """SQLAlchemy URL of the state; default: `data/state.sqlite` in the workspace. May be `env:NAME`."""
    collect: Collect = Collect()
    tick: Tick = Tick()
    pool: Pool = Pool()

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

"""Shapes that several rooms share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

Language = Literal["zh-CN", "en"]
Instant = AwareDatetime
"""An instant in ISO 8601 with its offset (the server sends UTC)."""
JsonObject = dict[str, JsonValue]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$", examples=["vip"])]
"""The name of a definition: letters, digits and underscores; it never changes."""


class Model(BaseModel):
    """Base of all API shapes: nothing unknown gets in, and optional means present with null."""

    model_config = ConfigDict(extra="forbid", json_schema_serialization_defaults_required=True)


class Titles(Model):
    """A text for people in the languages of the console."""

    zh: str
    en: str


class Problem(BaseModel):
    """An error (RFC 9457). `code` is stable: programs and translations go by it, never by the texts."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    type: str = Field("about:blank", description="A URI that names the kind of problem; derived from `code`.")
    title: str = Field(description="The HTTP status in words.")
    status: int
    code: str = Field(description="Stable, kebab-case.", examples=["not-signed-in"])
    detail: str = Field(description="What happened, for a person.")
    where: str | None = Field(None, description="The field or place that is wrong.")
    hint: str | None = Field(None, description="What to do about it.")
    instance: str | None = Field(None, description="An id of this very occurrence; also in the server's log.")
    problems: list[Finding] = Field(default_factory=list, description="The single faults of a definition or a body.")


class Finding(Model):
    """One fault in a condition or in a request body."""

    place: str = Field(description="Path inside the object.", examples=["all[2].where.amuont"])
    message: str
    suggestion: str | None = None


class Figure(Model):
    """A number of customers for a part of a condition."""

    place: str = Field(description="Path inside the condition; empty for all of it.")
    size: int


Problem.model_rebuild()

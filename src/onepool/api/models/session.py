"""Signing in and out."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from onepool.api.models.common import Instant, Language, Model
from onepool.privacy.roles import Permission, Role


class SignIn(Model):
    """Who signs in."""

    email: str = Field(min_length=3, max_length=254, examples=["admin@example.com"])
    password: SecretStr = Field(min_length=1, max_length=256)


class Account(Model):
    """Who is asking: a person, or a program with an API key."""

    id: int
    email: str | None = Field(description="Null for API keys.")
    name: str
    role: Role
    permissions: list[Permission]


class WorkspaceFacts(Model):
    """What the console must know of the workspace before anything else."""

    name: str
    time_zone: str = Field(examples=["Asia/Shanghai"])
    country: str = Field(examples=["CN"])
    currency: str = Field(examples=["CNY"])
    version: str = Field(description="The version of OnePool.")


class SessionState(Model):
    """The session that the request came with."""

    user: Account
    via: Literal["session", "key"]
    language: Language
    expires_at: Instant | None
    workspace: WorkspaceFacts


class PasswordChange(Model):
    """A new password. All other sessions of the user end."""

    current: SecretStr = Field(min_length=1, max_length=256)
    new: SecretStr = Field(min_length=12, max_length=256)

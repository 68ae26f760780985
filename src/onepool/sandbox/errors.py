"""What can be wrong about using the sandbox."""

from __future__ import annotations

from onepool.errors import OnePoolError


class SandboxError(OnePoolError):
    """The sandbox can't be started or used this way."""

    code = "sandbox"


class ScenarioError(SandboxError):
    """A scenario file that can't be used."""

    code = "scenario"


class ActError(SandboxError):
    """An act that nobody can do here."""

    code = "act"

"""The base of every error that OnePool raises on purpose."""

from __future__ import annotations


class OnePoolError(Exception):
    """An error written for the person who reads it.

    ``code`` is stable and machine readable, ``where`` names the place (file, line, field, touchpoint),
    ``hint`` says what to do about it.
    """

    code = "error"

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None, code: str | None = None):
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place}{self.message}{hint}"


class WorkspaceError(OnePoolError):
    """A workspace can't be opened, or its settings are wrong."""

    code = "workspace"


class UsageError(OnePoolError):
    """A command or call was used wrongly."""

    code = "usage"

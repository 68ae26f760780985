"""A double of one account's platform: it answers calls, and does what people do there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from onepool.channels.base import Account
from onepool.sandbox.errors import ActError
from onepool.sandbox.scenario import Behaviour
from onepool.sandbox.stage import Stage
from onepool.sandbox.wire import Asked, Told, told
from onepool.sandbox.world import Person


class Double:
    """Subclasses answer calls (`answer`) and have a method ``act_NAME(person, given)`` for each thing people do."""

    channel: ClassVar[str]

    def __init__(self, account: Account, stage: Stage) -> None:
        self.account = account
        self.stage = stage
        self.world = stage.world
        self.behaviour: Behaviour = stage.scenario.behaviour(account.touchpoint, account.channel)

    def begin(self) -> None:
        """Let those in who are there at the start; nothing is pushed."""

    def claims(self, asked: Asked) -> bool:
        """Whether a call is to this account (by its id, or by a token that it was given)."""
        del asked
        return True

    def answer(self, asked: Asked) -> Told:
        """Answer a call as the platform does."""
        return not_found(asked)

    @classmethod
    def stranger(cls, asked: Asked) -> Told:
        """The answer to somebody whom no account here knows."""
        return not_found(asked)

    def busy(self) -> Told:
        """The platform's own way to say "come again"."""
        return Told(b"", status=503, content_type="text/plain", code="503")

    def limited(self, what: str) -> Told | None:
        """The platform's answer when too much was called (``minute`` or ``day``); None where it has none."""
        del what
        return None

    @classmethod
    def acts(cls) -> list[str]:
        """What people can do here."""
        return sorted(name[4:] for name in dir(cls) if name.startswith("act_"))

    def act(self, name: str, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """Somebody does something; what is worth knowing about it. Raises ActError."""
        if name not in self.acts():
            raise ActError(f"nobody can {name} at {self.account.touchpoint}", hint=f"they can {', '.join(self.acts())}")
        done: dict[str, Any] = getattr(self, f"act_{name}")(person, given) or {}
        return {"person": person.key, **done}

    def repeat(self, content: bytes, content_type: str) -> None:
        """Push a content of the platform as it is (sealed and signed), for trying what is new there."""
        del content, content_type
        raise ActError(f"{self.channel} pushes nothing")


def not_found(asked: Asked) -> Told:
    """No such interface."""
    return told({"error": "no such interface here", "path": asked.path}, 404, status=404, what=asked.path)


def text_of(given: Mapping[str, Any], name: str, default: str = "") -> str:
    """A part of an act as text."""
    value = given.get(name, default)
    return "" if value is None else str(value)


def chosen(given: Mapping[str, Any], name: str, choices: Sequence[str], default: str) -> str:
    """A part of an act that is one of some words. Raises ActError."""
    value = text_of(given, name, default)
    if value not in choices:
        raise ActError(f"{name} is one of {', '.join(choices)}", where=value[:50])
    return value

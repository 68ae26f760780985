"""A touchpoint's settings with secrets resolved: what a channel's functions are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Account:
    """One account, shop, app or site of a channel.

    ``settings`` holds secrets in clear: it is never logged, stored or shown. ``scopes``: the touchpoint's scopes of
    identifier types. ``endpoints``: base addresses by name, of the platform or of a sandbox. ``keep``: by the
    names of secrets that a file holds, what writes a new value there (a platform changes refresh tokens).
    ``renewing``: within it no other process changes these, and what it gives are their values as they are now.
    """

    touchpoint: str
    channel: str
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)
    scopes: Mapping[str, str] = field(default_factory=dict)
    endpoints: Mapping[str, str] = field(default_factory=dict)
    keep: Mapping[str, Callable[[str], None]] = field(default_factory=dict, compare=False, repr=False)
    renewing: Callable[[], AbstractContextManager[Mapping[str, str]]] | None = field(
        default=None, compare=False, repr=False
    )

    def text(self, name: str) -> str:
        """A setting as text; empty where it is not set."""
        value = self.settings.get(name)
        return "" if value is None else str(value)

    def get(self, name: str, default: Any = None) -> Any:
        """A setting as it is."""
        value = self.settings.get(name)
        return default if value is None else value

    def url(self, endpoint: str, path: str) -> str:
        """An address below one of the channel's endpoints."""
        return self.endpoints[endpoint].rstrip("/") + "/" + path.lstrip("/")

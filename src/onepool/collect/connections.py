"""Lines to platforms within one process: one per account, made when first needed."""

from __future__ import annotations

import threading

from onepool.channels import registry
from onepool.channels.base import Account
from onepool.channels.connection import Connection
from onepool.clock import Clock


class Connections:
    """Connections by touchpoint. Threads may share it; a changed account gets a new connection and a new token."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._made: dict[str, Connection] = {}

    def of(self, account: Account) -> Connection:
        """The connection of an account. Raises ChannelError."""
        with self._lock:
            known = self._made.get(account.touchpoint)
            if known is not None and known.serves(account):
                return known
            # The old one is left to whoever still holds it.
            made = Connection(registry.channel(account.channel), account, self._clock)
            self._made[account.touchpoint] = made
            return made

    def close(self) -> None:
        """Close all."""
        with self._lock:
            for connection in self._made.values():
                connection.close()
            self._made.clear()

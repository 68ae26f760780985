"""What all doubles share: time, chance, people, the ledger, what is to happen later, and pushes to be sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from onepool.channels.base import Account
from onepool.clock import Clock
from onepool.sandbox.agenda import Agenda
from onepool.sandbox.chance import Chance
from onepool.sandbox.ledger import Ledger
from onepool.sandbox.pushing import SECONDS, Outbox, Pushed, Signing, any_200
from onepool.sandbox.scenario import Scenario
from onepool.sandbox.world import Person, World


@dataclass(frozen=True)
class Stage:
    """``clock`` is the world's, ``wall`` the machine's (signatures and network)."""

    scenario: Scenario
    clock: Clock
    wall: Clock
    chance: Chance
    world: World
    ledger: Ledger
    agenda: Agenda
    outbox: Outbox

    @property
    def seconds(self) -> int:
        """The world's time, in seconds since 1970."""
        return int(self.clock.now().timestamp())

    def push(
        self,
        account: Account,
        what: str,
        sign: Signing,
        *,
        good: Callable[[int, bytes], bool] = any_200,
        again: tuple[float, ...] = (SECONDS, SECONDS, SECONDS),
    ) -> None:
        """Send something to an account's hook."""
        entry = self.ledger.write(self.clock.now(), "out", account.channel, account.touchpoint, what)
        self.outbox.put(Pushed(sign, entry, good, again))

    def reach(self, account: Account, person: Person, address: str, kind: str, key: str, content: Any) -> None:
        """A message is with its person."""
        self.ledger.reached(
            self.clock.now(), account.channel, account.touchpoint, person.key, address, kind, key, content
        )

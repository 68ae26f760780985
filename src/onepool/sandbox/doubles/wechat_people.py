"""Somebody at a WeChat account: follower or user, with the windows and balances that their deeds open."""

from __future__ import annotations

from dataclasses import dataclass, field

from onepool.sandbox.world import Person

TEMPLATE_SUPPRESSED = 600.0
"""Seconds in which a second template message of the same client_msg_id is refused."""


@dataclass
class Reader:
    """``until`` and ``left``: the window for customer-service messages. ``balance``: subscriptions by template."""

    person: Person
    openid: str
    unionid: str
    follows: bool = False
    since: int = 0
    scene: str = "ADD_SCENE_OTHERS"
    qr_code: str = ""
    until: float = 0.0
    left: int = 0
    balance: dict[str, int] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    """Templates that they switched off."""
    switched_off: bool = False
    blacklisted: bool = False
    tags: list[int] = field(default_factory=list)
    remark: str = ""

    def opens(self, now: float, messages: int, seconds: float) -> None:
        """A deed that allows answers: each limit becomes the larger of what is left and what is new."""
        left = self.left if now <= self.until else 0
        self.left = max(left, messages)
        self.until = max(self.until, now + seconds)

    def closes(self) -> None:
        """No answers any more."""
        self.until, self.left = 0.0, 0

"""What the data shows of each identifier: when it was first sent. Nothing else may stand in the truth."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from onepool.demo.people.arrays import I64, Bools
from onepool.demo.people.population import NEVER

KINDS: Final = (
    "oa", "mini", "unionid", "wecom", "douyin", "youzan", "tmall", "ouid", "omid", "jd", "member", "user",
    "site_user", "crm", "crm_again", "crm_before", "email",
)  # fmt: skip
"""Identifiers of a person, one of each at most."""


@dataclass
class Shown:
    """``first``: by kind, the second at which each person's was first sent. Phones and devices by tenure."""

    first: dict[str, I64]
    phone: I64
    phone_last: I64
    cookie: I64
    app: I64
    oaid: I64
    dirty: dict[tuple[str, str], int] = field(default_factory=dict)
    """Things that must end in quarantine, by touchpoint and rule."""
    values: dict[tuple[str, str], int] = field(default_factory=dict)
    """Values that name nobody, by kind and touchpoint: how many were sent."""
    shared: dict[tuple[str, str], int] = field(default_factory=dict)
    """Identifiers that many use and that are none's, by kind and as the truth writes them: how many persons."""

    @classmethod
    def nothing(cls, persons: int, phones: int, devices: int) -> Shown:
        """Before the first day."""
        return cls(
            {kind: np.full(persons, NEVER) for kind in KINDS},
            np.full(phones, NEVER),
            np.full(phones, -NEVER),
            np.full(devices, NEVER),
            np.full(devices, NEVER),
            np.full(devices, NEVER),
        )

    def saw(self, kind: str, person: I64, time: I64, where: Bools | None = None) -> None:
        """These persons' identifiers were sent at these times."""
        if where is not None:
            person, time = person[where], time[where]
        np.minimum.at(self.first[kind], person, time)

    def saw_phone(self, tenure: I64, time: I64, where: Bools | None = None) -> None:
        """These numbers were sent as their owners' at these times."""
        if where is not None:
            tenure, time = tenure[where], time[where]
        np.minimum.at(self.phone, tenure, time)
        np.maximum.at(self.phone_last, tenure, time)

    def plant(self, kind: str, touchpoint: str, count: int) -> None:
        """Values that name nobody were sent."""
        if count:
            self.values[kind, touchpoint] = self.values.get((kind, touchpoint), 0) + count

    def share(self, kind: str, record: str, persons: int) -> None:
        """More persons used an identifier that is none's."""
        self.shared[kind, record] = self.shared.get((kind, record), 0) + persons

    def planted(self, touchpoint: str, rule: str, count: int = 1) -> None:
        """Things were sent that the standard must refuse."""
        if count:
            self.dirty[touchpoint, rule] = self.dirty.get((touchpoint, rule), 0) + count

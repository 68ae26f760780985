"""What is typed or used instead of somebody's own: an associate's phone, a placeholder, a kiosk in a store.

All of it names nobody: none of it stands in the truth as anybody's, but in ``planted.json``.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from onepool.demo.brand import ids, places
from onepool.demo.brand.scene import Scene
from onepool.demo.people.arrays import I64, Bools, Chance, Texts

STORES_OF_ONE: Final = 3
"""Stores that share an associate who gives the own number, and a kiosk."""

PLACEHOLDERS: Final = ("13888888888", "13800138000")
"""Well-formed: the first is not known as a placeholder to the data standard and shows by how many give it."""

NO_NUMBERS: Final = ("00000000000", "11111111111")
"""These are no phone numbers, and must be refused."""


def over_counter(scene: Scene, person: I64, phones: Texts, shows: I64) -> tuple[Texts, I64]:
    """Phones of memberships taken out in a store: of some an associate gives the own."""
    staffed = _some(person, scene.customers.rates.staff_phone, 31)
    group = (scene.store_of(person) // STORES_OF_ONE)[staffed]
    for one, count in zip(*np.unique(group, return_counts=True), strict=True):
        scene.shown.share("staff_phone", f"phone:+86{staff_phone(int(one))}", int(count))
    texts = phones.copy()
    texts[staffed] = [staff_phone(one) for one in group.tolist()]
    return texts, np.where(staffed, -1, shows)


def staff_phone(group: int) -> str:
    """The number of an associate; the prefix is nobody else's here."""
    return f"193{10_000_000 + group * 7_919:08d}"


def unchecked(
    chance: Chance, scene: Scene, touchpoint: str, phones: Texts, shows: I64, typed: Bools | None = None
) -> tuple[Texts, I64]:
    """Phones typed where nobody checks them: some are placeholders. ``typed``: where any is given at all."""
    drawn = chance.random(phones.size) < scene.customers.rates.placeholder
    rows = np.flatnonzero(drawn if typed is None else drawn & typed)
    texts = phones.copy()
    texts[rows] = [PLACEHOLDERS[row % 3 // 2] for row in range(rows.size)]
    scene.shown.plant("placeholder", touchpoint, rows.size)
    return texts, np.where(drawn, -1, shows)


def at_kiosk(scene: Scene, person: I64, opens: Bools) -> tuple[Bools, Texts]:
    """Which accounts of the site are opened at a store's kiosk, and its cookie for each of them."""
    there = opens & _some(person, scene.customers.rates.kiosk, 57)
    group = (scene.store_of(person) // STORES_OF_ONE)[there]
    cookies = scene.ids("kiosk", group)
    for one, count in zip(*np.unique(cookies, return_counts=True), strict=True):
        scene.shown.share("kiosk", f"anonymous_id@{places.SITE}:{one}", int(count))
    return there, cookies


def copied(scene: Scene, person: I64) -> Bools:
    """Whose second record was copied from elsewhere: without the phone, or with a masked one."""
    return _some(person, scene.customers.rates.unphoned, 83)


def _some(person: I64, rate: float, salt: int) -> Bools:
    """The same persons every time."""
    found: Bools = ids.mixed(person * 128 + salt) // 7 % 1_000 < round(rate * 1_000)
    return found

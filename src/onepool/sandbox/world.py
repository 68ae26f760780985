"""The people of a scenario: made up by the seed, with the ids that each platform gives them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from onepool.sandbox.chance import Chance
from onepool.sandbox.errors import ActError
from onepool.sandbox.scenario import Named, People

_FAMILY: Final = "李王张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN: Final = (
    "梓涵", "雨桐", "欣怡", "子墨", "晓婷", "静怡", "雅琴", "丽华", "思远", "佳宁", "婉清", "若曦", "海燕",
    "文静", "小雨", "明月", "春梅", "嘉禾", "云舒", "可心",
)  # fmt: skip
_PLACES: Final = (
    ("浙江省", "杭州市", "西湖区"), ("江苏省", "南京市", "鼓楼区"), ("广东省", "深圳市", "南山区"),
    ("四川省", "成都市", "武侯区"), ("湖北省", "武汉市", "洪山区"), ("上海市", "上海市", "浦东新区"),
    ("北京市", "北京市", "朝阳区"), ("福建省", "厦门市", "思明区"),
)  # fmt: skip

_ID: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")

# How each platform's ids look: first letters, number of the others.
_SHAPES: Final = {
    "openid": ("o", 27),
    "unionid": ("o6", 26),
    "external_userid": ("wm", 30),
    "yz_open_id": ("yz", 26),
    "buyer_open_uid": ("AAE", 25),
    "ouid": ("AAF", 25),
    "omid": ("AAG", 25),
    "jd_open_id": ("oJD-", 24),
    "xhs_open_id": ("xu", 22),
    "douyin_open_id": ("_000", 32),
}


@dataclass
class Person:
    """Somebody. ``ids``: by (kind, scope) what a platform calls them, as far as it was asked for."""

    key: str
    name: str
    phone: str
    email: str
    gender: int
    """1 male, 2 female."""
    place: tuple[str, str, str]
    ids: dict[tuple[str, str], str] = field(default_factory=dict)
    touchpoints: list[str] | None = None


class World:
    """Everybody by key, and by what platforms call them."""

    def __init__(self, people: People, chance: Chance) -> None:
        self.chance = chance
        self.shares = people.shares
        self.everybody = people.everybody
        self._people: dict[str, Person] = {}
        self._known: dict[tuple[str, str, str], Person] = {}
        for number in range(1, people.count + 1):
            self.make(f"p{number}")
        for named in people.named:
            self._name(named)

    def __iter__(self) -> Iterator[Person]:
        return iter(list(self._people.values()))

    def __len__(self) -> int:
        return len(self._people)

    def make(self, key: str) -> Person:
        """Somebody new, made up by the seed and the key."""
        chance = self.chance
        name = chance.pick(_FAMILY, "family", key) + chance.pick(_GIVEN, "given", key)
        # A block of numbers that is only used by the sandbox here; none of them is ever called.
        phone = f"199{chance.whole(0, 99_999_999, 'phone', key):08d}"
        made = Person(
            key,
            name,
            phone,
            f"{chance.text(10, 'mail', key, letters='abcdefghijklmnopqrstuvwxyz')}@example.com",
            1 if chance.happens(0.3, "gender", key) else 2,
            chance.pick(_PLACES, "place", key),
        )
        self._people[key] = made
        return made

    def get(self, key: str) -> Person | None:
        """Somebody by key or phone, or by an id that a platform gave them."""
        found = self._people.get(key)
        if found is not None:
            return found
        return next((one for one in self._people.values() if key in (one.phone, *one.ids.values())), None)

    def somebody(self, key: str) -> Person:
        """Somebody by key, made if there is nobody yet. Raises ActError for a key that can't be one."""
        found = self.get(key)
        if found is not None:
            return found
        if not key or len(key) > 200 or not key.isprintable():
            raise ActError("a person is named by a key, an id or a phone number", where=key[:50])
        return self.make(key)

    def id_of(self, person: Person, kind: str, scope: str) -> str:
        """What a platform calls somebody: given by the scenario, else made up."""
        found = person.ids.get((kind, scope))
        if found is None:
            start, length = _SHAPES.get(kind, (kind[:1], 24))
            found = start + self.chance.text(length, kind, scope, person.key)
            self.give(person, kind, scope, found)
        return found

    def give(self, person: Person, kind: str, scope: str, value: str) -> None:
        """Say what a platform calls somebody."""
        person.ids[kind, scope] = value
        self._known[kind, scope, value] = person

    def by_id(self, kind: str, scope: str, value: str) -> Person | None:
        """Whom a platform calls so; nobody it has not given an id yet."""
        return self._known.get((kind, scope, value))

    def stranger(self, kind: str, scope: str, value: object) -> Person | None:
        """Whom an unknown id belongs to where everybody is somebody; None where it is nobody's."""
        if not self.everybody or not isinstance(value, str) or not _ID.fullmatch(value):
            return None
        person = self.make(f"someone_{value}")
        self.give(person, kind, scope, value)
        return person

    def of(self, touchpoint: str, channel: str) -> Iterator[Person]:
        """Who is at a touchpoint when the world begins."""
        share = self.shares.get(touchpoint, self.shares.get(channel, 0.5))
        for person in self:
            if person.touchpoints is not None:
                if touchpoint in person.touchpoints or channel in person.touchpoints:
                    yield person
            elif self.chance.happens(share, "at", touchpoint, person.key):
                yield person

    def _name(self, named: Named) -> None:
        person = self.make(named.key)
        person.name = named.name or person.name
        person.phone = named.phone or person.phone
        person.email = named.email or person.email
        person.touchpoints = list(named.touchpoints) if named.touchpoints is not None else None
        for written, value in named.ids.items():
            kind, _, scope = written.partition("@")
            self.give(person, kind, scope, value)

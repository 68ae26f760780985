"""What mini program and app say of a visit through the Sensors SDKs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from onepool.demo.brand import ids, notices
from onepool.demo.brand.emit.sensors import APP_LIB, APP_PRESET, MINI_LIB, MINI_PRESET
from onepool.demo.brand.places import APP, MINI, MINI_APPID
from onepool.demo.brand.scene import Made, Scene
from onepool.demo.brand.visits import LOGIN, OPENING, ORDER, Shelf, Visits
from onepool.demo.people import noise
from onepool.demo.people.arrays import I64, Chance
from onepool.demo.people.population import NEVER

Record = dict[str, Any]
_ODD: tuple[Callable[[int], Any], ...] = (
    lambda price: f"￥{price / 100:.2f}",
    lambda price: f" {price / 100:.2f} ",
    lambda price: f"{price / 100:.2f}元",
)
_PAGES = ("pages/index/index", "pages/category/index", "pages/member/index", "pages/live/index")
_SCENES = ("1001", "1005", "1007", "1035", "1058", "1089", "1095", "1104")


class Sdk:
    """What the two SDKs have of their own: names of the preset events, the preset properties."""

    def __init__(self, touchpoint: str) -> None:
        mini = touchpoint == MINI
        self.touchpoint = touchpoint
        self.preset = MINI_PRESET if mini else APP_PRESET
        self.lib = MINI_LIB if mini else APP_LIB
        self.launch, self.screen, self.leave = (
            ("$MPLaunch", "$MPViewScreen", "$MPHide") if mini else ("$AppStart", "$AppViewScreen", "$AppEnd")
        )


def say_visits(chance: Chance, scene: Scene, made: Made, visits: Visits, touchpoint: str) -> I64:
    """Adds the requests of these visits. Gives back when (ms) each visit's order was placed, 0 where none was."""
    if not visits.size:
        return np.empty(0, np.int64)
    sdk, customers = Sdk(touchpoint), scene.customers
    person, time = visits.person, visits.time
    mini = touchpoint == MINI
    users = ids.web_users(person)
    login = (visits.flags & LOGIN) > 0
    if mini:
        known = (customers.member[person] <= time) & ~customers.in_store[person]
        device = scene.ids("mp_device", person)
        openids = scene.ids(MINI, person)
        unionids = scene.ids("unionid", person)
        told = ~customers.hidden[person]
        scene.shown.saw("mini", person, time)
        scene.shown.saw("unionid", person, time, told)
        identities = [
            {"$identity_mp_id": d, "$identity_anonymous_id": d, f"$identity_mp_{MINI_APPID}_openid": o}
            | ({"$identity_mp_unionid": u} if t else {})
            for d, o, u, t in zip(device, openids, unionids, told.tolist(), strict=True)
        ]
    else:
        tenure = scene.device_used(chance, person, time)
        signs = app_user(person)
        known = signs & (customers.opened[APP][person] < time)
        login = ((visits.flags & OPENING) > 0) & signs
        device = scene.ids("app_device", tenure)
        np.minimum.at(scene.shown.app, tenure, time)
        identities = [{"$identity_android_id": d, "$identity_anonymous_id": d} for d in device.tolist()]
    scene.shown.saw("user", person, time, known | login)
    base = (scene.start + time) * 1000
    phones = joining_phones(chance, scene, touchpoint, person, time, login)
    placed = np.zeros(visits.size, np.int64)
    said, at = [], []
    columns = zip(
        person.tolist(), base.tolist(), visits.steps.tolist(), visits.viewed.tolist(), visits.views.tolist(),
        visits.carts.tolist(), visits.searches.tolist(), visits.keyword.tolist(), visits.flags.tolist(),
        visits.spoiled.tolist(), visits.odd.tolist(), users.tolist(), device.tolist(),
        identities, known.tolist(), login.tolist(), phones, strict=True,
    )  # fmt: skip
    goods = scene.goods
    shelf = Shelf.of(goods)
    for row, column in enumerate(columns):
        (
            who, began, steps, viewed, views, carts, searches, keyword, flags, spoiled, odd, user, own, identity,
            is_known, logs_in, phone,
        ) = column  # fmt: skip
        records: list[Record] = []
        visit = _Visit(sdk, who, began, own, identity, records)
        if is_known:
            visit.signed_in(user)
        step = 0
        first = {"$is_first_time": bool(flags & OPENING)}
        visit.track(sdk.launch, steps[0], {"scene": _SCENES[(who + row) % len(_SCENES)]} if mini else first)
        visit.track(sdk.screen, steps[0] + 200, {"$url_path": _PAGES[(who + step) % len(_PAGES)], "$title": "首页"})
        if logs_in:
            step += 1
            _join(visit, steps[step], user, phone, mini)
        if searches:
            step += 1
            visit.track("search", steps[step], {"keyword": goods.keywords[keyword]})
        for number in range(views):
            step += 1
            product = viewed[number]
            seen = {
                "product_id": shelf.product[product], "product_name": shelf.name[product],
                "category": shelf.category[product], "price": shelf.price[product] / 100,
            }  # fmt: skip
            if odd and number == 0:
                seen["price"] = _ODD[who % 3](shelf.price[product])
            visit.track("ViewProduct", steps[step], seen)
            if number < carts:
                step += 1
                wanted = {**seen, "price": shelf.price[product] / 100, "quantity": 1, "currency": "CNY"}
                if spoiled:
                    wanted["price"] = "面议"
                    scene.shown.planted(touchpoint, "type.money")
                visit.track("AddCart", steps[step], wanted)
        if flags & ORDER:
            step += 1
            placed[row] = began + steps[step]
            visit.track("SubmitOrderClick", steps[step], {"from_cart": True})
        visit.track(sdk.leave, steps[step] + 3000, {"event_duration": round((steps[step] + 3000) / 1000, 3)})
        # An SDK sends what gathered: once early in a long visit, and at its end.
        half = 6 if len(records) > 9 else len(records)
        for part in (records[:half], records[half:]):
            if part:
                said.append(part)
                at.append(int(part[-1]["time"]) + 400)
    made.add(scene.ways.mini if mini else scene.ways.app, at, said)
    return placed


class _Visit:
    """Builds the records of one visit."""

    __slots__ = ("anonymous", "began", "identity", "login", "records", "sdk", "who")

    def __init__(self, sdk: Sdk, who: int, began: int, anonymous: str, identity: dict[str, str], records: list[Record]):
        self.sdk, self.who, self.began, self.anonymous, self.identity = sdk, who, began, anonymous, identity
        self.records, self.login = records, ""

    def signed_in(self, user: str) -> None:
        self.login = user
        self.identity = {**self.identity, "$identity_login_id": user}

    def track(self, event: str, offset: int, properties: dict[str, Any], kind: str = "track") -> Record:
        at = self.began + offset
        record: Record = {
            "type": kind, "event": event, "time": at, "distinct_id": self.login or self.anonymous,
            "anonymous_id": self.anonymous, "identities": self.identity,
            "_track_id": (at * 1_000_003 + self.who * 7919 + len(self.records)) & 0x7FFFFFFF, "lib": self.sdk.lib,
            "properties": {**self.sdk.preset, **properties},
        }  # fmt: skip
        if self.login:
            record["login_id"] = self.login
        self.records.append(record)
        return record

    def profile(self, offset: int, properties: dict[str, Any]) -> None:
        record = self.track("", offset, {}, "profile_set")
        del record["event"]
        record["properties"] = properties


def _join(visit: _Visit, offset: int, user: str, phone: dict[str, Any], mini: bool) -> None:
    """Registers: the anonymous visitor becomes a user, with a phone that the platform or a code by SMS proves."""
    visit.signed_in(user)
    record = visit.track("$SignUp", offset, {"method": phone["method"], "phone": phone["phone"]}, "track_signup")
    record["original_id"] = visit.anonymous
    profile: dict[str, Any] = {
        name: phone[name] for name in ("phone", "member_no", "nickname", "gender", "member_level") if name in phone
    }
    visit.profile(offset + 50, profile)
    if mini:
        visit.track(
            "membership_joined",
            offset + 80,
            {"programme": "棉屿会员（虚构）", "level": "普通会员", "method": phone["method"], "phone": phone["phone"]},
        )
        if phone.get("consents"):
            visit.track("consent_granted", offset + 90, dict(notices.GIVEN))


def app_user(person: I64) -> Any:
    """Whether these people sign in to the app."""
    return (person * 2654435761 % 100) < 88


def joining_phones(
    chance: Chance, scene: Scene, touchpoint: str, person: I64, time: I64, login: Any
) -> list[dict[str, Any]]:
    """What is told on registering; an empty mapping for the others."""
    customers = scene.customers
    found: list[dict[str, Any]] = [{} for _ in range(person.size)]
    rows = np.flatnonzero(login)
    if not rows.size:
        return found
    who, when = person[rows], time[rows]
    tenure = customers.tenure(chance, who, when)
    scene.shown.saw_phone(tenure, when, customers.own(who, tenure))
    phones = noise.phone_texts(customers.phones.number[tenure])
    nicknames = scene.nicknames(who)
    member = (customers.member[who] < NEVER) & (touchpoint == MINI)
    scene.shown.saw("member", who, when, member)
    numbers = ids.member_numbers(who)
    agreed = (customers.consents[who] < NEVER) & (touchpoint == MINI)
    for row, phone, nickname, no, is_member, consents, one in zip(
        rows.tolist(), phones.tolist(), nicknames.tolist(), numbers.tolist(), member.tolist(), agreed.tolist(),
        who.tolist(), strict=True,
    ):  # fmt: skip
        found[row] = {"phone": phone, "method": "wechat" if touchpoint == MINI else "sms", "nickname": nickname}
        if is_member:
            found[row] |= {"member_no": no, "member_level": "普通会员"}
        if one % 3 == 0:
            found[row]["gender"] = "男" if customers.people.male[one] else "女"
        if consents:
            found[row]["consents"] = True
    return found

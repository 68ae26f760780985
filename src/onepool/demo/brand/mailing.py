"""Messages of campaigns and what comes of them: receipts, replies, opens, clicks, coupons."""

from __future__ import annotations

from typing import Any

import numpy as np

from onepool.demo.brand import ids
from onepool.demo.brand.campaigns import EFFECT_DAYS, Audience
from onepool.demo.brand.emit import mail, oa, receipts
from onepool.demo.brand.emit.segment import china, iso
from onepool.demo.brand.own_shops import coupon_code
from onepool.demo.brand.places import EMAIL, MINI_APPID, OA, SMS
from onepool.demo.brand.plan import DAY
from onepool.demo.brand.scene import Made, Scene
from onepool.demo.people import noise
from onepool.demo.people.arrays import I64, Chance

_HOUR = 3600
_AT_ONCE = 100
_LIBRARY = {"name": "analytics-python", "version": "2.4.0"}


def say_campaign(chance: Chance, scene: Scene, made: Made, group: Audience) -> None:
    """The messages of one campaign, sent at ten in the morning of its day."""
    person = group.person[group.treated]
    start = group.campaign.day * DAY + 10 * _HOUR
    times = start + (np.arange(person.size) // 20)
    if group.campaign.channel == SMS:
        _sms(chance, scene, made, group, person, times)
    elif group.campaign.channel == OA:
        _template(chance, scene, made, group, person, times)
    else:
        _email(chance, scene, made, group, person, times)
    _coupons(scene, made, group, person, times)


def _sms(chance: Chance, scene: Scene, made: Made, group: Audience, person: I64, times: I64) -> None:
    customers, code = scene.customers, group.campaign.code
    slots = customers.phones.chains.slot_of_person[person]
    tenure = customers.phones.chains.at(slots, times)
    phones = noise.phone_texts(customers.phones.number[tenure]).tolist()
    arrives = chance.random(person.size) < 0.965
    scene.shown.saw_phone(tenure, times)
    delay = chance.integers(3, 90, person.size).tolist()
    told, at = [], []
    for row, (phone, then, ok, wait, who) in enumerate(
        zip(phones, (scene.start + times).tolist(), arrives.tolist(), delay, person.tolist(), strict=True)
    ):
        batch = f"{code}{row // 1000:04d}^0"
        told.append(receipts.report(phone, china(then), china(then + wait), batch, f"{code}-{who}", delivered=ok))
        at.append((then + 95) * 1000)
    parts = [slice(first, first + _AT_ONCE) for first in range(0, len(told), _AT_ONCE)]
    made.add(scene.ways.sms, [at[part][-1] for part in parts], [("report", told[part]) for part in parts])
    out = np.flatnonzero(arrives & (chance.random(person.size) < 0.006))
    said = [
        ("up", [receipts.reply(phones[row], china(scene.start + int(times[row]) + 400), "R", f"{code}{row}")])
        for row in out.tolist()
    ]
    made.add(scene.ways.sms, ((scene.start + times[out] + 410) * 1000).tolist(), said)


def _template(chance: Chance, scene: Scene, made: Made, group: Audience, person: I64, times: I64) -> None:
    drawn = chance.random(person.size)
    said = []
    base = 3_000_000_000 + group.campaign.number * 10_000_000
    for row, (openid, then, luck) in enumerate(
        zip(scene.ids(OA, person).tolist(), (scene.start + times).tolist(), drawn.tolist(), strict=True)
    ):
        status = "success" if luck < 0.97 else "failed:user block"
        said.append(oa.template_result(openid, then + 1, base + row, status))
    made.add(scene.ways.oa, ((scene.start + times + 2) * 1000).tolist(), said)


def _email(chance: Chance, scene: Scene, made: Made, group: Audience, person: I64, times: I64) -> None:
    code = group.campaign.code
    scene.shown.saw("email", person, times)
    drawn = chance.random((4, person.size))
    wait = chance.exponential(5 * _HOUR, person.size).astype(np.int64).tolist()
    said: list[Any] = []
    at: list[int] = []

    def tell(kind: str, address: str, second: int, message: str, url: str = "") -> None:
        said.append([mail.report(kind, address, second, message, code, url)])
        at.append(second * 1000 + 300)

    for row, (address, then, later) in enumerate(
        zip(ids.emails(person, scene.seed).tolist(), (scene.start + times).tolist(), wait, strict=True)
    ):
        message = f"<{code}.{row}@mail.mianyu.example>"
        if drawn[0, row] < 0.02:
            tell("bounced", address, then + 4, message)
            continue
        tell("delivered", address, then + 3, message)
        if drawn[1, row] < 0.24:
            tell("opened", address, then + 60 + later, message)
            if drawn[2, row] < 0.2:
                tell("clicked", address, then + 90 + later, message, "https://www.mianyu.example/sale")
            elif drawn[3, row] < 0.01:
                tell("unsubscribed", address, then + 100 + later, message)
    made.add(scene.ways.email, at, said)


def _coupons(scene: Scene, made: Made, group: Audience, person: I64, times: I64) -> None:
    """Everybody who got the message has the coupon: as a card of the official account, or in the member's wallet."""
    customers, campaign = scene.customers, group.campaign
    fan = (customers.opened[OA][person] <= times) & (customers.closed[OA][person] > times)
    scene.shown.saw("oa", person, times, fan)
    told = fan & ~customers.hidden[person]
    scene.shown.saw("unionid", person, times, told)
    seconds = (scene.start + times + 5).tolist()
    cards, at_cards, wallets, at_wallets = [], [], [], []
    until = iso((scene.start + (campaign.day + EFFECT_DAYS) * DAY) * 1000)
    openids, unionids = scene.ids(OA, person).tolist(), scene.ids("unionid", person).tolist()
    users, numbers = ids.web_users(person).tolist(), ids.member_numbers(person).tolist()
    in_store = customers.in_store[person].tolist()
    scene.shown.saw("user", person, times, ~fan & ~customers.in_store[person])
    scene.shown.saw("member", person, times, ~fan & customers.in_store[person])
    for row, (who, then, is_fan) in enumerate(zip(person.tolist(), seconds, fan.tolist(), strict=True)):
        code = coupon_code(campaign.number, who)
        if is_fan:
            cards.append(oa.got_card(openids[row], then, campaign.card, code, unionids[row] if told[row] else ""))
            at_cards.append(then * 1000 + 200)
            continue
        context: dict[str, Any] = {"library": _LIBRARY}
        if in_store[row]:
            context["externalIds"] = [{"id": numbers[row], "type": "member_no"}]
        wallets.append(
            {
                "type": "track", "event": "coupon_received", "messageId": f"srv-coupon-{code}", "anonymousId": None,
                "timestamp": iso(then * 1000), "userId": None if in_store[row] else users[row], "integrations": {},
                "context": context,
                "properties": {
                    "coupon_id": campaign.coupon, "coupon_code": code, "coupon_name": campaign.name,
                    "campaign": campaign.code, "face_value": 30, "threshold": 199, "currency": "CNY",
                    "valid_until": until,
                },
            }
        )  # fmt: skip
        at_wallets.append(then * 1000)
    made.add(scene.ways.oa, at_cards, cards)
    parts = [slice(first, first + 50) for first in range(0, len(wallets), 50)]
    made.add(scene.ways.mini_shop, [at_wallets[part][-1] + 2000 for part in parts], [wallets[part] for part in parts])


__all__ = ["EMAIL", "MINI_APPID", "say_campaign"]

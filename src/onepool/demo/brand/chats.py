"""Conversations with associates at WeCom's customer service: people write, are answered, ask again.

The platform says only that there is something; the messages come with the pages that are asked for every minute.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from onepool.demo.brand.emit import wecom
from onepool.demo.brand.places import WECOM
from onepool.demo.brand.plan import DAY
from onepool.demo.brand.scene import Made, Scene
from onepool.demo.people.arrays import Bools, Chance

ANSWERS: Final = (
    "您好，48 小时内发货，请放心",
    "这款 6 到 12 个月的宝宝都可以用",
    "可以的，我给您申请一张优惠券",
    "七天内无理由退换，运费我们承担",
    "门店有现货，也可以为您预留",
)
_ASKS_AGAIN: Final = ("好的，谢谢", "那现在下单有赠品吗", "大概什么时候到", "可以开发票吗")
_ENTRIES: Final = ("link_official", "qr_store", "mini_product", "card")
_CLOSES: Final = 1_800
"""A conversation ends so many seconds after its last message."""


def say_chats(chance: Chance, scene: Scene, made: Made, day: int, active: Bools) -> None:
    """The conversations that begin on a day."""
    customers, rates = scene.customers, scene.customers.rates
    opened, closed = customers.opened[WECOM], customers.closed[WECOM]
    friends = active & (opened < day * DAY) & (closed >= (day + 1) * DAY)
    who = np.flatnonzero(friends & (chance.random(friends.size) < rates.chats))
    size = who.size
    begun = scene.start + scene.moments(chance, day, size)
    answered = chance.random(size) < rates.chat_answered
    again = chance.random(size) < 0.55
    waits = (np.exp(chance.normal(4.6, 0.9, (size, 2))) + 5).astype(np.int64)  # a minute and a half, about
    minutes: dict[int, list[dict[str, Any]]] = {}
    noticed: list[int] = []
    rows = zip(
        who.tolist(), scene.ids(WECOM, who).tolist(), scene.staff_of(who).tolist(), begun.tolist(),
        answered.tolist(), again.tolist(), waits.tolist(), strict=True,
    )  # fmt: skip
    for number, contact, staff, then, has_answer, asks_again, wait in rows:
        messages = _conversation(scene, number, contact, staff, then, wait if has_answer else [], asks_again)
        for message in messages:
            minutes.setdefault(message["send_time"] // 60, []).append(message)
        noticed += [then, then + 20]
    made.add(
        scene.ways.wecom,
        [second * 1000 + 450 for second in noticed],
        [wecom.noticed(second, f"ENC{second:x}{place:x}") for place, second in enumerate(noticed)],
    )
    made.add(
        scene.ways.wecom_service,
        [(minute + 1) * 60_000 + 2_000 for minute in minutes],
        [(wecom.SERVICE, wecom.service(said, f"4gw7{minute:x}")) for minute, said in minutes.items()],
    )


def _conversation(
    scene: Scene, number: int, contact: str, staff: str, then: int, waits: list[int], asks_again: bool
) -> list[dict[str, Any]]:
    """The messages of one conversation. ``waits``: seconds until each answer; empty where nobody answers."""
    key = f"kf{then:x}{number:07x}"
    questions = scene.goods.questions
    said = [
        wecom.came(f"{key}0", contact, then, _ENTRIES[number % len(_ENTRIES)]),
        wecom.wrote(f"{key}1", contact, then + 20, questions[(then + number) % len(questions)]),
    ]
    if not waits:
        return said
    answer = then + 20 + waits[0]
    said += [
        wecom.changed(f"{key}2", contact, then + 21, staff, wecom.TAKEN),
        wecom.wrote(f"{key}3", contact, answer, ANSWERS[(then + number) % len(ANSWERS)], staff),
    ]
    last = answer
    if asks_again:
        last = answer + 30 + waits[1]
        said += [
            wecom.wrote(f"{key}4", contact, answer + 30, _ASKS_AGAIN[number % len(_ASKS_AGAIN)]),
            wecom.wrote(f"{key}5", contact, last, ANSWERS[(then + number + 1) % len(ANSWERS)], staff),
        ]
    said.append(wecom.changed(f"{key}6", contact, last + _CLOSES, staff, wecom.ENDED))
    return said

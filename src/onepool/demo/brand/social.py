"""What happens in accounts and chats: follows, menus, messages, contacts, groups, forms, advertisements."""

from __future__ import annotations

from typing import Any

import numpy as np

from onepool.demo.brand import ids, notices
from onepool.demo.brand.emit import ads, douyin, oa, wecom
from onepool.demo.brand.emit.segment import china, iso
from onepool.demo.brand.places import DOUYIN, FORMS, MINI, MINI_ORIGINAL, OA, OA_APPID, WECOM
from onepool.demo.brand.plan import DAY
from onepool.demo.brand.scene import Made, Scene
from onepool.demo.brand.standins import NO_NUMBERS, PLACEHOLDERS, unchecked
from onepool.demo.people.arrays import I64, Bools, Chance
from onepool.demo.people.population import NEVER

MENU = ("MENU_NEW", "MENU_COUPON", "MENU_SERVICE", "MENU_STORE")
_CHATS = 40
"""Customers of one group chat, about."""


def within(times: I64, day: int) -> I64:
    """The persons to whom something happens on a day."""
    found: I64 = np.flatnonzero((times >= day * DAY) & (times < (day + 1) * DAY))
    return found


def say_oa(chance: Chance, scene: Scene, made: Made, day: int, active: Bools) -> None:
    """Follows with the user/info asked for after them, menus, messages, scans, unfollows."""
    customers = scene.customers
    opened, closed = customers.opened[OA], customers.closed[OA]
    way = scene.ways.oa
    new = within(opened, day)
    new = new[np.argsort(opened[new], kind="stable")]
    times = opened[new]
    scene.shown.saw("oa", new, times)
    told = ~customers.hidden[new]
    scene.shown.saw("unionid", new, times + 3600, told)
    openids, unionids = scene.ids(OA, new).tolist(), scene.ids("unionid", new).tolist()
    kinds, parameters = _sources(chance, scene, new)
    seconds = (scene.start + times).tolist()
    made.add(
        way,
        [second * 1000 + 300 for second in seconds],
        [oa.follow(openid, second, scan) for openid, second, scan in zip(openids, seconds, parameters, strict=True)],
    )
    rows = [
        (openid, second, unionid if tells else None, kind, parameter)
        for openid, second, unionid, tells, kind, parameter in zip(
            openids, seconds, unionids, told.tolist(), kinds, parameters, strict=True
        )
    ]
    _hourly(made, scene.ways.oa_pages, oa.USER_INFO, rows, seconds, oa.user_info)
    fans = active & (opened < day * DAY) & (closed >= (day + 1) * DAY)
    for rate, kind in ((0.022, "menu"), (0.006, "text"), (0.004, "scan"), (0.003, "mini")):
        who = np.flatnonzero(fans & (chance.random(fans.size) < rate))
        second = (scene.start + scene.moments(chance, day, who.size)).tolist()
        names = scene.ids(OA, who).tolist()
        at = [one * 1000 + 250 for one in second]
        made.add(
            way,
            at,
            [
                _deed(scene, kind, one, then, number)
                for number, (one, then) in enumerate(zip(names, second, strict=True))
            ],
        )
    gone = within(closed, day)
    second = (scene.start + closed[gone]).tolist()
    made.add(
        way,
        [one * 1000 + 300 for one in second],
        [
            oa.event(one, then, "unsubscribe", oa.key(""))
            for one, then in zip(scene.ids(OA, gone).tolist(), second, strict=True)
        ],
    )


def _sources(chance: Chance, scene: Scene, person: I64) -> tuple[list[str], list[str]]:
    """Where followers come from, and the parameter of the QR code if it was one."""
    drawn = chance.integers(0, 10, person.size)
    stores = scene.store_of(person).tolist()
    kinds, parameters = [], []
    for kind, store, number in zip(drawn.tolist(), stores, person.tolist(), strict=True):
        if kind < 4:
            kinds.append(oa.SCENES[0])
            parameters.append(f"store_{store:03d}" if kind < 3 else f"parcel_{number % 7}")
        else:
            kinds.append(oa.SCENES[1 + kind % (len(oa.SCENES) - 1)])
            parameters.append("")
    return kinds, parameters


def _deed(scene: Scene, kind: str, openid: str, second: int, number: int) -> oa.Said:
    goods = scene.goods
    if kind == "menu":
        return oa.event(openid, second, "CLICK", oa.key(MENU[(second + number) % len(MENU)]))
    if kind == "text":
        message = 24_000_000_000_000_000 + second * 1_000_000 + number
        return oa.text(openid, second, goods.questions[(second + number) % len(goods.questions)], message)
    if kind == "scan":
        return oa.event(openid, second, "SCAN", oa.key(f"store_{second % scene.stores:03d}", f"gQS{openid[-10:]}"))
    return oa.event(openid, second, "view_miniprogram", oa.key("pages/index/index") + "<MenuId>430001</MenuId>")


def _hourly(made: Made, way: Any, call: str, rows: list[Any], seconds: list[int], write: Any) -> None:
    """Pages of what is asked for every hour, at most 100 each."""
    hours: dict[int, list[Any]] = {}
    for row, second in zip(rows, seconds, strict=True):
        hours.setdefault(second // 3600, []).append(row)
    for hour, some in hours.items():
        for number, first in enumerate(range(0, len(some), 100)):
            made.one(way, ((hour + 1) * 3600 + 5 + number) * 1000, (call, write(some[first : first + 100])))


def say_mini_pushes(chance: Chance, scene: Scene, made: Made, day: int, active: Bools) -> None:
    """Customer service sessions and subscription pop-ups of the mini program."""
    customers = scene.customers
    users = active & (customers.opened[MINI] < day * DAY)
    who = np.flatnonzero(users & (chance.random(users.size) < 0.006))
    second = (scene.start + scene.moments(chance, day, who.size)).tolist()
    scene.shown.saw("mini", who, np.array(second, np.int64) - scene.start)
    said = []
    for number, (openid, then) in enumerate(zip(scene.ids(MINI, who).tolist(), second, strict=True)):
        head = f'{{"ToUserName":"{MINI_ORIGINAL}","FromUserName":"{openid}","CreateTime":{then},"MsgType":"event"'
        if number % 3:
            status = "accept" if then % 4 else "reject"
            one = f'"TemplateId":"DEMO_TPL_{number % 3}","SubscribeStatusString":"{status}","PopupScene":"0"'
            popup = f"[{{{one}}}]"
            body = f'{head},"Event":"subscribe_msg_popup_event","List":{popup}}}'
        else:
            body = f'{head},"Event":"user_enter_tempsession","SessionFrom":"product"}}'
        said.append((openid, body))
    made.add(scene.ways.mini_push, [one * 1000 + 300 for one in second], said)


def say_wecom(chance: Chance, scene: Scene, made: Made, day: int) -> None:
    """Contacts added, asked about, put into groups, and lost."""
    customers = scene.customers
    opened, closed = customers.opened[WECOM], customers.closed[WECOM]
    new = within(opened, day)
    new = new[np.argsort(opened[new], kind="stable")]
    times = opened[new]
    seconds = (scene.start + times).tolist()
    names, staff = scene.ids(WECOM, new).tolist(), scene.staff_of(new).tolist()
    stores = scene.store_of(new)
    made.add(
        scene.ways.wecom,
        [second * 1000 + 500 for second in seconds],
        [
            wecom.added(one, by, then, f"store_{store:03d}")
            for one, by, then, store in zip(names, staff, seconds, stores.tolist(), strict=True)
        ],
    )
    scene.shown.saw("wecom", new, times)
    told = ~customers.hidden[new]
    scene.shown.saw("unionid", new, times + 3600, told)
    noted = chance.random(new.size) < 0.3
    phones, shows = scene.typed_phones(chance, new, times)
    scene.see_phones(np.where(noted, shows, -1), times)
    nicknames, remarks = scene.nicknames(new).tolist(), scene.typed_names(chance, new).tolist()
    rows = [
        (one, nick, unionid if tells else None, 1 if male else 2, by, then, remark if has else nick,
        phone if has else "", wecom.ADD_WAYS[then % 4])
        for one, nick, unionid, tells, male, by, then, remark, has, phone in zip(
            names, nicknames, scene.ids("unionid", new).tolist(), told.tolist(), customers.people.male[new].tolist(),
            staff,
            seconds, remarks, noted.tolist(), phones.tolist(), strict=True,
        )
    ]  # fmt: skip
    _hourly(made, scene.ways.wecom_pages, wecom.CONTACTS, rows, seconds, wecom.contacts)
    joining = np.flatnonzero(chance.random(new.size) < 0.35)
    said = [
        wecom.joined_group(f"wrDEMO{stores[row]:03d}{new[row] // _CHATS % 9}", [names[row]], seconds[row] + 600, day)
        for row in joining.tolist()
    ]
    made.add(scene.ways.wecom, [(seconds[row] + 600) * 1000 + 400 for row in joining.tolist()], said)
    gone = within(closed, day)
    second = (scene.start + closed[gone]).tolist()
    made.add(
        scene.ways.wecom,
        [one * 1000 + 500 for one in second],
        [
            wecom.lost(one, by, then)
            for one, by, then in zip(
                scene.ids(WECOM, gone).tolist(), scene.staff_of(gone).tolist(), second, strict=True
            )
        ],
    )


def say_douyin(chance: Chance, scene: Scene, made: Made, day: int, active: Bools) -> None:
    """Follows, private messages, lead cards."""
    customers = scene.customers
    opened = customers.opened[DOUYIN]
    new = within(opened, day)
    seconds = (scene.start + opened[new]).tolist()
    names = scene.ids(DOUYIN, new).tolist()
    scene.shown.saw("douyin", new, opened[new])
    made.add(
        scene.ways.douyin,
        [second * 1000 + 350 for second in seconds],
        [
            douyin.followed(one, then, f"f{then}{number}")
            for number, (one, then) in enumerate(zip(names, seconds, strict=True))
        ],
    )
    writers = np.flatnonzero(active & (opened < day * DAY) & (chance.random(opened.size) < 0.012))
    times = scene.moments(chance, day, writers.size)
    leads = chance.random(writers.size) < 0.25
    phones, shows = scene.typed_phones(chance, writers, times)
    scene.see_phones(np.where(leads, shows, -1), times)
    cities = scene.regions(writers, times)[1].tolist()
    said: list[Any] = []
    at: list[int] = []
    rows = zip(
        scene.ids(DOUYIN, writers).tolist(), scene.nicknames(writers).tolist(), (scene.start + times).tolist(),
        leads.tolist(), phones.tolist(), scene.typed_names(chance, writers).tolist(), cities, strict=True,
    )  # fmt: skip
    questions = scene.goods.questions
    for number, (one, nick, then, lead, phone, name, city) in enumerate(rows):
        message = f"{then}{number:06d}"
        said.append(douyin.entered(one, then, f"e{message}"))
        at.append(then * 1000 + 200)
        said.append(douyin.wrote(one, nick, then * 1000 + 20_000, questions[then % len(questions)], f"m{message}"))
        at.append(then * 1000 + 20_400)
        if lead:
            said.append(douyin.left_phone(one, nick, then * 1000 + 90_000, name, phone, city, f"c{message}"))
            at.append(then * 1000 + 90_500)
    made.add(scene.ways.douyin, at, said)


def say_forms(chance: Chance, scene: Scene, made: Made, day: int) -> None:
    """Forms: names and phones as people type them; some type nonsense."""
    customers = scene.customers
    new = within(customers.opened[FORMS], day)
    times = customers.opened[FORMS][new]
    phones, shows = scene.typed_phones(chance, new, times)
    phones, shows = unchecked(chance, scene, FORMS, phones, shows)
    nonsense = chance.random(new.size) < customers.rates.dirty * 6
    odd = chance.random(new.size) < customers.rates.odd * 4
    scene.see_phones(np.where(nonsense, -1, shows), times)
    scene.shown.planted(FORMS, "type.phone", int(nonsense.sum()))
    scene.shown.planted(FORMS, "identifier.none", int((~nonsense & (phones == PLACEHOLDERS[1])).sum()))
    province, city, _ = scene.regions(new, times)
    said = []
    for number, (who, phone, name, then, bad, strange, where, town) in enumerate(
        zip(new.tolist(), phones.tolist(), scene.typed_names(chance, new).tolist(), (scene.start + times).tolist(),
            nonsense.tolist(), odd.tolist(), province.tolist(), city.tolist(), strict=True)
    ):  # fmt: skip
        written = NO_NUMBERS[number % 2] if bad else f" {phone[:3]} {phone[3:7]} {phone[7:]}" if strange else phone
        said.append(
            {
                "form": "trial_pack" if who % 2 else "baby_class",
                "form_name": "新品试用申请" if who % 2 else "妈妈课堂报名",
                "serial_number": 10_000 + day * 100 + number, "entry_id": f"fm{then}{who}",
                "entry": {
                    "name": name, "mobile": written, "province": where, "city": town,
                    "consent": bool(customers.consents[who] < NEVER), "submitted_at": china(then),
                },
            }
        )  # fmt: skip
    made.add(scene.ways.forms, ((scene.start + times) * 1000 + 450).tolist(), said)


def say_withdrawals(scene: Scene, made: Made, day: int) -> None:
    """Consent taken back in the member's settings; followers of the account take WeChat's authorisation back too."""
    customers = scene.customers
    who = within(customers.withdraws, day)
    times = customers.withdraws[who]
    seconds = (scene.start + times).tolist()
    scene.shown.saw("member", who, times)
    said = [
        [
            {
                "type": "track", "event": "consent_withdrawn", "messageId": f"srv-consent-{then}-{number}",
                "timestamp": iso(then * 1000), "anonymousId": None, "userId": None, "integrations": {},
                "context": {"externalIds": [{"id": number, "type": "member_no"}]},
                "properties": dict(notices.TAKEN_BACK),
            }
        ]
        for number, then in zip(ids.member_numbers(who).tolist(), seconds, strict=True)
    ]  # fmt: skip
    made.add(scene.ways.mini_shop, [then * 1000 + 900 for then in seconds], said)
    fans = (customers.opened[OA][who] < times) & (customers.closed[OA][who] > times)
    scene.shown.saw("oa", who, times, fans)
    rows = zip(scene.ids(OA, who).tolist(), seconds, fans.tolist(), strict=True)
    revoked = [(openid, then) for openid, then, fan in rows if fan]
    more = "<OpenID><![CDATA[{0}]]></OpenID><AppID><![CDATA[{1}]]></AppID><RevokeInfo>301</RevokeInfo>"
    said_oa = [oa.event(one, then, "user_authorization_revoke", more.format(one, OA_APPID)) for one, then in revoked]
    made.add(scene.ways.oa, [then * 1000 + 1200 for _, then in revoked], said_oa)


def say_ads(chance: Chance, scene: Scene, made: Made, day: int, active: Bools) -> None:
    """Clicks: before an arrival for a third of the people, and now and then afterwards."""
    customers = scene.customers
    arriving = within(customers.arrival, day)
    arriving = arriving[ids.came_by_ad(arriving)]
    back = np.flatnonzero(active & (customers.arrival < day * DAY) & (chance.random(active.size) < 0.006))
    person = np.concatenate([arriving, back])
    times = np.concatenate([customers.arrival[arriving] - 60, scene.moments(chance, day, back.size)])
    times = np.maximum(times, 0)
    tenure = customers.device(person, times)
    ocean = ids.at_ocean(person)
    first = ids.first_clicks(person, scene.seed).tolist()
    given = ocean & (chance.random(person.size) < 0.7)
    np.minimum.at(scene.shown.oaid, tenure[given], times[given])
    oaids = scene.ids("oaid", tenure).tolist()
    said_ocean, said_tencent = [], []
    at_ocean, at_tencent = [], []
    for number, (who, then, is_ocean, has, oaid) in enumerate(
        zip(person.tolist(), (scene.start + times).tolist(), ocean.tolist(), given.tolist(), oaids, strict=True)
    ):
        click = first[number] if number < arriving.size else f"demoCLK{then:x}{number:05x}{who:07x}"
        address = f"117.{who >> 16 & 255}.{who >> 8 & 255}.{who & 255}"
        plan = day // 26
        if is_ocean:
            said_ocean.append(ads.ocean(click, oaid if has else None, then * 1000, plan, address, 900 + who % 9))
            at_ocean.append(then * 1000 + 150)
        else:
            said_tencent.append(ads.tencent(click, f"{who * 2654435761 % 2**64:032x}", then * 1000, plan, address))
            at_tencent.append(then * 1000 + 150)
    made.add(scene.ways.ocean, at_ocean, said_ocean)
    made.add(scene.ways.tencent, at_tencent, said_tencent)

"""Files: the tills' weekly export of orders, the CRM's weekly export of members, the audiences of campaigns."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np

from onepool.demo.brand import ids
from onepool.demo.brand.campaigns import Audience
from onepool.demo.brand.emit.segment import china
from onepool.demo.brand.orders import Orders
from onepool.demo.brand.places import CRM, CRM_SYSTEM, MEMBERSHIP, STORE, TMALL
from onepool.demo.brand.plan import DAY
from onepool.demo.brand.scene import Scene
from onepool.demo.brand.sending import File
from onepool.demo.brand.standins import copied, over_counter, unchecked
from onepool.demo.brand.telling import told, yuan
from onepool.demo.people import noise
from onepool.demo.people.arrays import I64, Chance, Texts
from onepool.demo.people.population import NEVER

_MEMBER = f"member_no@{MEMBERSHIP}"

_ORDER_COLUMNS = {
    "单号": "order_id", "交易时间": "paid_at", "门店": "store_id", "导购": "staff_id", "会员号": _MEMBER,
    "手机号": "phone", "货号": "item.product_id", "品名": "item.name", "类目": "item.category", "数量": "item.quantity",
    "单价": "item.price", "行金额": "item.amount", "实付": "amount", "退款金额": "refund_amount",
    "退款时间": "refunded_at",
}  # fmt: skip

_MEMBER_COLUMNS = {
    "客户编号": f"crm_id@{CRM_SYSTEM}", "会员号": _MEMBER, "姓名": "attribute.name", "手机": "attribute.phone",
    "邮箱": "attribute.email", "性别": "attribute.gender", "生日": "attribute.birthday",
    "宝宝生日": "attribute.baby_birthday", "等级": "attribute.member_level", "积分": "attribute.points_balance",
    "天猫会员": f"omid@{MEMBERSHIP}", "入会日期": "attribute.member_since", "归属门店": "attribute.home_store",
    "省": "attribute.province",
    "市": "attribute.city", "区": "attribute.district", "地址": "attribute.address", "更新时间": "time",
}  # fmt: skip


def store_file(chance: Chance, scene: Scene, orders: Orders, name: str, until: int) -> File:
    """The tills' orders of a week, one row for each line, in the encoding of Excel in China. ``until``: when."""
    customers, person = scene.customers, orders.person
    guest = chance.random(person.size) < customers.rates.guest_store
    member = ~guest & (customers.member[person] <= orders.time)
    # Who has no card, or not at hand, tells the phone, and the cashier types it.
    by_phone = ~guest & (~member | (chance.random(person.size) < 0.2))
    member &= ~by_phone
    # What is given back after the export does not stand in it.
    back_at = scene.start + orders.time + 3 * DAY
    given_back = (orders.refunded > 0) & (back_at < until)
    phones, shows = scene.typed_phones(chance, person, orders.time)
    scene.see_phones(np.where(by_phone, shows, -1), orders.time)
    scene.shown.saw("member", person, orders.time, member)
    numbers, staff = ids.member_numbers(person).tolist(), scene.staff_of(person).tolist()
    stores = scene.store_of(person).tolist()
    goods = scene.goods
    rows: list[Sequence[Any]] = []
    for place, order in enumerate(told(chance, scene, orders)):
        back = yuan(order.refunded) if given_back[place] else ""
        when = china(order.created + 3 * DAY) if given_back[place] else ""
        for product, quantity, price, paid in order.lines:
            rows.append(
                (
                    f"S{order.number:011d}", china(order.created), f"store_{stores[place]:03d}", staff[place],
                    numbers[place] if member[place] else "", phones[place] if by_phone[place] else "",
                    goods.product[product], goods.name[product], goods.category[product], quantity, yuan(price),
                    yuan(paid), yuan(order.amount), back, when,
                )
            )  # fmt: skip
    return File(STORE, "orders", name, _written(list(_ORDER_COLUMNS), rows, "gb18030"), {"columns": _ORDER_COLUMNS})


def crm_file(chance: Chance, scene: Scene, day: int, name: str) -> File | None:
    """The CRM's members that are new since a week, with second records of some."""
    customers = scene.customers
    low, high = (day - 6) * DAY, (day + 1) * DAY
    first = np.flatnonzero((customers.member >= low) & (customers.member < high))
    again = np.flatnonzero((customers.again >= low) & (customers.again < high))
    if not first.size + again.size:
        return None
    rows = [*_members(chance, scene, first, day, again=False), *_members(chance, scene, again, day, again=True)]
    return File(
        CRM, "customers", name, _written(list(_MEMBER_COLUMNS), rows, "utf-8-sig"), {"columns": _MEMBER_COLUMNS}
    )


def _members(chance: Chance, scene: Scene, person: I64, day: int, *, again: bool) -> Iterable[Sequence[Any]]:
    """Rows of members. A second record has another card, and what was typed a second time."""
    customers = scene.customers
    people = customers.people
    since = customers.again[person] if again else customers.member[person]
    at = np.full(person.size, (day + 1) * DAY - 3600)
    bare = copied(scene, person) & again
    numbers: Texts
    shows: I64
    if again:
        numbers, shows = scene.typed_phones(chance, person, since)
        numbers, shows = unchecked(chance, scene, CRM, numbers, shows, ~bare)
        masked = np.where(person % 2 == 0, noise.masked_phones(np.array(numbers, np.int64)), "")
        numbers, shows = np.where(bare, masked, numbers), np.where(bare, -1, shows)
        scene.shown.plant("copied_record", CRM, int(bare.sum()))
    else:
        # The number with which one joined: in the mini program WeChat proved it.
        tenure = customers.phones.chains.at(customers.phones.chains.slot_of_person[person], np.maximum(since, 0))
        numbers, shows = noise.phone_texts(customers.phones.number[tenure]), tenure
        at_till = np.flatnonzero(customers.in_store[person])
        numbers[at_till], shows[at_till] = over_counter(scene, person[at_till], numbers[at_till], shows[at_till])
        scene.shown.saw("member", person, at)
    scene.see_phones(shows, at)
    scene.shown.saw("crm_again" if again else "crm", person, at)
    mailed = (customers.opened["email"][person] < NEVER) & ~bare
    # Who joined at Tmall too was bound to the member there, by the number that the platform does not show.
    bound = customers.omid[person] & (customers.opened[TMALL][person] < at) & (person % 3 > 0) & (not again)
    scene.shown.saw("omid", person, at, bound)
    scene.shown.saw("email", person, at, mailed)
    province, city, district = scene.regions(person, at)
    homes = people.home_at(person, at)
    address, _ = noise.addresses(chance, customers.noise, homes)
    child = customers.child[person]
    omids = np.where(bound, scene.ids("omid", person), "")
    columns = zip(
        ids.crm_ids(person, ids.CRM_AGAIN if again else ids.CRM_FIRST).tolist(), ids.member_numbers(person).tolist(),
        scene.typed_names(chance, person).tolist(), numbers.tolist(), ids.emails(person, scene.seed).tolist(),
        mailed.tolist(), people.male[person].tolist(), people.born[person].tolist(), child.tolist(), omids.tolist(),
        scene.store_of(person).tolist(), since.tolist(), province.tolist(), city.tolist(), district.tolist(),
        address.tolist(), person.tolist(), strict=True,
    )  # fmt: skip
    updated = china(scene.start + (day + 1) * DAY - 3600)
    for column in columns:
        (
            crm, number, name, phone, mail, has_mail, male, born, baby, omid, store, joined, where, town, area, line,
            who,
        ) = column  # fmt: skip
        yield (
            crm, "" if again else number, name, phone, mail if has_mail else "", "男" if male else "女", _day(born),
            _day(baby) if baby < (1 << 39) and who % 4 else "", _LEVELS[who * 7 % 10 // 4], who * 37 % 3000, omid,
            china(scene.start + joined)[:10], f"store_{store:03d}", where, town, area, line, updated,
        )  # fmt: skip


def known_file(chance: Chance, scene: Scene, name: str) -> File | None:
    """Whom the CRM took down before the period, as it stands there: with the number of then, if it was given up too."""
    customers = scene.customers
    person = np.flatnonzero(customers.known < 0)
    if not person.size:
        return None
    since = customers.known[person]
    numbers, shows = scene.typed_phones(chance, person, since)
    scene.see_phones(shows, since)
    scene.shown.saw("crm_before", person, since)
    province, city, district = scene.regions(person, np.zeros(person.size, np.int64))
    people = customers.people
    columns = zip(
        ids.crm_ids(person, ids.CRM_BEFORE).tolist(), scene.typed_names(chance, person).tolist(), numbers.tolist(),
        people.male[person].tolist(), people.born[person].tolist(), scene.store_of(person).tolist(),
        (scene.start + since).tolist(), province.tolist(), city.tolist(), district.tolist(), strict=True,
    )  # fmt: skip
    rows = [
        (crm, "", who, phone, "", "男" if male else "女", _day(born), "", "", "", "", "", f"store_{store:03d}", *where,
         "", china(then))
        for crm, who, phone, male, born, store, then, *where in columns
    ]  # fmt: skip
    return File(
        CRM, "customers", name, _written(list(_MEMBER_COLUMNS), rows, "utf-8-sig"), {"columns": _MEMBER_COLUMNS}
    )


def audience_file(scene: Scene, group: Audience, name: str) -> File:
    """Who was in a campaign and in which arm, as the campaign tool exports it."""
    campaign = group.campaign
    at = china(scene.start + campaign.day * DAY + 9 * 3600)
    rows = [
        (number, campaign.code, "treated" if arm else "control", campaign.name, at)
        for number, arm in zip(ids.member_numbers(group.person).tolist(), group.treated.tolist(), strict=True)
    ]
    scene.shown.saw("member", group.person, np.full(group.person.size, campaign.day * DAY + 10 * 3600))
    columns = {"会员号": _MEMBER, "活动": "campaign", "分组": "arm", "活动名称": "campaign_title", "时间": "time"}
    mapping = {"columns": columns, "constants": {"event": "campaign_assigned"}}
    return File(CRM, "events", name, _written(list(columns), rows, "utf-8"), mapping)


_LEVELS = ("普通会员", "银卡会员", "金卡会员")


def _day(days: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=days)).isoformat()


def _written(header: Sequence[str], rows: Iterable[Sequence[Any]], encoding: str) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode(encoding)

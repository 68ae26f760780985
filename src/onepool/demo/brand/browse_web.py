"""What the site says of a visit through Segment's browser SDK."""

from __future__ import annotations

from typing import Any

import numpy as np

from onepool.demo.brand import ids
from onepool.demo.brand.emit.segment import iso
from onepool.demo.brand.places import EMAIL, WEB
from onepool.demo.brand.scene import Made, Scene
from onepool.demo.brand.standins import at_kiosk, unchecked
from onepool.demo.brand.visits import OPENING, ORDER, Shelf, Visits
from onepool.demo.people.arrays import I64, Bools, Chance

_SITE = "https://www.mianyu.example"
_LIBRARY = {"name": "analytics.js", "version": "next-1.84.3"}
_HOME = {"path": "/", "url": f"{_SITE}/", "title": "棉屿（虚构）"}
_SOURCES: tuple[dict[str, str] | None, ...] = (
    None,
    None,
    None,
    {"source": "oceanengine", "medium": "cpc", "name": "spring"},
    {"source": "baidu", "medium": "organic"},
)


def signs_up(person: I64) -> Bools:
    """Whether these people open an account of the site, in their first visit."""
    found: Bools = (person * 40503 % 100) < 72
    return found


def say_web(chance: Chance, scene: Scene, made: Made, visits: Visits) -> I64:
    """Adds the requests of these visits. Gives back when (ms) each visit's order was placed, 0 where none was."""
    if not visits.size:
        return np.empty(0, np.int64)
    customers = scene.customers
    person, time = visits.person, visits.time
    tenure = scene.device_used(chance, person, time)
    cookies = scene.ids("cookie", tenure)
    new = (visits.flags & OPENING) > 0
    account = signs_up(person)
    there, kiosks = at_kiosk(scene, person, new & account)
    cookies[there] = kiosks
    np.minimum.at(scene.shown.cookie, tenure[~there], time[~there])
    # Signed in: in the first visit, in every order, and in every second of the others.
    inside = account & (new | (visits.order >= 0) | (chance.random(person.size) < 0.5))
    inside &= customers.opened[WEB][person] <= time
    identifies = inside & (new | (chance.random(person.size) < 0.2))
    scene.shown.saw("site_user", person, time, inside)
    users = ids.site_users(person)
    phones, shows = scene.typed_phones(chance, person, time)
    given = identifies & (chance.random(person.size) < 0.8)
    phones, shows = unchecked(chance, scene, WEB, phones, shows, given)
    scene.see_phones(np.where(given, shows, -1), time)
    mails = ids.emails(person, scene.seed)
    mailed = identifies & (customers.opened[EMAIL][person] < (1 << 39))
    scene.shown.saw("email", person, time, mailed)
    names = scene.typed_names(chance, person)
    base = (scene.start + time) * 1000
    placed = np.zeros(visits.size, np.int64)
    # Who clicked and comes to the site first lands there with the number of the click.
    by_ad = new & ~there & ids.came_by_ad(person) & (time - customers.arrival[person] < 60)
    clicks = [
        f"{'clickid' if ocean else 'qz_gdt'}={click}"
        for ocean, click in zip(
            ids.at_ocean(person).tolist(), ids.first_clicks(person, scene.seed).tolist(), strict=True
        )
    ]
    said, at = [], []
    goods = scene.goods
    shelf = Shelf.of(goods)
    columns = zip(
        person.tolist(), base.tolist(), visits.steps.tolist(), visits.viewed.tolist(), visits.views.tolist(),
        visits.carts.tolist(), visits.searches.tolist(), visits.keyword.tolist(), visits.flags.tolist(),
        visits.spoiled.tolist(), cookies.tolist(), inside.tolist(), identifies.tolist(), users.tolist(),
        given.tolist(), phones.tolist(), mailed.tolist(), mails.tolist(), names.tolist(), strict=True,
    )  # fmt: skip
    for row, column in enumerate(columns):
        (
            who, began, steps, viewed, views, carts, searches, keyword, flags, spoiled, cookie, signed, identified,
            user, has_phone, phone, has_mail, mail, name,
        ) = column  # fmt: skip
        visit = _Visit(began, who, cookie, user, _landing(clicks[row], row) if by_ad[row] else _context(who + row))
        visit.known = signed and not identified
        visit.say("page", 0, {"name": "Home", "properties": _HOME})
        step = 1
        if identified:
            traits: dict[str, Any] = {"name": name}
            if has_phone:
                traits["phone"] = phone
            if has_mail:
                traits["email"] = mail
            visit.known = True
            if flags & OPENING:
                visit.track(steps[step], "Signed Up", {"method": "form"})
            visit.say("identify", steps[step] + 40, {"traits": traits})
        if searches:
            step += 1
            visit.track(steps[step], "Products Searched", {"query": goods.keywords[keyword]})
        for number in range(views):
            step += 1
            product = viewed[number]
            seen = {
                "product_id": shelf.product[product], "name": shelf.name[product],
                "category": shelf.category[product], "price": shelf.price[product] / 100, "currency": "CNY",
            }  # fmt: skip
            visit.track(steps[step], "Product Viewed", seen)
            if number < carts:
                step += 1
                visit.track(steps[step], "Product Added", {**seen, "quantity": 1})
        if spoiled:
            visit.track(steps[step] + 900, "", {})
            scene.shown.planted(WEB, "segment.event")
        if flags & ORDER:
            step += 1
            placed[row] = began + steps[step]
            visit.track(steps[step], "Checkout Started", {"currency": "CNY"})
        said.append(visit.events)
        at.append(began + steps[step] + 1500)
    made.add(scene.ways.web, at, said)
    return placed


class _Visit:
    """Builds the events of one visit."""

    __slots__ = ("began", "context", "cookie", "events", "known", "user", "who")

    def __init__(self, began: int, who: int, cookie: str, user: str, context: dict[str, Any]) -> None:
        self.began, self.who, self.cookie, self.user, self.context = began, who, cookie, user, context
        self.events: list[dict[str, Any]] = []
        self.known = False

    def say(self, kind: str, offset: int, more: dict[str, Any]) -> None:
        at = self.began + offset
        self.events.append(
            {
                "type": kind, "messageId": f"ajs-next-{at}-{self.who}-{len(self.events)}", "timestamp": iso(at),
                "anonymousId": self.cookie, "userId": self.user if self.known else None, "context": self.context,
                "integrations": {"Segment.io": True}, **more,
            }
        )  # fmt: skip

    def track(self, offset: int, event: str, properties: dict[str, Any]) -> None:
        self.say("track", offset, {"event": event, "properties": properties})


def _context(number: int) -> dict[str, Any]:
    context: dict[str, Any] = {"library": _LIBRARY, "locale": "zh-CN", "userAgent": "Mozilla/5.0", "page": _HOME}
    source = _SOURCES[number % len(_SOURCES)]
    return context if source is None else {**context, "campaign": source}


def _landing(click: str, number: int) -> dict[str, Any]:
    """The page on which an advertisement lands; its address has the click."""
    url = f"{_SITE}/landing/{number % 5}?utm_source=ads&utm_medium=cpc&{click}"
    page = {"path": f"/landing/{number % 5}", "url": url, "search": url[url.index("?") :], "title": "棉屿（虚构）"}
    return {"library": _LIBRARY, "locale": "zh-CN", "userAgent": "Mozilla/5.0", "page": page}

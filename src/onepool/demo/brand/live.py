"""Live traffic: the brand's customers go on, now, over HTTP into a running server."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

import httpx
import numpy as np

from onepool.clock import Clock, to_micros
from onepool.demo.brand import social
from onepool.demo.brand.browse_sensors import say_visits
from onepool.demo.brand.browse_web import say_web
from onepool.demo.brand.customers import draw_customers
from onepool.demo.brand.markets import say_market_orders
from onepool.demo.brand.orders import draw_orders
from onepool.demo.brand.own_shops import say_own_orders
from onepool.demo.brand.places import APP, JD, MINI, SHOPS, STORE, TMALL, WEB, XHS, YOUZAN
from onepool.demo.brand.plan import DAY, BrandPlan
from onepool.demo.brand.scene import Made, Scene, make_scene
from onepool.demo.brand.secrets import read_secrets
from onepool.demo.brand.sending import Delivery, Sending, receiver
from onepool.demo.brand.telling import PAID
from onepool.demo.brand.visits import draw_visits
from onepool.demo.people.arrays import chance_of
from onepool.errors import OnePoolError, UsageError
from onepool.workspace import Workspace

PLAN: Final = Path("truth") / "plan.json"
_EVENTS_A_DAY: Final = 0.45
"""Of a customer, in ordinary traffic; about."""

_WINDOW: Final = 600
"""Seconds that are drawn at once."""

_PULLED: Final = (TMALL, JD, XHS, STORE)
"""Shops whose orders are fetched or come in files: they do not come by themselves."""


class LiveFailed(OnePoolError):
    """The running server does not take what is played."""

    code = "demo-live"


@dataclass(slots=True)
class LivePlayed:
    """What was sent: requests by touchpoint's path."""

    requests: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


def is_brand(workspace: Workspace) -> bool:
    """Whether a workspace is one of the generated brand."""
    return (workspace.root / PLAN).exists()


def live_scene(workspace: Workspace) -> Scene:
    """The customers of a workspace of the brand, the same ones as when it was made. Raises UsageError."""
    try:
        about = json.loads((workspace.root / PLAN).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(
            "this workspace is not of the demonstration brand", hint="make one with: onepool demo DIR"
        ) from None
    plan = BrandPlan(about["customers"], about["days"], about["seed"], date.fromisoformat(about["last"]))
    points = workspace.touchpoints()
    keys = {name: points[name].write_key or "" for name in (MINI, APP, WEB)}
    return make_scene(draw_customers(plan), read_secrets(workspace.data), keys)


def live_sendings(scene: Scene, now: int, seconds: int, rate: float, seed: int | None = None) -> list[Sending]:
    """What is sent within the next ``seconds``, about ``rate`` events a second.

    ``now``: seconds since 1970; ``seed``: the same people again. Visits that begin late in the window end after it.
    """
    customers, made = scene.customers, Made()
    scene.window = (now - scene.start, seconds)
    day = scene.window[0] // DAY
    chance = chance_of(scene.seed, 900, now if seed is None else seed)
    active = customers.active(scene.window[0])
    ordinary = max(1.0, float(active.sum()) * _EVENTS_A_DAY)
    busy = rate * seconds / ordinary
    customers.shops[:, [SHOPS.index(shop) for shop in _PULLED]] = 0
    nobody = np.full(customers.size, -1, np.int64)
    wanted = np.where(active, np.minimum(customers.orders * busy, 0.5), 0.0)
    orders = draw_orders(chance, scene, day, wanted, nobody, now * 1000)
    for shop in (MINI, APP, WEB):
        # Visits grow with the root of how busy it is.
        visits = draw_visits(chance, scene, shop, day, busy * busy, orders, active, np.ones(customers.size))
        say = say_web(chance, scene, made, visits) if shop == WEB else say_visits(chance, scene, made, visits, shop)
        bought = np.flatnonzero(visits.order >= 0)
        say_own_orders(chance, scene, made, shop, orders.taken(visits.order[bought]), say[bought], [])
    mine = orders.taken((orders.shop == SHOPS.index(YOUZAN)) & orders.paid)
    say_market_orders(chance, scene, made, {}, YOUZAN, PAID, mine, mine.time + 45)
    some = active & (chance.random(customers.size) < min(1.0, busy))
    social.say_oa(chance, scene, made, day, some)
    social.say_mini_pushes(chance, scene, made, day, some)
    social.say_douyin(chance, scene, made, day, some)
    social.say_ads(chance, scene, made, day, some)
    return sorted((one for one in made.sendings if one.at >= now * 1000), key=lambda one: (one.at, one.place))


def play_live(
    workspace: Workspace,
    url: str,
    clock: Clock,
    *,
    rate: float,
    seconds: int,
    seed: int | None = None,
    told: Callable[[int, int], None] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> LivePlayed:
    """Plays into the server at ``url``. ``told``: seconds so far and in all. Raises LiveFailed, UsageError."""
    scene, played = live_scene(workspace), LivePlayed()
    known = workspace.touchpoints()
    begun = _now(clock)
    waiting: list[Sending] = []
    with httpx.Client(base_url=url, trust_env=False, timeout=15) as client:
        for start in range(0, seconds, _WINDOW):
            length = min(_WINDOW, seconds - start)
            waiting += live_sendings(scene, int(begun) + start, length, rate, seed)
            waiting.sort(key=lambda one: (one.at, one.place))
            for one in waiting:
                if one.at / 1000 >= begun + start + length:
                    break
                if (wait := one.at / 1000 - _now(clock)) > 0:
                    sleep(wait)
                thing = one.thing()
                # What the server fetches by itself is left out, and what no touchpoint takes.
                if isinstance(thing, Delivery) and (receiver(thing) or MINI) in known:
                    _send(client, thing, played)
                if told is not None:
                    told(int(one.at / 1000 - begun), seconds)
            waiting = [one for one in waiting if one.at / 1000 >= begun + start + length]
    return played


def _now(clock: Clock) -> float:
    return to_micros(clock.now()) / 1_000_000


def _send(client: httpx.Client, delivery: Delivery, played: LivePlayed) -> None:
    name = "/".join(delivery.path.split("/")[:3])
    address = delivery.path + (f"?{delivery.query.decode()}" if delivery.query else "")
    try:
        answer = client.request(delivery.method, address, content=delivery.body, headers=list(delivery.headers))
    except httpx.HTTPError as error:
        raise LiveFailed(f"the server is gone: {type(error).__name__}", where=str(client.base_url)) from error
    played.requests[name] += 1
    if answer.status_code >= 300:
        played.refused[name] += 1
        if played.refused[name] > 20:
            raise LiveFailed(f"the server refuses {name}: {answer.status_code} {answer.text[:200]}")

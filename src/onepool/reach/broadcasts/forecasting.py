"""What would become of a broadcast if it started now: its audience goes through the gate, and nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from onepool.clock import to_micros
from onepool.reach.broadcasts.audience import members
from onepool.reach.broadcasts.model import instant_of
from onepool.reach.broadcasts.planner import distinct, messages_of
from onepool.reach.broadcasts.store import Stored, message_version
from onepool.reach.gate import gate
from onepool.reach.messages import store as messages
from onepool.reach.states import SendState
from onepool.reach.world import Worlds

SAMPLE: Final = 20_000
"""Customers that go through the gate at most; counts are scaled up from them."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """Customers of the audience by what would become of them; all but `sample` are scaled up.

    `at_once`, `put_off`: messages that would go out when it starts, and later (quiet hours, caps that end). `left_out`:
    by reason. `duplicates`: who shares an address with somebody before them. `cost`: by the price list, in the
    workspace's currency, None where that has no price.
    """

    audience: int
    sample: int
    at_once: int
    put_off: int
    left_out: Mapping[str, int]
    duplicates: int
    cost: float | None


def forecast(place: Any, one: Stored) -> Forecast:
    """For a draft or scheduled broadcast. `place`: a workspace. Raises OnePoolError where its message or audience is
    gone.

    It is judged at its start where that is to come, by what is known now: consents, addresses and messages until then
    may change it.
    """
    broadcast = one.broadcast
    now = to_micros(place.clock.now())
    wanted = instant_of(broadcast.start, place.settings.zone)
    at = now if wanted is None else max(now, wanted)
    worlds = Worlds(place)
    policy = broadcast.policy()
    with place.pool.read() as session, place.state.read() as connection:
        everybody = members(place, session, broadcast.audience, now)
        part = everybody
        if everybody.size > SAMPLE:  # evenly over the audience, which is in the order in which people came
            part = everybody[np.linspace(0, everybody.size - 1, SAMPLE).astype(np.int64)]
        version, message = messages.loaded(connection, broadcast.message, message_version(connection, one))
        planned = messages_of(one, broadcast, message, version, part, at)
        gated = gate(planned, [policy], worlds.over(session, connection), at)
        kept = distinct(connection, one.id, gated)
    scale = everybody.size / part.size if part.size else 1.0
    states = kept.column("state").to_numpy()
    reasons = Counter(kept.filter(pa.array(states == SendState.SUPPRESSED)).column("reason").to_pylist())
    going = int((states != SendState.SUPPRESSED).sum())
    later = int((states == SendState.DEFERRED).sum())
    kind = planned.column("kind")[0].as_py() if part.size else broadcast.kind or ""
    price = worlds.policies.now()[0].price(broadcast.channel, kind)
    return Forecast(
        audience=int(everybody.size),
        sample=int(part.size),
        at_once=round((going - later) * scale),
        put_off=round(later * scale),
        left_out={str(reason): round(count * scale) for reason, count in reasons.most_common()},
        duplicates=round((gated.num_rows - kept.num_rows) * scale),
        cost=None if price is None else price * going * scale,
    )

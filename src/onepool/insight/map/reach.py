"""Whom each touchpoint can write to: an address that fits, no refusal, and where it is needed an allowance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pyarrow as pa
from sqlalchemy import or_, select

from onepool.clock import to_micros
from onepool.collect.touchpoint import Touchpoint
from onepool.identity.read import Sources
from onepool.insight.map.declared import Declared
from onepool.insight.map.gather import Gathered
from onepool.insight.map.types import Brings, Overlap, Reach
from onepool.pool import Session
from onepool.privacy.consents.words import ALL, CATEGORY_PURPOSES
from onepool.state.schema import allowances

WORDS: Final[dict[str, tuple[str, bool]]] = {
    "followed": ("tie", True),
    "unfollowed": ("tie", False),
    "contact_added": ("tie", True),
    "contact_removed": ("tie", False),
    "opted_in": ("word", True),
    "opted_out": ("word", False),
    "consent_withdrawn": ("consent", False),
    "consent_granted": ("consent", True),
}
"""Events that say whether a person may still be written to there; of each topic the latest counts."""


PROMOTION: Final = "promotion"
MARKETING: Final = CATEGORY_PURPOSES[PROMOTION]


@dataclass(frozen=True)
class Reached:
    """All kinds of messages, and audiences; customers whom at least one touchpoint reaches; by touchpoint; overlaps."""

    kinds: list[Reach]
    reachable: int
    by_touchpoint: dict[str, int]
    overlap: list[Overlap]


@dataclass(frozen=True)
class Way:
    """What can be sent from a touchpoint, of message kinds and audiences alike."""

    name: str
    title: Mapping[str, str]
    to: tuple[str, ...]
    carries: Brings
    allowance: str | None = None
    marketing: bool = True


AUDIENCE: Final = "audience"
_AUDIENCE: Final = {"zh": "广告人群包", "en": "Audience for advertisements"}


def ways(one: Declared) -> list[Way]:
    """The message kinds of a touchpoint, and the audience that its platform takes."""
    kinds = [
        Way(
            kind.name,
            {str(key): text for key, text in kind.title.items()},
            kind.to,
            kind.carries,
            kind.allowance,
            kind.marketing,
        )
        for kind in one.messages
    ]
    return [*kinds, Way(AUDIENCE, _AUDIENCE, one.audience, "audience")] if one.audience else kinds


def reach(
    sources: Sources,
    gathered: Gathered,
    touchpoints: Mapping[str, Touchpoint],
    given: Mapping[str, Declared],
    now: datetime,
) -> Reached:
    """Reachable customers by touchpoint and message kind. Paused touchpoints count: pausing stops no identifier.

    Whom a touchpoint reaches are those to whom it can bring a message: a tag, a coupon in an account, a conversion that
    is reported or an audience are said apart.
    """
    kinds: list[Reach] = []
    no_more = refused(sources.session, {name: one.channel for name, one in touchpoints.items()})
    open_now = allowed(sources, now)
    with gathered.read() as work:
        work.relation("no_more", no_more)
        work.relation("allowed", open_now)
        parts = []
        for name, one in sorted(given.items()):
            known = ways(one)
            slots = {kind.name: addresses(gathered, one, kind.to) for kind in known}
            for kind in known:
                asked = {"slots": slots[kind.name], "tp": name, "allowance": kind.allowance}
                row = work.query(_KIND, {**asked, "marketing": kind.marketing}).to_pylist()[0]
                kinds.append(
                    Reach(
                        touchpoint=name,
                        channel=touchpoints[name].channel,
                        message=kind.name,
                        title=dict(kind.title),
                        carries=kind.carries,
                        to=list(kind.to),
                        allowance=kind.allowance,
                        marketing=kind.marketing,
                        addressed=row["addressed"],
                        refused=row["addressed"] - row["reachable"],
                        reachable=row["reachable"],
                        open=row["open"] if kind.allowance else row["reachable"],
                    )
                )
            ways_of: dict[int, bool] = {}
            for kind in known:
                if kind.carries != "message":
                    continue
                for slot in slots[kind.name]:
                    ways_of[slot] = ways_of.get(slot, True) and kind.marketing
            parts += [(name, slot, marketing) for slot, marketing in sorted(ways_of.items())]
        where = {
            "tp": pa.array([name for name, _, _ in parts], pa.string()),
            "slot": pa.array([slot for _, slot, _ in parts], pa.int16()),
            "marketing": pa.array([marketing for _, _, marketing in parts], pa.bool_()),  # nothing else goes there
        }
        work.relation("ways", pa.table(where))
        combos = work.query(_COMBOS).to_pylist()
    single = dict.fromkeys((one.touchpoint for one in kinds if one.carries == "message"), 0)
    both: dict[tuple[str, str], int] = {}
    for row in combos:
        names = sorted(row["tps"])
        for place, a in enumerate(names):
            single[a] = single.get(a, 0) + row["n"]
            for b in names[place + 1 :]:
                both[a, b] = both.get((a, b), 0) + row["n"]
    return Reached(
        kinds,
        sum(row["n"] for row in combos),
        single,
        [Overlap(a, b, n) for (a, b), n in sorted(both.items(), key=lambda one: (-one[1], one[0]))],
    )


_KIND = """WITH has AS (
        SELECT customer, bool_or(a.id IS NOT NULL) AS open
        FROM ident i LEFT JOIN allowed a ON a.id = i.id AND a.touchpoint = $tp AND a.allowance = $allowance
        WHERE i.slot IN (SELECT unnest($slots::SMALLINT[])) GROUP BY 1
    )
    SELECT count(*) AS addressed, count(*) FILTER (n.customer IS NULL) AS reachable,
        count(*) FILTER (n.customer IS NULL AND has.open) AS open
    FROM has LEFT JOIN (
        SELECT DISTINCT customer FROM no_more WHERE touchpoint = $tp AND (NOT marketing OR $marketing)) n
        USING (customer)"""

_COMBOS = """SELECT tps, count(*) AS n FROM (
        SELECT i.customer, list_sort(list(DISTINCT w.tp)) AS tps FROM ident i JOIN ways w USING (slot)
        WHERE NOT EXISTS (SELECT 1 FROM no_more n WHERE n.customer = i.customer AND n.touchpoint = w.tp
            AND (NOT n.marketing OR w.marketing))
        GROUP BY 1
    ) GROUP BY 1"""


def addresses(gathered: Gathered, one: Declared, kinds: tuple[str, ...]) -> list[int]:
    """Slots that a message can be sent to: of the account's own scope where the channel says which that is."""
    found: list[int] = []
    for kind in kinds:
        scopes = one.identifiers.get(kind)
        for slot in gathered.of_type(kind):
            if scopes is None or gathered.slots[slot][1] in scopes:
                found.append(slot)
    return found


def refused(session: Session, channels: Mapping[str, str]) -> pa.Table:
    """(customer, touchpoint, marketing): who may not be written to there, or not for marketing.

    Of ties and opt-outs the latest word said there counts. Of consent what is said of the touchpoint's channel
    (`channels`), or of all, means what it means when something is sent (privacy/consents/reading): a no that names a
    purpose or a category refuses messages of that purpose only, a yes ends a refusal; the purpose of marketing is asked
    apart. What was said of one template only does not count.
    """
    said = pa.table(
        {
            "event": pa.array(WORDS, pa.string()),
            "topic": pa.array([topic for topic, _ in WORDS.values()], pa.string()),
            "yes": pa.array([yes for _, yes in WORDS.values()], pa.bool_()),
        }
    )
    session.relation("map_words", said)
    where = {"touchpoint": pa.array(channels, pa.string()), "channel": pa.array(channels.values(), pa.string())}
    session.relation("map_channels", pa.table(where))
    return session.query(_REFUSED, {"marketing": MARKETING, "promotion": PROMOTION, "all": ALL})


_REFUSED = """WITH words AS (
        SELECT c.customer_id AS customer, w.topic, w.yes, e.touchpoint, (e.time, e.seq) AS moment,
            coalesce(e.for_channel, '') AS channel, coalesce(e.category, '') AS category,
            list_filter(list_transform(string_split(coalesce(e.purpose, ''), ','), lambda x: trim(x)),
                lambda x: x <> '') AS named
        FROM events e JOIN map_words w USING (event) JOIN customer_of c USING (identifier_id)
        WHERE e.template_id IS NULL),
    consents AS (
        SELECT customer, channel, category, yes, moment, len(named) = 0 OR list_contains(named, $all) AS of_all,
            list_contains(named, $marketing) AS of_marketing
        FROM words WHERE topic = 'consent'
            AND customer IN (SELECT customer FROM words WHERE topic = 'consent' AND NOT yes)),
    held AS (
        SELECT c.customer, k.channel,
            arg_max(c.yes, c.moment) FILTER (c.yes OR (c.of_all AND c.category = '')) AS whole,
            arg_max(c.yes, c.moment) FILTER (
                (c.of_all OR c.of_marketing) AND c.category IN ('', $promotion)) AS marketing
        FROM consents c JOIN (SELECT DISTINCT channel FROM map_channels) k ON c.channel IN ('', k.channel)
        GROUP BY ALL)
    SELECT DISTINCT customer, touchpoint, false AS marketing FROM (
        SELECT customer, touchpoint, topic, arg_max(yes, moment) AS yes FROM words WHERE topic <> 'consent' GROUP BY ALL
    ) WHERE NOT yes
    UNION
    SELECT customer, m.touchpoint, whole OR whole IS NULL
    FROM held JOIN map_channels m USING (channel) WHERE NOT whole OR NOT marketing"""


def allowed(sources: Sources, now: datetime) -> pa.Table:
    """(id, touchpoint, allowance) of which at least one message may be sent now."""
    t = allowances.c
    query = select(t.identifier_id, t.touchpoint, t.allowance).where(
        t.left_count > 0, or_(t.until.is_(None), t.until > to_micros(now))
    )
    with sources.state.read() as connection:
        rows = connection.execute(query).all()
    return pa.table(
        {
            "id": pa.array([row[0] for row in rows], pa.int64()),
            "touchpoint": pa.array([row[1] for row in rows], pa.string()),
            "allowance": pa.array([row[2] for row in rows], pa.string()),
        }
    )

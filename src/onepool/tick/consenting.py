"""What a batch of events says of consent and of dead addresses, folded into the state with the batch.

The words are those of `onepool.audience.conditions.standing.consents`, so that conditions (over the pool) and the claim
of messages (over the state) mean the same. All of it happens in the transaction that says how far the log is applied:
each word counts once, whatever crashes or is built again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, and_, bindparam, insert, or_, select, update

from onepool.audience.conditions.standing.consents import ALL
from onepool.audience.conditions.standing.consents import WORDS as SPOKEN
from onepool.audience.lists.erasing import erase as lists_erase
from onepool.clock import from_micros
from onepool.privacy.consents import ledger, stops
from onepool.privacy.consents.words import SEQ_BITS, WORDS, bounded, listed, template_purpose
from onepool.privacy.masking import mask_text
from onepool.reach.erasure import forget_addresses
from onepool.standards import Batch
from onepool.state.bulk import insert_many, update_many
from onepool.state.outbox import suppressions

I64 = npt.NDArray[np.int64]

ERASED: Final = "customer_erased"

_LONGEST: Final = 2_000

_DEATHS: Final = {"email": "hard_bounce", "sms": "dead_number"}
"""Channels whose addresses die for everybody, and what that is called. Elsewhere an address ends with a relation (a
follow, a friendship), which conditions and the gate read from events."""

_ALIVE: Final = ("message_delivered", "message_read", "message_clicked", "message_replied")


@dataclass(frozen=True, slots=True)
class Said:
    """What a batch says. `words`: see `privacy.consents.words.WORDS`. `lives`: (identifier_id, channel, reason, time),
    where an empty reason says that the address is alive. `erased`: all identifiers of customers who are erased."""

    words: pa.Table
    lives: pa.Table
    erased: I64


_SPOKEN: Final = pa.array(list(SPOKEN))
_HEARD: Final = pa.array([*SPOKEN, ERASED, "message_failed", *_ALIVE])

_READ: Final = [
    "row", "seq", "event_id", "event", "time", "touchpoint", "channel", "purpose", "category", "for_channel",
    "message_channel", "template_id", "method", "notice", "notice_hash", "evidence", "reason", "failure_reason",
    "bounce_type",
]  # fmt: skip

_LIVES: Final = pa.schema(
    [("identifier_id", pa.int64()), ("channel", pa.string()), ("reason", pa.string()), ("time", pa.int64())]
)


def said(batch: Batch, bearer: I64, customers: npt.NDArray[np.int32]) -> Said:
    """What the events of a batch say.

    `bearer`: identifier by row number, -1 where a row has none. `customers`: the customer of each identifier, by id.
    """
    heard = pc.is_in(batch.events.column("event"), value_set=_HEARD)
    events = batch.events.select(_READ).filter(heard)
    node = bearer[events.column("row").to_numpy()]
    events, node = events.filter(pa.array(node >= 0)), node[node >= 0]
    spoken = pc.is_in(events.column("event"), value_set=_SPOKEN)
    gone = np.flatnonzero(_is(events, ERASED))
    everybody = np.flatnonzero(np.isin(customers, customers[node[gone]])) if gone.size else node[:0]
    return Said(_words(events.filter(spoken), node[spoken.to_numpy()]), _lives(events, node), everybody)


def _is(events: pa.Table, name: str) -> npt.NDArray[np.bool_]:
    """Which rows are that event."""
    found: npt.NDArray[np.bool_] = pc.equal(events.column("event"), name).to_numpy()
    return found


def fold(connection: Connection, found: Said, at: int) -> None:
    """Take what a batch says into the state, in the caller's transaction. `at`: now, µs."""
    ledger.fold(connection, found.words, at)
    if found.words.num_rows:
        offsets = np.unique(found.words.column("seq").to_numpy() >> SEQ_BITS)
        stops.release(connection, offsets.tolist(), at)
        stops.hold(connection, found.words, at)
        _forgive(connection, found.words, at)
        _complaints(connection, found.words)
    _live_or_dead(connection, found.lives, at)
    if found.erased.size:
        forget_addresses(connection, found.erased.tolist(), at)
        lists_erase(connection, found.erased.tolist(), from_micros(at))


# words


def _words(events: pa.Table, node: I64) -> pa.Table:
    """Words of events that say something, one row for each purpose and category that an event names."""
    if events.num_rows == 0:
        return WORDS.empty_table()
    name = _text(events, "event")
    here = pc.is_in(name, value_set=pa.array([one for one, word in SPOKEN.items() if word.here]))
    meant = pc.if_else(here, _text(events, "message_channel"), _text(events, "for_channel"))
    own = pc.if_else(pc.and_(here, pc.equal(meant, "")), _text(events, "channel"), meant)
    # Of a message refused on no channel at all nothing follows for any.
    sound = pc.or_(pc.invert(here), pc.not_equal(own, ""))
    template = _text(events, "template_id")
    templated = pc.not_equal(template, "")
    purposes = _each(_text(events, "purpose"), _split_purposes)
    purposes = _chosen(templated, _each(template, _split_template), purposes)
    categories = _chosen(templated, _each(template, _no_category), _each(_text(events, "category"), _split_categories))
    evidence = _text(events, "evidence")
    reason = _text(events, "reason")
    method = _text(events, "method")
    whole = pa.table(
        {
            "identifier_id": pa.array(node),
            "channel": _mapped(own, lambda text: bounded(text, 32)),
            "granted": pc.is_in(name, value_set=pa.array([one for one, word in SPOKEN.items() if word.yes])),
            "time": events.column("time").cast(pa.int64()),
            "seq": events.column("seq"),
            "event_id": events.column("event_id").cast(pa.binary(16)),
            "source": _mapped(method, lambda text: bounded(text, 64) or "event"),
            "touchpoint": _mapped(_text(events, "touchpoint"), lambda text: text[:128]),
            "notice": _mapped(_text(events, "notice"), lambda text: bounded(text, 64)),
            "notice_hash": _mapped(_text(events, "notice_hash"), lambda text: bounded(text, 64)),
            "evidence": _mapped(pc.if_else(pc.equal(evidence, ""), reason, evidence), _kept),
        }
    )
    row, purpose = pc.list_parent_indices(purposes), pc.list_flatten(purposes)
    inner = pc.take(categories, row)
    at, category = pc.list_parent_indices(inner), pc.list_flatten(inner)
    found = whole.take(pc.take(row, at)).append_column("purpose", pc.take(purpose, at))
    found = found.append_column("category", category)
    return found.filter(pc.take(pc.take(_one(sound), row), at)).select(WORDS.names).cast(WORDS)


def _split_purposes(text: str) -> list[str]:
    return _named(text, 64) or [ALL]


def _split_categories(text: str) -> list[str]:
    return _named(text, 32) or [""]


def _split_template(text: str) -> list[str]:
    return [template_purpose(text)]


def _no_category(text: str) -> list[str]:
    del text
    return [""]


def _named(text: str, most: int) -> list[str]:
    """What a list with commas names; nothing when it means everything."""
    names = listed(text)
    return [] if ALL in names else [bounded(one, most) for one in names]


def _kept(text: str) -> str:
    """Evidence without personal data in clear, nor what a database refuses."""
    return mask_text(text[:_LONGEST].replace("\0", "")) if text else ""


def _text(events: pa.Table, name: str) -> pa.Array:
    return pc.fill_null(_one(events.column(name).cast(pa.string())), "")


def _one(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _mapped(column: pa.Array, change: Callable[[str], str]) -> pa.Array:
    """Each different text changed once."""
    coded = column.dictionary_encode()
    return pa.array([change(one) for one in coded.dictionary.to_pylist()], pa.string()).take(coded.indices)


def _each(column: pa.Array, split: Callable[[str], list[str]]) -> pa.Array:
    """A list for each text."""
    coded = column.dictionary_encode()
    lists = pa.array([split(one) for one in coded.dictionary.to_pylist()], pa.list_(pa.string()))
    return lists.take(coded.indices)


def _chosen(mask: pa.Array, yes: pa.Array, no: pa.Array) -> pa.Array:
    """Lists from the one where the mask holds, else from the other."""
    places = pc.if_else(mask, pa.array(np.arange(len(no)) + len(no)), pa.array(np.arange(len(no))))
    return pa.concat_arrays([no, yes]).take(places)


# complaints, and what makes up for them


def _complaints(connection: Connection, words: pa.Table) -> None:
    """Who complains about a message gets none there any more, whatever else they agreed to."""
    told = words.filter(pc.and_(pc.equal(words.column("source"), "complaint"), pc.invert(words.column("granted"))))
    if told.num_rows:
        rows = {
            (node, channel): time
            for node, channel, time in zip(
                *(told.column(one).to_pylist() for one in ("identifier_id", "channel", "time")), strict=True
            )
        }
        _list(connection, [(node, channel, "complaint", time) for (node, channel), time in rows.items()])


def _forgive(connection: Connection, words: pa.Table, at: int) -> None:
    """A later yes of the same address ends what its complaint began."""
    t = suppressions.c
    said_yes = words.filter(words.column("granted"))
    if said_yes.num_rows == 0 or not _any(connection, "complaint"):
        return
    lifting = (
        update(suppressions)
        .where(t.identifier_id == bindparam("node"), t.reason == "complaint", t.lifted.is_(None))
        .where(t.at < bindparam("said"), or_(t.channel == bindparam("over"), bindparam("over2") == ""))
        .values(lifted=bindparam("now"), lifted_by=bindparam("whom"))
    )
    columns = [said_yes.column(one).to_pylist() for one in ("identifier_id", "time", "channel")]
    rows = ((at, "consent", node, time, channel, channel) for node, time, channel in zip(*columns, strict=True))
    update_many(connection, lifting, ("now", "whom", "node", "said", "over", "over2"), rows)


# dead addresses


def _lives(events: pa.Table, node: I64) -> pa.Table:
    """Messages that failed for good since there is no such address, and those that arrived."""
    name = events.column("event")
    arrived = pc.is_in(name, value_set=pa.array(list(_ALIVE)))
    dead = pc.and_(
        pc.equal(name, "message_failed"),
        pc.or_(
            pc.equal(_text(events, "failure_reason"), "bad_address"), pc.equal(_text(events, "bounce_type"), "hard")
        ),
    )
    told = pc.or_(arrived, dead)
    if not pc.any(told).as_py():
        return _LIVES.empty_table()
    said_here = _text(events, "message_channel")
    channel = pc.if_else(pc.equal(said_here, ""), _text(events, "channel"), said_here)
    reason = _mapped(channel, lambda text: _DEATHS.get(text, ""))
    known = pc.and_(told, pc.not_equal(reason, ""))
    return pa.table(
        {
            "identifier_id": pa.array(node),
            "channel": channel,
            "reason": pc.if_else(_one(dead), reason, ""),
            "time": events.column("time").cast(pa.int64()),
        }
    ).filter(known).cast(_LIVES)  # fmt: skip


def _live_or_dead(connection: Connection, lives: pa.Table, at: int) -> None:
    """Of each address the latest that the batch tells: on the list, or off it again."""
    if lives.num_rows == 0:
        return
    newest: dict[tuple[int, str], tuple[int, str]] = {}
    for node, channel, reason, time in zip(*(lives.column(one).to_pylist() for one in _LIVES.names), strict=True):
        if newest.get((node, channel), (-1, ""))[0] <= time:
            newest[(node, channel)] = (time, reason)
    dead = [(node, channel, reason, time) for (node, channel), (time, reason) in newest.items() if reason]
    _list(connection, dead)
    alive = [(node, channel, time) for (node, channel), (time, reason) in newest.items() if not reason]
    if alive and _any(connection, *_DEATHS.values()):
        t = suppressions.c
        lifting = (
            update(suppressions)
            .where(t.identifier_id == bindparam("node"), t.channel == bindparam("over"), t.lifted.is_(None))
            .where(t.reason.in_(list(_DEATHS.values())), t.source == "receipts", t.at < bindparam("heard"))
            .values(lifted=at, lifted_by="receipts")
        )
        for node, channel, time in alive:
            connection.execute(lifting, {"node": node, "over": channel, "heard": time})


def _any(connection: Connection, *reasons: str) -> bool:
    """Whether anybody is on the list for one of these reasons at all."""
    t = suppressions.c
    query = select(t.id).where(t.reason.in_(reasons), t.lifted.is_(None)).limit(1)
    return connection.execute(query).first() is not None


def _list(connection: Connection, rows: Sequence[tuple[int, str, str, int]]) -> None:
    """Put addresses on the list that are not: (identifier, channel, reason, time)."""
    t = suppressions.c
    known: set[tuple[int, str, str]] = set()
    nodes = sorted({row[0] for row in rows})
    for start in range(0, len(nodes), 500):
        query = select(t.identifier_id, t.channel, t.reason).where(
            and_(t.identifier_id.in_(nodes[start : start + 500]), t.lifted.is_(None), t.until.is_(None))
        )
        known |= {(row.identifier_id, row.channel, row.reason) for row in connection.execute(query)}
    always = ("identifier_id", "channel", "category", "purpose", "reason", "source", "at")
    texts = (*always, "lifted_by", "author", "note")
    new = [
        (node, channel, "", "", reason, "receipts", time, "", "", "")
        for node, channel, reason, time in rows
        if (node, channel, reason) not in known
    ]
    insert_many(connection, insert(suppressions), texts, new)

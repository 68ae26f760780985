"""Consent: how a customer stands and why, the ledger, statements on somebody's behalf, texts that people are shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query, status
from sqlalchemy import select

from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.dictionary import titles
from onepool.api.models.common import Titles
from onepool.api.models.consents import (
    ConsentEntry,
    ConsentLedger,
    ConsentStanding,
    ConsentStatement,
    ConsentWritten,
    CustomerConsents,
    NoticeInput,
    NoticeList,
    NoticeRow,
    PreferenceLink,
)
from onepool.api.problems import NotFound
from onepool.api.routers.suppressions import of_nodes
from onepool.api.workspace import WorkspaceLike
from onepool.audience.conditions.standing.consents import PURPOSES, seen_purposes
from onepool.audience.conditions.standing.ways import ways_of
from onepool.clock import to_micros
from onepool.collect.preference_words import Choice
from onepool.pool import customers
from onepool.privacy.consents import ledger, notices
from onepool.privacy.consents.ledger import Entry
from onepool.privacy.consents.notices import Notice
from onepool.privacy.masking import mask_text
from onepool.privacy.roles import Permission
from onepool.reach import statements
from onepool.reach.spelling import channels_of, check_spelling
from onepool.reach.statements import Standing
from onepool.standards.personal import hidden_of
from onepool.state.schema import identifiers

router = APIRouter(tags=["consents"])
Reader = Annotated[Caller, Depends(Need(Permission.CONSENTS_READ))]
Writer = Annotated[Caller, Depends(Need(Permission.CONSENTS_WRITE))]
CustomerId = Annotated[int, Query(ge=0, le=2**53)]
Text = Annotated[str | None, Query(max_length=64)]
Size = Annotated[int, Query(ge=1, le=500)]

_SHOWN = ("marketing", "service")
_WHOLE = ("profiling", "identity", "message_archive")
_LATEST = 50


@router.get("/consents")
def read_consents(customer: CustomerId, _who: Reader, ws: Workspace) -> CustomerConsents:
    """How a customer stands for each purpose and channel, with the word that decided it; what was said; stops."""
    present, nodes = whose(ws, customer)
    channels = sorted(ways_of(ws.touchpoints().values()))
    asked = [
        *((purpose, "", channel) for purpose in _SHOWN for channel in ("", *channels)),
        *((purpose, "", "") for purpose in _WHOLE),
    ]
    at = to_micros(ws.clock.now())
    with ws.state.read() as connection:
        found = statements.standing(connection, present, nodes, asked, at)
        words = ledger.history(connection, nodes, limit=_LATEST)
    names = _masked(ws, [one.identifier_id for one in (*words, *(one.proof for one in found if one.proof))])
    return CustomerConsents(
        customer_id=present,
        standings=[_standing(ws, one, names) for one in found],
        history=[_entry(one, names) for one in words],
        suppressions=of_nodes(ws, nodes),
    )


@router.get("/consents/ledger")
def read_ledger(
    _who: Reader,
    ws: Workspace,
    customer: Annotated[int | None, Query(ge=0, le=2**53)] = None,
    channel: Text = None,
    purpose: Text = None,
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    limit: Size = 100,
) -> ConsentLedger:
    """The ledger, the latest entry first; of one customer, a channel (and of every channel), or a purpose."""
    nodes = None if customer is None else whose(ws, customer)[1]
    with ws.state.read() as connection:
        words = ledger.history(connection, nodes, channel=channel, purpose=purpose, before=before, limit=limit + 1)
    shown = words[:limit]
    names = _masked(ws, [one.identifier_id for one in shown])
    return ConsentLedger(items=[_entry(one, names) for one in shown], next=shown[-1].id if len(words) > limit else None)


@router.post("/consents", status_code=status.HTTP_202_ACCEPTED)
def write_consent(body: ConsentStatement, who: Writer, ws: Workspace, time: Time) -> ConsentWritten:
    """Write down what a person said elsewhere (at a counter, on the phone). A withdrawal holds from the answer on."""
    present, nodes = whose(ws, body.customer_id)
    channels = channels_of(ws.standard(), (one.channel for one in ws.touchpoints().values()))
    with ws.pool.read() as session:
        purposes = seen_purposes(session)
    for one in body.choices:
        check_spelling(one.channel, one.purpose, one.category, channels=channels, purposes=purposes)
    choices = [Choice(one.granted, one.purpose, one.channel, one.category) for one in body.choices]
    offset = statements.state_for(
        ws.state, ws.log, time, present, nodes, choices, actor=who.actor, method="api", reason=mask_text(body.reason),
        notice=body.notice, notice_hash=body.notice_hash, evidence=mask_text(body.evidence),
    )  # fmt: skip
    return ConsentWritten(log_offset=offset)


@router.post("/consents/link", status_code=status.HTTP_201_CREATED)
def make_preference_link(customer: CustomerId, who: Writer, ws: Workspace, time: Time) -> PreferenceLink:
    """A link to the customer's own preference page, to be sent to them."""
    present, nodes = whose(ws, customer)
    return PreferenceLink(path=statements.page_link(ws.state, time, present, nodes, actor=who.actor))


@router.get("/notices")
def list_notices(_who: Reader, ws: Workspace) -> NoticeList:
    """Texts that people are shown, in every version."""
    with ws.state.read() as connection:
        return NoticeList(items=[_notice(one) for one in notices.every(connection)])


@router.post("/notices", status_code=status.HTTP_201_CREATED)
def save_notice(body: NoticeInput, who: Writer, ws: Workspace, time: Time) -> NoticeRow:
    """A new version of a text; the same texts again are the version that has them."""
    return _notice(notices.save(ws.state, time, body.name, body.texts, author=who.actor))


def whose(ws: WorkspaceLike, customer: int) -> tuple[int, list[int]]:
    """The present customer of a number, and all of their identifiers."""
    with ws.pool.read() as session:
        present = customers.resolve(session, customer)
        if present is None:
            raise NotFound("there is no customer with this number", where=str(customer), code="customer-unknown")
        return present, customers.identifier_ids(session, present)


def _masked(ws: WorkspaceLike, nodes: Iterable[int]) -> dict[int, str]:
    wanted: Sequence[int] = sorted(set(nodes))
    found: dict[int, str] = {}
    hidden = hidden_of(ws.standard())
    with ws.state.read() as connection:
        for start in range(0, len(wanted), 500):
            query = select(identifiers.c.id, identifiers.c.type, identifiers.c.value).where(
                identifiers.c.id.in_(wanted[start : start + 500])
            )
            for row in connection.execute(query):
                found[row.id] = f"{row.type}:{hidden.identifier(row.type, row.value)[0]}"
    return found


def _standing(ws: WorkspaceLike, one: Standing, names: dict[int, str]) -> ConsentStanding:
    known = ws.standard().channels.get(one.channel)
    every = Titles(zh="全部渠道", en="Every channel")
    return ConsentStanding(
        purpose=one.purpose,
        purpose_title=titles(PURPOSES.get(one.purpose), one.purpose),
        channel=one.channel,
        channel_title=titles(known.title if known else None, one.channel) if one.channel else every,
        granted=one.granted,
        proof=None if one.proof is None else _entry(one.proof, names),
        stopped=one.stopped,
    )


def _entry(one: Entry, names: dict[int, str]) -> ConsentEntry:
    return ConsentEntry(
        id=one.id,
        identifier=names.get(one.identifier_id, ""),
        purpose=one.purpose,
        category=one.category,
        channel=one.channel,
        granted=one.granted,
        time=one.time,
        at=one.at,
        source=one.source,
        touchpoint=one.touchpoint,
        notice=one.notice,
        notice_hash=one.notice_hash,
        evidence=one.evidence,
    )


def _notice(one: Notice) -> NoticeRow:
    return NoticeRow(
        name=one.name, version=one.version, label=one.label, texts=dict(one.texts), hashes=dict(one.hashes), at=one.at,
        author=one.author,
    )  # fmt: skip

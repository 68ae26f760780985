"""Journeys in the shapes of the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast

from sqlalchemy import Connection, func, select

from onepool.api.access import Caller
from onepool.api.dictionary import titles
from onepool.api.models.common import Finding, JsonObject, Titles
from onepool.api.models.journeys import (
    EntryKind,
    JourneyApproval,
    JourneyCheck,
    JourneyDetail,
    JourneyDifference,
    JourneyDraft,
    JourneyEdge,
    JourneyError,
    JourneyProblem,
    JourneyRow,
    JourneyUnderway,
    JourneyVersion,
    PublishedJourney,
)
from onepool.api.problems import Invalid, NotFound
from onepool.api.workspace import WorkspaceLike
from onepool.audience.conditions import Names, Problem
from onepool.audience.conditions.unseen import private_in
from onepool.clock import from_micros, to_micros
from onepool.definitions import Definition
from onepool.journeys import store
from onepool.journeys.check import Checked, check_body
from onepool.journeys.checks.doubts import journey_doubts
from onepool.journeys.chinese import both
from onepool.journeys.diff import Difference
from onepool.journeys.graph import edges
from onepool.journeys.known import Known, load_known
from onepool.journeys.model import ENTRIES, Journey
from onepool.journeys.parse import journey_hash
from onepool.journeys.sentence import journey_sentence, node_sentence
from onepool.journeys.world import watch
from onepool.pool import catalog
from onepool.privacy import approvals
from onepool.privacy.roles import Permission
from onepool.state.journeys import runs

_Waits = tuple[Mapping[str, int], Mapping[str, JourneyUnderway]]


def draft(ws: WorkspaceLike, name: str) -> Definition:
    """The current definition of a journey. Raises NotFound."""
    item = ws.definitions.get(store.KIND, name)
    if item is None:
        raise NotFound("there is no such journey", where=name, code="journey-unknown")
    return item


def checked(ws: WorkspaceLike, body: Mapping[str, Any], known: Known | None = None) -> tuple[Journey | None, Checked]:
    """The journey of a body and what is wrong with it, with warnings of values that were never seen; events that only
    the pool knows count."""
    known = known or load_known(ws)
    journey, found = check_body(body, known)
    if any(problem.message.startswith("there is no event ") for problem in found.problems):
        with ws.pool.read() as session:
            kept = catalog.event_names(session)
        known = load_known(ws, kept)
        journey, found = check_body(body, known)
    if journey is not None and not found.problems:
        with ws.pool.read() as session:
            found.warnings += journey_doubts(session, journey, known.names, private_in(ws.standard()))
    return journey, found


def problems(found: Checked) -> list[JourneyProblem]:
    """Faults first, then advice."""
    return [_problem(one, "error") for one in found.problems] + [_problem(one, "warning") for one in found.warnings]


def refuse(found: Checked, name: str) -> None:
    """Raise Invalid with every fault; nothing where there is none."""
    if found.problems:
        listed = [
            Finding(place=one.place, message=both(one.message), suggestion=one.suggestion) for one in found.problems
        ]
        raise Invalid("the journey has faults", code="condition", where=f"journey {name}", problems=listed)


def check_shown(ws: WorkspaceLike, body: Mapping[str, Any]) -> JourneyCheck:
    """Everything about a definition that may or may not be saved."""
    known = load_known(ws)
    journey, found = checked(ws, body, known)
    if journey is None:
        return JourneyCheck(problems=problems(found), sentence=None, nodes={}, edges=[])
    return JourneyCheck(
        problems=problems(found),
        sentence=in_words(journey, known.names),
        nodes={
            name: Titles(zh=node_sentence(node, "zh", known.names), en=node_sentence(node, "en", known.names))
            for name, node in journey.nodes.items()
        },
        edges=[
            JourneyEdge.model_validate({"from": name, "label": edge.label, "to": edge.target})
            for name, node in journey.nodes.items()
            for edge in edges(node)
        ],
    )


def in_words(journey: Journey, names: Names) -> Titles:
    """The journey as one sentence."""
    return Titles(zh=journey_sentence(journey, "zh", names), en=journey_sentence(journey, "en", names))


def rows(ws: WorkspaceLike) -> list[JourneyRow]:
    """All journeys that have a definition."""
    known = load_known(ws)
    with ws.state.read() as connection:
        states = store.states(connection)
        counted = _counted(connection)
        waits = _waits(ws, connection)
        return [
            _row(ws, connection, item, states.get(item.name), known, counted, waits)
            for item in ws.definitions.current(store.KIND)
        ]


def detail(ws: WorkspaceLike, item: Definition, who: Caller) -> JourneyDetail:
    """One journey with its definition."""
    known = load_known(ws)
    with ws.state.read() as connection:
        state = store.standing(connection, item.name)
        row = _row(ws, connection, item, state, known, _counted(connection), _waits(ws, connection))
        live = None if state is None else store.published(connection, state.version_id)
    journey, _ = check_body(item.body, known)
    may_approve = who.may(Permission.JOURNEYS_APPROVE)
    return JourneyDetail(
        **row.model_dump(),
        definition=cast(JsonObject, item.body),
        draft_version=item.version,
        published=None
        if live is None
        else PublishedJourney(
            version=live.version, version_id=live.version_id, hash=live.hash, at=from_micros(live.published_at),
            by=live.published_by, definition=cast(JsonObject, dict(live.body)),
        ),
        sentence=None if journey is None else in_words(journey, known.names),
        needs_approval=store.needs_approval(ws, item, may_approve),
        may_publish=who.may(Permission.JOURNEYS_WRITE),
    )  # fmt: skip


def version(
    one: store.Published, state: store.Standing | None, reason: str, because: str, live_runs: int
) -> JourneyVersion:
    """A published version."""
    return JourneyVersion(
        version=one.version,
        version_id=one.version_id,
        hash=one.hash,
        at=from_micros(one.published_at),
        author=one.published_by,
        reason=reason,
        published_because=because,
        live=state is not None and state.version_id == one.version_id and state.status in ("live", "paused"),
        live_runs=live_runs,
    )


def difference(one: Difference) -> JourneyDifference:
    """A difference with its words."""
    return JourneyDifference(
        op=one.op,
        node=one.node,
        place=one.place,
        before=None if one.before is None else Titles(**one.before),
        after=None if one.after is None else Titles(**one.after),
        sentence=Titles(**one.sentence),
    )


def approval(ws: WorkspaceLike, item: Definition) -> JourneyApproval | None:
    """What was asked and said of the draft."""
    found = approvals.latest(ws.state, store.KIND, item.name, item.version)
    if found is None:
        return None
    return JourneyApproval(
        status=found.status,
        version=found.version,
        asked_by=found.asked_by,
        asked_at=found.asked_at,
        decided_by=found.decided_by or None,
        note=found.note,
    )


def _row(
    ws: WorkspaceLike,
    connection: Connection,
    item: Definition,
    state: store.Standing | None,
    known: Known,
    counted: Mapping[int, tuple[int, int]],
    waits: _Waits,
) -> JourneyRow:
    made = store.versions(connection, item.name)
    live = next((one for one in made if state is not None and one.version_id == state.version_id), None)
    differs = live is None or live.hash != journey_hash(item.body)
    changed = JourneyDraft(
        version=item.version,
        changed_at=item.created_at,
        author=item.author,
        problems=len(check_body(item.body, known)[1].problems),
    )
    held, doing = waits
    error = None
    if state is not None and state.problem:
        at = None if state.problem_at is None else from_micros(state.problem_at)
        error = JourneyError(at=at, text=state.problem)
    return JourneyRow(
        name=item.name,
        title=_title(item.body.get("name"), item.name),
        folder=_text(item.body.get("folder")),
        group=_text(item.body.get("group")),
        entry=_entry(item.body.get("entry")),
        status="draft" if state is None else state.status,
        version=None if live is None else live.version,
        draft=changed if differs else None,
        nodes=len(item.body["nodes"]) if isinstance(item.body.get("nodes"), dict) else 0,
        live_runs=sum(counted.get(one.version_id, (0, 0))[0] for one in made),
        entered=sum(counted.get(one.version_id, (0, 0))[1] for one in made),
        next_at=None if state is None or state.next_at is None else from_micros(state.next_at),
        last_error=error,
        held_back=held.get(item.name, 0),
        underway=doing.get(item.name),
        approval=approval(ws, item),
        changed_at=item.created_at,
        author=item.author,
    )


def _waits(ws: WorkspaceLike, connection: Connection) -> _Waits:
    """By journey: how many it holds back, of audiences and by themselves, and what is being done with many runs."""
    doing = {name: JourneyUnderway(kind=kind, done=done) for name, (kind, done) in watch.underway(connection).items()}
    return watch.held_back(connection, to_micros(ws.clock.now())), doing


def _counted(connection: Connection) -> dict[int, tuple[int, int]]:
    """Version -> its runs that have not ended, and all of them."""
    live = store.live_runs(connection)
    total = connection.execute(select(runs.c.version_id, func.count()).group_by(runs.c.version_id))
    return {int(version_id): (live.get(int(version_id), 0), int(count)) for version_id, count in total}


def _title(given: object, name: str) -> Titles:
    if isinstance(given, dict):
        return titles({key: str(text) for key, text in given.items()}, name)
    return titles(given if isinstance(given, str) else None, name)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _entry(entry: object) -> EntryKind | None:
    heads = (head for head in ENTRIES if isinstance(entry, dict) and head in entry)
    return cast("EntryKind | None", next(heads, None))


def _problem(one: Problem, severity: Literal["error", "warning"]) -> JourneyProblem:
    return JourneyProblem(place=one.place, message=both(one.message), suggestion=one.suggestion, severity=severity)

"""Journeys in the state: drafts become versions, versions go live, pause, resume and stop.

A draft is the current definition of kind `journey`. Publishing makes an immutable version of it, to which the runs that
enter from then on are bound. What concerns runs that are under way is asked of the tick by rows of `journey_requests`,
so that it happens in order with everything else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Literal, Protocol

from sqlalchemy import Connection, and_, func, insert, select, update

from onepool.clock import Clock, to_micros
from onepool.definitions import Definition, Definitions
from onepool.journeys.keys import short
from onepool.journeys.metered import carried_on
from onepool.journeys.model import ApiEntry, Journey, OneOffEntry, Send
from onepool.journeys.parse import canonical_journey, journey_hash, parse_journey
from onepool.journeys.standing import (
    JourneyError,
    Published,
    Standing,
    Status,
    going,
    live_runs,
    published,
    published_of,
    standing,
    states,
    versions,
)
from onepool.journeys.starts import next_start
from onepool.privacy import approvals, audit
from onepool.reach.messages.approval import unapproved
from onepool.settings import Settings
from onepool.state import State
from onepool.state.journeys import journey_audiences, journey_requests, journey_states, journey_versions

KIND: Final = "journey"
OldRuns = Literal["finish", "move", "stop"]

__all__ = [
    "KIND", "JourneyError", "OldRuns", "Place", "Published", "Standing", "Status", "enter", "going", "live_runs",
    "needs_approval", "pause", "publish", "published", "remove", "resume", "standing", "states", "stop", "versions",
]  # fmt: skip


class Place(Protocol):
    """What of a workspace is needed here."""

    @property
    def state(self) -> State: ...

    @property
    def definitions(self) -> Definitions: ...

    @property
    def settings(self) -> Settings: ...


def needs_approval(place: Place, draft: Definition, may_approve: bool) -> bool:
    """Whether somebody has to approve this draft before it may be published by who may, or may not, approve himself."""
    rule = place.settings.journeys.approval
    if rule == "never" or (rule == "by_role" and may_approve):
        return False
    return not approvals.approved(place.state, KIND, draft.name, draft.version)


def publish(
    place: Place,
    clock: Clock,
    name: str,
    *,
    author: str,
    may_approve: bool,
    old_runs: OldRuns = "finish",
    version: int | None = None,
    reason: str = "",
) -> Published:
    """Make the draft a version and let it take entries. Who calls has checked it against the workspace's names.

    `may_approve`: the author's role may approve journeys; `old_runs`: what becomes of runs of older versions;
    `version`: the draft that was looked at. A journey that is live stays so without a gap; one that is paused stays
    paused; any other takes entries from now. Raises JourneyError: no draft, saved anew, not approved, being stopped;
    ConditionError: the draft can't be parsed.
    """
    draft = place.definitions.get(KIND, name)
    if draft is None:
        raise _unknown(name)
    if version is not None and draft.version != version:
        raise JourneyError(
            f"somebody saved version {draft.version} meanwhile", where=name, hint="look at it first",
            code="journey-changed",
        )  # fmt: skip
    journey = parse_journey(draft.body)
    if needs_approval(place, draft, may_approve):
        raise JourneyError(
            f"version {draft.version} is not approved", where=name, hint="ask a second person to approve it",
            code="approval-missing",
        )  # fmt: skip
    sent = sorted({node.message for node in journey.nodes.values() if isinstance(node, Send)})
    if missing := unapproved(place.state, place.definitions, place.settings, sent):
        raise JourneyError(
            f"nobody has approved {', '.join(missing)}", where=name,
            hint="ask a second person to approve the messages that it sends", code="approval-missing",
        )  # fmt: skip
    now = to_micros(clock.now())
    with place.state.write() as connection:
        before = standing(connection, name)
        if before is not None and before.status == "stopping":
            raise JourneyError(
                "it is being stopped", where=name, hint="publish when its runs have ended", code="journey-stopping"
            )
        made = _version(connection, draft, journey, now, author)
        goes_on = before is not None and before.status in ("live", "paused")
        values: dict[str, Any] = {
            "status": before.status if before is not None and goes_on else "live",
            "version_id": made.version_id,
            "entries_from": before.entries_from if before is not None and goes_on else now,
            "changed_at": now,
            "changed_by": author[:256],
            "next_at": _next_at(connection, journey, before, made, now),
            "problem": "",
            "problem_at": None,
        }
        if before is None:
            connection.execute(insert(journey_states).values(journey=name, metering="", **values))
        else:
            mine = journey_states.c.journey == name
            was = published(connection, before.version_id).definition
            said = connection.execute(select(journey_states.c.metering).where(mine)).scalar_one()
            values["metering"] = carried_on(said, was, journey, now)
            connection.execute(update(journey_states).where(mine).values(**values))
        if before is not None and before.version_id != made.version_id and old_runs != "finish":
            kind, key = ("move", "to") if old_runs == "move" else ("stop_versions", "except")
            _request(connection, name, kind, now, author, fields={key: made.version_id})
        detail: dict[str, Any] = {"version": draft.version, "hash": made.hash, "old_runs": old_runs, "reason": reason}
        audit.record_in(connection, clock, author, "journey.publish", f"journey:{name}", detail)
    return made


def pause(place: Place, clock: Clock, name: str, *, author: str, reason: str = "") -> None:
    """Freeze its runs and its messages that wait to be claimed; nobody enters. Raises JourneyError."""
    _turn(place, clock, name, {"live": "paused"}, author, "journey.pause", reason)


def resume(place: Place, clock: Clock, name: str, *, author: str, reason: str = "") -> None:
    """Go on. What happened meanwhile starts no runs; late steps follow `expire_after`. Raises JourneyError."""
    _turn(place, clock, name, {"paused": "live"}, author, "journey.resume", reason)


def stop(place: Place, clock: Clock, name: str, *, author: str, reason: str = "") -> None:
    """End it: no entries, and the tick ends its runs and cancels what they planned to send. Raises JourneyError."""
    _turn(place, clock, name, {"live": "stopping", "paused": "stopping"}, author, "journey.stop", reason)


def enter(
    place: Place,
    clock: Clock,
    name: str,
    customer_id: int,
    *,
    author: str,
    key: str = "",
    fields: Mapping[str, Any] | None = None,
) -> int:
    """Ask for a customer to enter a journey whose entry is `api`; its own rules (eligible, re-entry) still decide.

    Returns the request's number. Raises JourneyError: not live, another entry, fields it does not name or JSON lacks.
    """
    with place.state.write() as connection:
        found = standing(connection, name)
        if found is None:
            raise _unknown(name)
        if found.status != "live":
            raise JourneyError(f"it is {found.status}", where=name, hint="it has to be live", code="journey-not-live")
        entry = published(connection, found.version_id).definition.entry
        if not isinstance(entry, ApiEntry):
            raise JourneyError(
                "customers enter it in another way", where=name, hint="only `entry: {api: true}` takes them from here"
            )
        if unknown := sorted(set(fields or {}) - set(entry.fields)):
            known = ", ".join(entry.fields) or "none"
            raise JourneyError(f"its entry names no field {unknown[0]}", where=name, hint=f"it has: {known}")
        _plain(name, fields or {})
        now = to_micros(clock.now())
        number = _request(connection, name, "enter", now, author, customer_id=customer_id, key=key, fields=fields)
        detail: dict[str, Any] = {"customer_id": customer_id, "request": number}
        audit.record_in(connection, clock, author, "journey.enter", f"journey:{name}", detail)
    return number


def remove(place: Place, clock: Clock, name: str, *, author: str, reason: str = "") -> None:
    """Retire a draft or a stopped journey; versions and history stay. Raises JourneyError while it is going on."""
    with place.state.read() as connection:
        found = standing(connection, name)
    if found is not None and found.status != "stopped":
        raise JourneyError(f"it is {found.status}", where=name, hint="stop it first", code="journey-in-use")
    if place.definitions.get(KIND, name) is None:
        raise _unknown(name)
    place.definitions.delete(KIND, name, author=author, reason=reason)
    audit.record(place.state, clock, author, "definition.delete", f"journey:{name}", {"reason": reason})


def _turn(
    place: Place, clock: Clock, name: str, ways: Mapping[str, Status], author: str, action: audit.Action, reason: str
) -> None:
    now = to_micros(clock.now())
    with place.state.write() as connection:
        found = standing(connection, name)
        if found is None:
            raise _unknown(name)
        if found.status not in ways:
            raise JourneyError(
                f"it is {found.status}", where=name, hint=f"it has to be {' or '.join(ways)}", code="journey-not-live"
            )
        values: dict[str, Any] = {
            "status": ways[found.status], "changed_at": now, "changed_by": author[:256]
        }  # fmt: skip
        if action == "journey.resume":
            values["entries_from"] = now
            journey = published(connection, found.version_id).definition
            if found.next_at is not None and found.next_at <= now and not isinstance(journey.entry, OneOffEntry):
                values["next_at"] = next_start(journey, now)
            _request(connection, name, "resume", now, author)
        connection.execute(update(journey_states).where(journey_states.c.journey == name).values(**values))
        audit.record_in(connection, clock, author, action, f"journey:{name}", {"reason": reason})


def _version(connection: Connection, draft: Definition, journey: Journey, now: int, author: str) -> Published:
    """The version of the draft: the one that is there, or a new one."""
    of_draft = and_(journey_versions.c.journey == draft.name, journey_versions.c.version == draft.version)
    row = connection.execute(select(journey_versions).where(of_draft)).one_or_none()
    if row is None:
        nodes = sorted(journey.node_numbers(), key=journey.node_numbers().__getitem__)
        connection.execute(
            insert(journey_versions).values(
                journey=draft.name,
                version=draft.version,
                hash=journey_hash(draft.body),
                body=canonical_journey(draft.body),
                nodes=json.dumps(nodes),
                published_at=now,
                published_by=author[:256],
            )
        )
        row = connection.execute(select(journey_versions).where(of_draft)).one()
    return published_of(row)


def _next_at(
    connection: Connection, journey: Journey, before: Standing | None, made: Published, now: int
) -> int | None:
    """The next start. A one-off starts once in its life, whatever versions it has."""
    if isinstance(journey.entry, OneOffEntry) and before is not None and before.status != "stopped":
        started = connection.execute(
            select(func.count()).select_from(journey_audiences).where(journey_audiences.c.journey == made.journey)
        ).scalar_one()
        if started:
            return None
    return next_start(journey, now)


def _plain(name: str, fields: Mapping[str, Any]) -> None:
    """Raises JourneyError for values that the tick could not read again (not a number, half a character)."""
    try:
        json.dumps(dict(fields), ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, TypeError) as error:
        raise JourneyError(
            "a field has a value that JSON can't say", where=name, hint="give texts, finite numbers, true or false"
        ) from error


def _request(
    connection: Connection,
    name: str,
    kind: str,
    now: int,
    author: str,
    *,
    customer_id: int | None = None,
    key: str = "",
    fields: Mapping[str, Any] | None = None,
) -> int:
    done = connection.execute(
        insert(journey_requests).values(
            at=now, journey=name, kind=kind, customer_id=customer_id, key=short(key),
            fields=json.dumps(dict(fields or {}), ensure_ascii=False, sort_keys=True), author=author[:256],
        )
    )  # fmt: skip
    assert done.inserted_primary_key is not None
    return int(done.inserted_primary_key[0])


def _unknown(name: str) -> JourneyError:
    return JourneyError("there is no such journey", where=name, code="journey-unknown")

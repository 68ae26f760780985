"""Who comes to a journey's door, and who is let in, plainly: one after the other (see naive.py)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tests.journeys.naive_runs import ENDED, HELD, LATENESS, Arrival, Inputs, Run, canonical, single
from tests.journeys.naive_starts import arrivals, crowded, slot
from tests.journeys.naive_times import EPOCH, MICROSECOND, earlier, later, zone_named

from onepool.audience.conditions.reference import Event
from onepool.journeys.keys import event_origin, run_keys
from onepool.journeys.model import ApiEntry, EventEntry, Journey, SegmentEntry, SegmentLeaveEntry

if TYPE_CHECKING:
    from tests.journeys.naive import Naive


def arrived(naive: Naive, inputs: Inputs) -> Iterable[Arrival]:
    yield from arrivals(naive, inputs)
    for standing in naive.standing.values():
        if standing.status != "live":
            continue
        version, entry = standing.version, standing.version.journey.entry
        if isinstance(entry, EventEntry):
            for customer, event, event_id in inputs.events:
                if (
                    event.time >= standing.entries_from
                    and event.received_at - event.time <= LATENESS
                    and naive.fits(entry, event, None)
                ):
                    trigger = trigger_of(event, event_id)
                    key = trigger.get(entry.key.removeprefix("$trigger."), "") if entry.key else ""
                    origin = int(event_origin([event_id])[0])
                    kept = {name: trigger[name] for name in named_in(version.journey) if name in trigger}
                    yield Arrival(event.time, event.seq, customer, version, key, origin, kept, event.seq)
        elif isinstance(entry, SegmentEntry | SegmentLeaveEntry):
            enters = isinstance(entry, SegmentEntry)
            wanted = entry.segment_enter if isinstance(entry, SegmentEntry) else entry.segment_leave
            for place, (customer, segment, entered, when) in enumerate(inputs.segments):
                if segment == wanted and entered == enters and when >= standing.entries_from:
                    yield Arrival(when, place, customer, version, "", when, {})
        elif isinstance(entry, ApiEntry):
            for number, journey, kind, customer, key, fields, when in inputs.requests:
                if journey == version.name and kind == "enter":
                    own = entry.key
                    said = fields.get(own.removeprefix("$trigger."), "") if own else key
                    yield Arrival(when, number, customer, version, said, number, dict(fields))


def enter(naive: Naive, arrival: Arrival) -> None:
    version = arrival.version
    entry = version.journey.entry
    run_id = int(run_keys(version.name, single(arrival.customer), [arrival.key], single(arrival.origin))[0])
    if run_id in naive.runs:
        return
    run = Run(
        run_id, version, arrival.customer, arrival.key, arrival.time, arrival.time, arrival.trigger, arrival.but,
        arrived=arrival.time,
    )  # fmt: skip
    why = refusal(naive, run)
    if why is not None:
        naive.log(run, f"refused:{why}")
        return
    naive.runs[run_id] = run
    hold = entry.hold if isinstance(entry, EventEntry) else None
    due = run.entered
    if hold is not None:
        due = later(due, hold.for_, zone_named(None, version.journey.zone.default))
    if entry.rate is not None and not arrival.metered:
        due = slot(naive.standing[version.name], due)
    if hold is None and due <= naive.at:
        # While no account has room, and while others wait for that, nobody begins at once.
        waits = naive.standing[version.name].again
        if arrival.invited or (waits is None and not crowded(version.journey, naive.crowded)):
            run.now = due
            naive._begun.append(run)
            return
        run.full, run.arrived = True, due
        due = max(naive.at, waits or 0)
    run.state, run.due = HELD, due
    naive.log(run, "held")


def refusal(naive: Naive, run: Run) -> str | None:
    """Why a customer may not enter: the first reason in the order of the rules."""
    entry = run.version.journey.entry
    rule, zone = entry.reentry, zone_named(None, run.version.journey.zone.default)
    if entry.eligible is not None and not naive.holds(entry.eligible, run):
        return "eligible"
    of_customer = [one for one in naive.runs.values() if one.customer == run.customer and one.parent is None]
    before = [one for one in of_customer if one.version.name == run.version.name]
    live = [one for one in before if one.state != ENDED]
    if rule.when == "never" and before:
        return "reentry"
    if rule.when == "after_exit" and live:
        return "reentry"
    if rule.when == "always" and run.key and any(one.key == run.key for one in live):
        return "reentry"
    if rule.when == "always" and len(live) >= rule.parallel:
        return "parallel"
    if rule.when != "never" and before:
        latest = max(one.entered for one in before)
        if rule.cooldown is not None and run.entered < later(latest, rule.cooldown, zone):
            return "cooldown"
        if rule.max is not None:
            since = earlier(run.entered, rule.max.per, zone)
            if sum(one.entered > since for one in before) >= rule.max.runs:
                return "max"
    group = run.version.journey.group
    if group is not None and any(
        one.state != ENDED and one.version.journey.group == group and one.version.name != run.version.name
        for one in of_customer
    ):
        return "group"
    return None


def trigger_of(event: Event, event_id: str) -> dict[str, str]:
    """An event's fields as canonical text."""
    found = {name: text for name, value in event.values.items() if (text := canonical(value)) is not None}
    for name, value in event.fields.items():
        if isinstance(value, str):
            found[f"fields.{name}"] = value
    return found | {
        "event_id": event_id,
        "time": canonical(EPOCH + event.time * MICROSECOND) or "",
        "channel": event.channel,
        "touchpoint": event.touchpoint,
    }


def named_in(journey: Journey) -> set[str]:
    """The fields of the trigger that a journey asks for."""
    text = json.dumps(journey.model_dump(mode="json", by_alias=True))
    return set(re.findall(r"\$?trigger\.((?:fields\.)?\w+)", text))

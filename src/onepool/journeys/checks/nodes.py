"""Faults of the other nodes: waits without a bound, unknown coupons, attributes, tags, touchpoints, journeys."""

from __future__ import annotations

from collections.abc import Mapping

from onepool.audience.conditions.anchors.model import is_reference
from onepool.audience.conditions.errors import closest
from onepool.audience.conditions.values import DAYS_OF_WEEK, parse_moment
from onepool.journeys.checks.common import Checked, kind_of, micros
from onepool.journeys.checks.entry import check_date_attribute, check_offset
from onepool.journeys.known import Known
from onepool.journeys.model import CallJourney, End, IssueCoupon, Journey, SetProfile, Split, TagNode, Wait, Webhook

DEEPEST = 3
"""Journeys that call each other, one below the other."""

KEPT = frozenset({"holdout", "ineligible", "not_qualified", "expired", "stopped", "error", "merged", "erased"})
"""Ends that the executor gives itself."""

_LONGEST_REASON = 59


def check_nodes(journey: Journey, known: Known, found: Checked) -> None:
    """Everything about nodes that is neither graph nor condition nor message; goal and exits."""
    within = journey.goal.within if journey.goal is not None else None
    if within is not None and micros(within) > micros(journey.max_life):
        found.wrong("goal.within", f"runs live {journey.max_life} only", str(journey.max_life))
    for number, one in enumerate(journey.exit):
        if len(one.as_) > _LONGEST_REASON:
            found.wrong(f"exit[{number}].as", f"at most {_LONGEST_REASON} characters")
    for name, node in journey.nodes.items():
        at = f"nodes.{name}"
        match node:
            case Wait():
                _check_wait(at, node, journey, known, found)
            case IssueCoupon():
                if not is_reference(node.batch) and node.batch not in known.coupons:
                    found.unknown(f"{at}.batch", "coupon batch", node.batch, known.coupons)
                elif is_reference(node.batch) and not node.batch.startswith("$params."):
                    found.wrong(f"{at}.batch", "the name of a batch is wanted, or a parameter that holds one")
            case SetProfile():
                _check_profile(at, node, known, found)
            case TagNode():
                _check_tags(at, node, known, found)
            case Webhook():
                if known.touchpoints.get(node.touchpoint) != "webhook":
                    hooks = [one for one, channel in known.touchpoints.items() if channel == "webhook"]
                    found.unknown(f"{at}.touchpoint", "touchpoint of channel webhook called", node.touchpoint, hooks)
            case Split():
                names = [arm.name for arm in node.arms]
                for number, arm in enumerate(names):
                    if arm in names[:number]:
                        found.wrong(f"{at}.arms[{number}].name", f"two arms are called {arm}")
            case CallJourney():
                _check_call(at, node.journey, journey, known, found)
            case End():
                if node.as_ in KEPT or node.as_.startswith("exit:"):
                    found.wrong(f"{at}.as", f"{node.as_} has a meaning of its own: call this end otherwise")
                elif len(node.as_) > _LONGEST_REASON:
                    found.wrong(f"{at}.as", f"at most {_LONGEST_REASON} characters")


def _check_wait(at: str, node: Wait, journey: Journey, known: Known, found: Checked) -> None:
    heads = [name for name in ("until", "date", "time") if getattr(node, name) is not None]
    if len(heads) > 1:
        found.wrong(at, f"{' and '.join(heads)} can't stand together: a wait is for one of them")
        return
    head = heads[0] if heads else "for"
    if head == "for" and node.for_ is None:
        found.wrong(at, "say what is waited for: for (a time), until (an event), date or time", "for: 3 days")
    if head == "until" and node.for_ is None:
        found.wrong(f"{at}.for", "a wait for an event needs a bound, after which it goes on without it", "for: 3 days")
    if head == "date":
        if node.max is None:
            found.wrong(
                f"{at}.max", "a wait for a date needs a bound: it could be years away", f"max: {journey.max_life}"
            )
        if node.else_ is None:
            found.wrong(f"{at}.else", "say where customers go who have no such date")
        _check_date(at, node, known, found)
    if head in ("date", "time") and node.for_ is not None:
        found.wrong(f"{at}.for", f"can't stand beside {head}; a bound of a date is called max")
    for name, given, needed in (
        ("on_event", node.on_event, "until"),
        ("else", node.else_, "date"),
        ("max", node.max, "date"),
        ("weekdays", node.weekdays, "time"),
    ):
        if given is not None and head != needed:
            found.wrong(f"{at}.{name}", f"has a meaning only beside {needed}")
    for number, day in enumerate(node.weekdays or ()):
        if day not in DAYS_OF_WEEK:
            found.wrong(
                f"{at}.weekdays[{number}]", "a day such as monday is wanted", closest(day.lower(), DAYS_OF_WEEK)
            )
    for name, span in (("for", node.for_), ("max", node.max)):
        if span is not None and micros(span) > micros(journey.max_life):
            found.wrong(f"{at}.{name}", f"longer than a run lives ({journey.max_life}): nobody would come out of it")


def _check_date(at: str, node: Wait, known: Known, found: Checked) -> None:
    date = node.date
    if date is None:
        return
    if (date.attribute is None) == (date.var is None):
        found.wrong(f"{at}.date", "one of attribute and var is wanted")
    if date.attribute is not None:
        check_date_attribute(f"{at}.date.attribute", date.attribute, known, found)
    check_offset(f"{at}.date.offset", date.offset, found)


def _check_profile(at: str, node: SetProfile, known: Known, found: Checked) -> None:
    for attribute, value in node.set.items():
        here = f"{at}.set.{attribute}"
        if attribute not in known.names.attributes:
            found.unknown(here, "attribute", attribute, known.names.attributes)
        elif attribute in known.identifying:
            found.wrong(here, f"{attribute} tells who a customer is: a journey may not write it")
        elif not is_reference(value) and not _fits(value, kind_of(known.names.attributes[attribute])):
            found.wrong(here, f"{attribute} is {kind_of(known.names.attributes[attribute])}: {value!r} is none")


def _fits(value: object, kind: str) -> bool:
    match kind:
        case "number" | "money":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "date" | "time":
            return parse_moment(value) is not None
        case "list":
            return isinstance(value, list) and all(isinstance(one, str) for one in value)
        case "text":
            return isinstance(value, str)
    return isinstance(value, str | int | float | bool)


def _check_tags(at: str, node: TagNode, known: Known, found: Checked) -> None:
    for tag, value in node.set.items():
        here = f"{at}.set.{tag}"
        if tag not in known.names.tags:
            found.unknown(here, "tag", tag, known.imported)
        elif tag not in known.imported:
            found.wrong(
                here, f"{tag} is computed: only tags of kind import can be written", closest(tag, known.imported)
            )
        elif value is not None and not is_reference(value):
            values = known.names.tags[tag].values
            if values is not None and str(value) not in values:
                found.unknown(here, f"value of the tag {tag}", str(value), values)


def _check_call(at: str, called: str, journey: Journey, known: Known, found: Checked) -> None:
    place = f"{at}.journey"
    if called == journey.journey:
        found.wrong(place, f"{called} can't call itself; a repeat node leads back")
        return
    if called not in known.journeys:
        found.unknown(place, "journey", called, [name for name in known.journeys if name != journey.journey])
        return
    every = {**known.journeys, journey.journey: journey}
    path = _deepest([journey.journey, called], every)
    if path[-1] in path[:-1]:
        found.wrong(place, f"journeys call each other round in a circle: {' -> '.join(path)}")
    elif len(path) - 1 > DEEPEST:
        found.wrong(
            place, f"journeys call each other {len(path) - 1} deep ({' -> '.join(path)}); {DEEPEST} are allowed"
        )


def _deepest(path: list[str], journeys: Mapping[str, Journey]) -> list[str]:
    """The longest way on from the end of a path, or the first circle that is met."""
    if path[-1] in path[:-1] or len(path) > DEEPEST + 2:
        return path
    node = journeys.get(path[-1])
    best = path
    for one in node.nodes.values() if node is not None else ():
        if isinstance(one, CallJourney):
            way = _deepest([*path, one.journey], journeys)
            if way[-1] in way[:-1]:
                return way
            best = max(best, way, key=len)
    return best

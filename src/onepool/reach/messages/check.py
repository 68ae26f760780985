"""Whether a message can be used: names known, parts there, texts within what the platforms take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from onepool.audience.conditions.errors import Problem, closest
from onepool.channels import registry
from onepool.channels.base import MessageKind
from onepool.channels.base.manifest import Content as ContentPart
from onepool.channels.base.sms_text import Parts
from onepool.collect.touchpoint import Touchpoint
from onepool.reach.messages import sms
from onepool.reach.messages.columns import Bad, Wording, typed_column
from onepool.reach.messages.linking import SAMPLE
from onepool.reach.messages.model import PREFERENCES, UNSUBSCRIBE, Content, Message, Variable
from onepool.reach.messages.parse import Leaf, kind_of, known_names, leaves
from onepool.reach.messages.pieces import LINK, compiled, faults, longest
from onepool.reach.messages.render import allowed_host, host_of
from onepool.reach.messages.typed import unknown_directives
from onepool.reach.messages.wechat_fields import FIELDS, field_of, strange
from onepool.standards import Standard

_SHAPES: Mapping[str, tuple[type, ...]] = {"mapping": (dict, list), "list": (list,), "object": (dict,)}
_LENGTHS: Mapping[str, int] = {"number": 24, "money": 24, "date": 40}
_LINK_LENGTH = 40
"""Of short links where the public address is not known."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a message is checked beside. ``link_hosts``: where links may lead (empty: anywhere). ``code_length``: the
    longest code of a coupon."""

    standard: Standard
    tags: frozenset[str]
    touchpoints: Mapping[str, Touchpoint]
    wording: Wording
    link_hosts: Sequence[str] = ()
    public_url: str = ""
    code_length: int = 20

    def signature(self, touchpoint: str | None) -> str:
        """The signature of text messages: of the touchpoint, else the longest there is."""
        found = [str(one.settings.get("signature") or "") for one in self._texting(touchpoint)]
        return max(found, key=len, default="")

    def parts(self, touchpoint: str | None) -> Parts:
        """How text messages are cut: as the touchpoint says, else the shortest of what any says."""
        found = [Parts.of(one.settings) for one in self._texting(touchpoint)] or [Parts()]
        return Parts(min(one.single for one in found), min(one.segment for one in found))

    def _texting(self, touchpoint: str | None) -> list[Touchpoint]:
        return [
            one for one in self.touchpoints.values() if one.channel == sms.CHANNEL and touchpoint in (None, one.name)
        ]


@dataclass(slots=True)
class Findings:
    """``problems`` forbid a message, ``warnings`` do not. ``lengths``: of text messages, by the content's name."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    lengths: dict[str, sms.Length] = field(default_factory=dict)


def check_message(message: Message, around: Surroundings) -> Findings:
    """Everything that is wrong with a message, and what its author should look at."""
    found = Findings()
    used: set[str] = set()
    _variables(message, around, found)
    _links(message, around, found, used)
    known = known_names(message)
    seen: set[str] = set()
    for number, content in enumerate(message.contents):
        place = f"contents[{number}]"
        if content.template in seen:
            found.problems.append(Problem(f"{place}.template", "there is another content of this name"))
        seen.add(content.template)
        kind = _kind(message, content, around, place, found)
        names = [*known, UNSUBSCRIBE] if content.channel == "email" else known
        right = True
        for leaf in leaves(content):
            faulty, named = faults(leaf.source, around.wording.tongue, names, leaf.html)
            used |= named
            right = right and not faulty
            found.problems += [_at(one, f"{place}.content.{leaf.where}") for one in faulty]
        if right and kind is not None:
            _texts(message, content, kind, around, place, found)
    _unused(message, used, found)
    if any(name.startswith(LINK) for name in used) and not around.public_url:
        found.warnings.append(
            Problem("links", "short links need the workspace's public address: set `messages: {public_url: …}`")
        )
    return found


def _variables(message: Message, around: Surroundings, found: Findings) -> None:
    for name, one in message.variables.items():
        place = f"variables.{name}"
        if one.from_ is None and one.default is None:
            found.problems.append(Problem(place, "where does the value come from? write `from` or `default`"))
        kind, _, of = (one.from_ or "").partition(".")
        known = around.standard.attributes if kind == "attribute" else around.tags
        if kind in ("attribute", "tag"):
            if of not in known:
                near = closest(of, known)
                found.problems.append(
                    Problem(f"{place}.from", f"there is no {kind} {of}", None if near is None else f"{kind}.{near}")
                )
            elif one.default is None:
                told = f"who has no {of} gets a message only where the text does without it; a default would do"
                found.warnings.append(Problem(place, told))
        if one.currency is not None and one.type != "money":
            found.problems.append(Problem(f"{place}.currency", "a currency goes with variables of type money"))
        if one.format is not None:
            _format(one, place, found)
        if one.default is not None:
            _default(one, place, around, found)


def _format(one: Variable, place: str, found: Findings) -> None:
    if one.type != "date":
        found.problems.append(Problem(f"{place}.format", "a format goes with variables of type date"))
    elif unknown := unknown_directives(one.format or ""):
        told = f"{unknown[0]} is not known; write for example %Y-%m-%d %H:%M or %-m月%-d日"
        found.problems.append(Problem(f"{place}.format", told))


def _default(one: Variable, place: str, around: Surroundings, found: Findings) -> None:
    column = typed_column(pa.nulls(1, pa.string()), one, around.wording, None)
    value = column.values[int(column.codes[0])]
    if isinstance(value, Bad):
        found.problems.append(Problem(f"{place}.default", f"{value.problem}: the variable is of type {one.type}"))
    elif one.type == "url" and host_of(str(one.default)) is None:
        found.problems.append(Problem(f"{place}.default", "an address such as https://host/path is wanted"))


def _links(message: Message, around: Surroundings, found: Findings, used: set[str]) -> None:
    for name, source in message.links.items():
        place = f"links.{name}"
        if name == PREFERENCES:
            found.problems.append(Problem(place, "this name is that of the preference page; take another one"))
        faulty, named = faults(source, around.wording.tongue, message.variables)
        found.problems += [_at(one, place) for one in faulty]
        used |= named
        if not faulty:
            _address(message, source, place, around, found)


def _address(message: Message, source: str, place: str, around: Surroundings, found: Findings) -> None:
    """An address: its scheme and host are written out (or are a variable of type url)."""
    first = compiled(source, around.wording.tongue).pieces[:1]
    if not first:
        return
    if not isinstance(first[0], str):
        names = first[0].names
        if not all(name.startswith(LINK) or name == UNSUBSCRIBE for name in names):
            typed = [message.variables[name].type for name in names if name in message.variables]
            if typed != ["url"]:
                found.problems.append(
                    Problem(place, "an address begins with https://host/ or with a variable of type url")
                )
        return
    host = host_of(first[0])
    if host is None or not first[0][first[0].index("//") + 2 :].startswith(host):
        found.problems.append(Problem(place, "an address such as https://host/path is wanted"))
    elif around.link_hosts and not allowed_host(host, around.link_hosts):
        told = (
            f"links may not lead to {host}; allowed are {', '.join(around.link_hosts)} (settings: messages.link_hosts)"
        )
        found.problems.append(Problem(place, told, closest(host, around.link_hosts)))


def _kind(message: Message, content: Content, around: Surroundings, place: str, found: Findings) -> MessageKind | None:
    channel = registry.find(content.channel)
    if channel is None or not channel.manifest.messages:
        carrying = [one.name for one in registry.manifests() if one.messages]
        told = f"no messages go over {content.channel}; channels are {', '.join(carrying)}"
        found.problems.append(Problem(f"{place}.channel", told, closest(content.channel, carrying)))
        return None
    kinds = [one.name for one in channel.manifest.messages]
    kind = kind_of(content.channel, content.kind, message.category)
    if kind is None:
        if content.kind is None:
            found.problems.append(Problem(f"{place}.kind", f"say which kind: {', '.join(kinds)}"))
        else:
            told = f"{content.channel} carries no {content.kind}; it carries {', '.join(kinds)}"
            found.problems.append(Problem(f"{place}.kind", told, closest(content.kind, kinds)))
        return None
    if content.touchpoint is not None:
        own = [one.name for one in around.touchpoints.values() if one.channel == content.channel]
        if content.touchpoint not in own:
            told = f"there is no touchpoint {content.touchpoint} of {content.channel}"
            found.problems.append(Problem(f"{place}.touchpoint", told, closest(content.touchpoint, own)))
    if message.category == "promotion" and not kind.marketing:
        told = (
            f"{kind.title['en']} ({kind.title['zh']}): the platform forbids marketing in it and may close the account"
        )
        found.warnings.append(Problem(f"{place}.kind", told))
    _parts(content, kind, place, found)
    return kind


def _parts(content: Content, kind: MessageKind, place: str, found: Findings) -> None:
    known = {one.name: one for one in kind.content}
    for name, value in content.content.items():
        at = f"{place}.content.{name}"
        if name not in known:
            told = f"{kind.name} of {content.channel} has no {name}; it has {', '.join(known)}"
            found.problems.append(Problem(at, told, closest(name, known)))
            continue
        shapes = _SHAPES.get(known[name].kind)
        if shapes is not None and not isinstance(value, shapes):
            wanted = "a list" if known[name].kind == "list" else "a mapping of names to values"
            found.problems.append(Problem(at, f"{wanted} is wanted"))
        elif shapes is None and isinstance(value, dict | list) and content.channel != "wecom":
            found.problems.append(Problem(at, "a text is wanted"))
    filled = {*kind.also, "staff_id", "welcome_code", "msg_id", "conversation_id"}
    for part in kind.content:
        if part.required and part.name not in filled and content.content.get(part.name) in (None, "", {}, []):
            found.problems.append(Problem(f"{place}.content.{part.name}", f"this is missing ({part.title['zh']})"))


def _texts(
    message: Message, content: Content, kind: MessageKind, around: Surroundings, place: str, found: Findings
) -> None:  # fmt: skip
    """Lengths, addresses, and what each channel asks for, of templates that can be read."""
    tongue = around.wording.tongue
    most = _most(message, around)
    parts = {one.name: one for one in kind.content}
    for leaf in leaves(content):
        at = f"{place}.content.{leaf.where}"
        part = parts.get(str(leaf.place[0]))
        if (name := strange(content.channel, leaf.place)) is not None:
            _strange(content, name, at, found)
        if field_of(content.channel, leaf.place) is not None:
            _field(content, leaf, tongue, most, at, found)
        elif part is not None and len(leaf.place) == 1:
            if part.limit is not None:
                _limit(leaf, part, tongue, most, at, found)
            if part.kind == "url":
                _address(message, leaf.source, at, around, found)
    if content.channel == sms.CHANNEL:
        marketing = kind.name == sms.MARKETING or message.category == "promotion"
        signature = around.signature(content.touchpoint)
        problems, warnings, length = sms.check_text(
            content.content, signature, tongue, most, marketing=marketing, parts=around.parts(content.touchpoint)
        )
        found.problems += [_at(one, f"{place}.content") for one in problems]
        found.warnings += [_at(one, f"{place}.content") for one in warnings]
        if length is not None:
            found.lengths[content.template] = length
    if content.channel == "email" and not any(content.content.get(name) for name in ("html", "text")):
        found.problems.append(Problem(f"{place}.content", "a mail needs html or text"))


def _field(
    content: Content, leaf: Leaf, tongue: str, most: Mapping[str, int | None], at: str, found: Findings
) -> None:  # fmt: skip
    """A field of a WeChat template: a fixed text must fit; others should be unable to become too long."""
    rule = field_of(content.channel, leaf.place)
    assert rule is not None
    whole = compiled(leaf.source, tongue)
    said = f"{rule.en} ({rule.zh})"
    if whole.text is not None:
        fits = pc.match_substring_regex(pa.array([whole.text]), f"^({rule.pattern})$")
        if not fits[0].as_py():
            found.problems.append(Problem(at, said))
        return
    least, high = longest(whole, most)
    if least > rule.limit:
        found.problems.append(Problem(at, f"{said}; the fixed text alone has {least}"))
    elif (high is None or high > rule.limit) and rule.limit in (5, 20):  # of texts; dates and amounts are as they are
        found.warnings.append(Problem(at, f"{said}; longer ones are not sent: use truncate: {rule.limit}"))


def _strange(content: Content, name: str, at: str, found: Findings) -> None:
    """A field that the template can't have: WeChat refuses the message, or leaves the field empty."""
    kinds = ", ".join(f"{one}N" for one in FIELDS)
    problem = Problem(at, f"a template has no field {name}; its fields are {kinds}", closest(name, list(FIELDS)))
    # Old templates of Official Accounts have fields by any name.
    (found.warnings if content.channel == "wechat_oa" else found.problems).append(problem)


def _limit(
    leaf: Leaf, part: ContentPart, tongue: str, most: Mapping[str, int | None], at: str, found: Findings
) -> None:  # fmt: skip
    whole = compiled(leaf.source, tongue, leaf.html)
    least, high = longest(whole, most)
    assert part.limit is not None
    limit, said = part.limit, f"at most {part.limit} {'bytes' if part.bytes else 'characters'}"
    if part.bytes:
        # Nobody knows what variables will hold: each of their characters may be a Chinese one, of three bytes.
        if whole.text is not None:
            least = high = len(whole.text.encode())
        else:
            high = None if high is None else 3 * high
    if least > limit:
        found.problems.append(Problem(at, f"{said}; the fixed text alone has {least}"))
    elif high is not None and high > limit:
        found.warnings.append(Problem(at, f"{said}; this may become {high}: use truncate"))
    elif high is None and limit <= 200:
        found.warnings.append(Problem(at, f"{said}; longer ones are not sent: use truncate"))


def _most(message: Message, around: Surroundings) -> dict[str, int | None]:
    """The longest that each name can become; None: without end."""
    found: dict[str, int | None] = {}
    for name, one in message.variables.items():
        only = len(str(one.default)) if one.from_ is None and one.default is not None else None
        found[name] = around.code_length if one.type == "coupon" else _LENGTHS.get(one.type, only)
    link = len(around.public_url.rstrip("/")) + len("/l/") + len(SAMPLE) if around.public_url else _LINK_LENGTH
    return found | {name: link for name in known_names(message) if name.startswith(LINK)}


def _unused(message: Message, used: set[str], found: Findings) -> None:
    for name in message.variables:
        if name not in used:
            found.warnings.append(Problem(f"variables.{name}", "no text uses it"))
    for name in message.links:
        if LINK + name not in used:
            found.warnings.append(Problem(f"links.{name}", "no text uses it"))


def _at(problem: Problem, place: str) -> Problem:
    where = f"{place}.{problem.place}" if problem.place else place
    return Problem(where, problem.message, problem.suggestion)

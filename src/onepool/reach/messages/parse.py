"""From YAML or JSON to a message, with every fault named by its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from onepool.audience.conditions.errors import ConditionError
from onepool.audience.conditions.parse import plain_data, problems_of
from onepool.channels import registry
from onepool.channels.base import MessageKind
from onepool.reach.messages.model import PREFERENCES, RUN_SOURCES, Category, Content, Message, Variable
from onepool.reach.messages.pieces import LINK, faults

HTML_PARTS = frozenset({("email", "html")})
"""Parts (channel, name) whose values are escaped for HTML."""


class MessageError(ConditionError):
    """A message can't be used as written; `problems` has every fault with its place."""

    code = "message"


@dataclass(frozen=True, slots=True)
class Needs:
    """What a message has to be told: paths of the run (``trigger.x``, ``vars.x``, ``params.x``), of the customer."""

    run: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Leaf:
    """A text of a content: where it stands (``content.data.thing1``), and whether it is HTML."""

    place: tuple[str | int, ...]
    source: str
    html: bool = False

    @property
    def where(self) -> str:
        return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.place).lstrip(".")


def parse_message(body: Mapping[str, Any]) -> Message:
    """The message that `body` defines. Raises MessageError with every problem and its place."""
    try:
        return Message.model_validate(plain_data(body))
    except ValidationError as error:
        name = body.get("message")
        where = f"message {name}" if isinstance(name, str) else None
        raise MessageError(problems_of(error, _known_keys(body)), where=where) from None
    except ConditionError as error:
        raise MessageError(error.problems) from None


def message_schema() -> dict[str, Any]:
    """The JSON Schema of messages (2020-12)."""
    return Message.model_json_schema(by_alias=True)


def kind_of(channel: str, kind: str | None, category: Category) -> MessageKind | None:
    """The kind of message a content is of. Unsaid: the only one of the channel, else the one for the category."""
    found = registry.find(channel)
    kinds = () if found is None else found.manifest.messages
    if kind is not None:
        return next((one for one in kinds if one.name == kind), None)
    if len(kinds) == 1:
        return kinds[0]
    wanted = ("marketing",) if category == "promotion" else ("notice", "transactional")
    return next((one for one in kinds if one.name in wanted), None)


def leaves(content: Content) -> list[Leaf]:
    """Every text of a content, in the order in which it is written."""
    return list(_leaves(content.content, (), content.channel))


def names_of(message: Message, sources: list[tuple[str, bool]], language: str = "zh") -> set[str]:
    """The variables and links that texts name, those of the links that they name among them."""
    known = known_names(message)
    found: set[str] = set()
    for source, html in sources:
        found |= faults(source, language, known, html)[1]
    for name in [one for one in found if one.startswith(LINK)]:
        address = message.links.get(name.removeprefix(LINK))
        if address is not None:
            found |= faults(address, language, message.variables)[1]
    return found


def known_names(message: Message) -> list[str]:
    """What its texts may name (``unsubscribe_url`` goes with mails only)."""
    return [*message.variables, *(LINK + name for name in message.links), LINK + PREFERENCES]


def needs(message: Message, content: Content | None = None) -> Needs:
    """What has to be known to write a content, or any of them."""
    contents = message.contents if content is None else [content]
    texts = [(leaf.source, leaf.html) for one in contents for leaf in leaves(one)]
    used = names_of(message, texts)
    sources = sorted({str(one.from_) for name, one in message.variables.items() if name in used and one.from_})
    return Needs(
        tuple(one for one in sources if one.split(".", 1)[0] in RUN_SOURCES),
        tuple(one.removeprefix("attribute.") for one in sources if one.startswith("attribute.")),
        tuple(one.removeprefix("tag.") for one in sources if one.startswith("tag.")),
    )


def lent(message: Message, content: Content) -> list[tuple[str, Variable]]:
    """Variables of a content that only the run of a journey gives a value, and that have no default."""
    used = names_of(message, [(leaf.source, leaf.html) for leaf in leaves(content)])
    return [
        (name, one)
        for name, one in sorted(message.variables.items())
        if name in used and one.default is None and one.from_ and str(one.from_).split(".", 1)[0] in RUN_SOURCES
    ]


def _leaves(value: Any, place: tuple[str | int, ...], channel: str) -> Iterator[Leaf]:
    if isinstance(value, str):
        yield Leaf(place, value, bool(place) and (channel, str(place[0])) in HTML_PARTS)
    elif isinstance(value, Mapping):
        for name, one in value.items():
            yield from _leaves(one, (*place, str(name)), channel)
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _leaves(one, (*place, number), channel)


def _known_keys(body: Mapping[str, Any]) -> dict[str, list[str]]:
    """Keys that may stand at each place, for saying what was meant."""

    def keys(part: type[Message | Variable | Content]) -> list[str]:
        return [field.alias or name for name, field in part.model_fields.items()]

    found = {"": keys(Message)}
    variables, contents = body.get("variables"), body.get("contents")
    if isinstance(variables, Mapping):
        found |= {f"variables.{name}": keys(Variable) for name in variables}
    if isinstance(contents, list):
        found |= {f"contents[{number}]": keys(Content) for number in range(len(contents))}
    return found

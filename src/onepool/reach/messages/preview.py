"""A message as one customer would get it, or with sample values; what its texts are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import pyarrow as pa

from onepool.channels.base.sms_text import compose, measure
from onepool.clock import Clock
from onepool.pool import Session
from onepool.reach.messages import sms
from onepool.reach.messages.check import Surroundings
from onepool.reach.messages.gather import gather
from onepool.reach.messages.model import RUN_SOURCES, Content, Message, Variable
from onepool.reach.messages.parse import kind_of, leaves, names_of, needs
from onepool.reach.messages.sends import render_table

_SAMPLES: Final[Mapping[str, str]] = {
    "text": "示例",
    "number": "3",
    "money": "20",
    "url": "https://example.com/item",
    "coupon": "CPN2K7M9QX",
}
_TEST: Final = "【测试】"

Mask = Callable[[str, str], str]
"""An attribute's name and value -> the value as it may be shown."""


@dataclass(frozen=True, slots=True)
class Told:
    """A variable of a preview: where its value came from (`customer`, `given`, `default`, `sample`, or nowhere)."""

    name: str
    source: str | None
    value: str | None
    origin: str | None


@dataclass(frozen=True, slots=True)
class Preview:
    """``content``: as the channel takes it; ``text``: of a text message, as it arrives; ``problem``: why this customer
    would not get it."""

    template: str
    channel: str
    kind: str | None
    content: dict[str, Any] | None
    problem: str | None
    text: str | None
    characters: int | None
    segments: int | None
    values: tuple[Told, ...]


def preview(
    message: Message,
    content: Content,
    around: Surroundings,
    clock: Clock,
    *,
    session: Session | None = None,
    customer: int | None = None,
    values: Mapping[str, Any] | None = None,
    mask: Mask | None = None,
) -> Preview:
    """Write a content. ``values``: by source (``trigger.product_name``) or by the variable's name; what nothing is
    known of stands as a sample. ``customer`` is looked up in ``session``; ``mask`` hides what may not be seen."""
    given = dict(values or {})
    wanted = needs(message, content)
    table = pa.table({"customer_id": pa.array([customer or 0], pa.int64())})
    if session is not None and customer is not None:
        table = _hidden(gather(session, wanted, pa.array([customer], pa.int64()), None), mask)
    used = names_of(message, [(leaf.source, leaf.html) for leaf in leaves(content)], around.wording.tongue)
    told: list[Told] = []
    for name, variable in message.variables.items():
        if name in used:
            one = _value(name, variable, table, given, clock, real=customer is not None)
            told.append(one)
            if variable.from_ is not None:
                table = _with(table, variable.from_, one.value if one.origin != "default" else None)
    rendered = render_table(
        message, content, table, around.wording, hosts=around.link_hosts, base=around.public_url
    )  # fmt: skip
    made = rendered.contents()[0]
    kind = kind_of(content.channel, content.kind, message.category)
    text = characters = segments = None
    if made is not None and content.channel == sms.CHANNEL and made.get("text"):
        signature = str(made.get("signature") or around.signature(content.touchpoint))
        text = compose(str(made["text"]), made.get("params") or {}, signature.strip("【】 "))
        counted = measure(text, around.parts(content.touchpoint))
        characters, segments = counted.characters, counted.segments
    return Preview(
        content.template, content.channel, None if kind is None else kind.name, made, rendered.problems[0], text,
        characters, segments, tuple(told),
    )  # fmt: skip


def as_test(channel: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """The content with a sign that it is a test, where the channel takes free text in a place for it."""
    marked = dict(content)
    for name in {"email": ("subject",), "wecom": ("text",)}.get(channel, ("content", "head_content")):
        if isinstance(marked.get(name), str) and channel != sms.CHANNEL:
            marked[name] = _TEST + str(marked[name])
    return marked


def _value(
    name: str, variable: Variable, table: pa.Table, given: Mapping[str, Any], clock: Clock, *, real: bool
) -> Told:
    source = variable.from_
    for key in (name, source):
        if key is not None and given.get(key) not in (None, ""):
            return Told(name, source, str(given[key]), "given")
    if source is not None and source in table.column_names and table.column(source)[0].as_py() is not None:
        return Told(name, source, str(table.column(source)[0].as_py()), "customer")
    if variable.default is not None:
        return Told(name, source, str(variable.default), "default")
    of_run = source is not None and source.split(".", 1)[0] in RUN_SOURCES
    if real and not of_run:
        return Told(name, source, None, None)
    if variable.type == "date":
        return Told(name, source, (clock.now() + timedelta(days=7)).date().isoformat(), "sample")
    return Told(name, source, _SAMPLES[variable.type], "sample")


def _with(table: pa.Table, name: str, value: str | None) -> pa.Table:
    column = pa.array([value], pa.string())
    if name in table.column_names:
        found = table.column(name)[0].as_py()
        if value is not None and found is not None and str(found) == value:
            return table  # with its own type
        return table.set_column(table.column_names.index(name), name, column)
    return table.append_column(name, column)


def _hidden(table: pa.Table, mask: Mask | None) -> pa.Table:
    if mask is None:
        return table
    for number, name in enumerate(table.column_names):
        kind, _, of = name.partition(".")
        value = table.column(name)[0].as_py()
        if kind == "attribute" and isinstance(value, str):
            table = table.set_column(number, name, pa.array([mask(of, value)], pa.string()))
    return table

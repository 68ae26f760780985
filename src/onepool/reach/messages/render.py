"""Messages of many customers at once: each different text is written once, rows are put together column by column.

A template falls into literal text and pieces (`pieces`); a piece is rendered once for each combination of the values
that it names, and the parts of all rows are joined by Arrow. A row that can't be written has no content and says why.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from liquid.exceptions import LiquidError, UndefinedError

from onepool.channels.base import MessageKind
from onepool.reach.messages.columns import Bad, Column, Wording, combine, text_column, typed_column
from onepool.reach.messages.model import UNSUBSCRIBE, Content, Message, Variable
from onepool.reach.messages.parse import Leaf, kind_of, leaves, names_of
from onepool.reach.messages.pieces import LINK, Compiled, Piece, compiled
from onepool.reach.messages.wechat_fields import field_of

ZONE: Final = "zone"
"""The column of the customers' zones, where they are known."""

_UNDEFINED: Final = re.compile(r"'([\w.]+)' is undefined")
_SLICE: Final = 100_000_000
"""Characters of a part that are put together at a time."""

Problems = npt.NDArray[np.object_]


@dataclass(slots=True)
class Rendered:
    """What came of a table of rows. ``problems``: why a row can't be sent, or None."""

    rows: int
    problems: list[str | None]
    _tree: Mapping[str, Any]
    _texts: Mapping[tuple[str | int, ...], str | pa.StringArray] = field(repr=False)

    def contents(self) -> list[dict[str, Any] | None]:
        """The content of each row, as the channel takes it. Parts that are the same for all are one object."""
        columns = {
            place: text.to_pylist() for place, text in self._texts.items() if not isinstance(text, str)
        }  # fmt: skip
        constants = {place: text for place, text in self._texts.items() if isinstance(text, str)}
        fixed = _built(self._tree, (), constants)
        if not columns:
            return [None if problem is not None else fixed for problem in self.problems]
        changing = {place[0] for place in columns}
        shared = {name: value for name, value in fixed.items() if name not in changing}
        made = [
            (name, _maker(self._tree[name], (name,), constants, columns)) for name in self._tree if name in changing
        ]
        found: list[dict[str, Any] | None] = []
        for row, problem in enumerate(self.problems):
            found.append(None if problem is not None else shared | {name: make(row) for name, make in made})
        return found

    def texts(self, *place: str | int) -> pa.StringArray:
        """One text of all rows (null where there is a problem), by its place in the content."""
        text = self._texts[place]
        column = pa.array([text] * self.rows, pa.string()) if isinstance(text, str) else text
        return pc.if_else(pa.array([one is None for one in self.problems], pa.bool_()), column, None)


def render(
    message: Message,
    content: Content,
    table: pa.Table,
    wording: Wording,
    *,
    links: Mapping[str, pa.StringArray] | None = None,
    hosts: Sequence[str] = (),
) -> Rendered:
    """The content of every row of ``table``: columns by source (``trigger.x``, ``attribute.city`` …), and ``zone``.

    ``links``: the short addresses of the message's links by name. ``hosts``: where links may lead (empty: anywhere).
    """
    texts = leaves(content)
    size = sum(len(leaf.source) for leaf in texts) + 200
    step = max(_SLICE // size, 1)
    if table.num_rows > step:
        parts = [
            render(message, content, table.slice(start, step), wording, hosts=hosts,
                   links={name: one.slice(start, step) for name, one in (links or {}).items()})
            for start in range(0, table.num_rows, step)
        ]  # fmt: skip
        return _joined(parts)
    values = Values(message, table, wording, links or {}, content.channel)
    kind = kind_of(content.channel, content.kind, message.category)
    found: dict[tuple[str | int, ...], str | pa.StringArray] = {}
    for leaf in texts:
        whole = compiled(leaf.source, wording.tongue, leaf.html)
        text = whole.text if whole.text is not None else values.text(whole)
        found[leaf.place] = text
        if not isinstance(text, str):
            _limits(values, content, kind, leaf, text)
            if _is_url(kind, leaf):
                _addresses(values, leaf.where, text, hosts)
    return Rendered(table.num_rows, values.problems.tolist(), content.content, found)


def render_links(
    message: Message, content: Content, table: pa.Table, wording: Wording, hosts: Sequence[str] = ()
) -> tuple[dict[str, pa.StringArray], list[str | None]]:
    """Where the links that a content uses lead, for each row (null where a value is missing), and the problems."""
    used = names_of(message, [(leaf.source, leaf.html) for leaf in leaves(content)], wording.tongue)
    values = Values(message, table, wording, {}, content.channel)
    found = {}
    for name, source in message.links.items():
        if LINK + name in used:
            whole = compiled(source, wording.tongue)
            text = values.text(whole) if whole.text is None else pa.array([whole.text] * table.num_rows, pa.string())
            _addresses(values, f"links.{name}", text, hosts)
            found[name] = text
    return found, values.problems.tolist()


class Values:
    """The typed columns of a table, made when first asked for, and what is wrong with its rows."""

    def __init__(
        self, message: Message, table: pa.Table, wording: Wording, links: Mapping[str, pa.StringArray], channel: str
    ) -> None:
        self.problems: Problems = np.full(table.num_rows, None, dtype=object)
        self._message = message
        self._table = table
        self._wording = wording
        self._links = links
        self._channel = channel
        self._columns: dict[str, Column] = {}
        zones = table.column(ZONE) if ZONE in table.column_names else None
        self._zones = None if zones is None else text_column(_whole(zones))

    def text(self, whole: Compiled) -> pa.StringArray:
        """A template for every row; rows that it can't be written for are noted."""
        rows = self._table.num_rows
        parts = [
            one if isinstance(one, str) else self._piece(one, whole) for one in whole.pieces
        ]  # fmt: skip
        if len(parts) == 1 and not isinstance(parts[0], str):
            return parts[0]
        joined = pc.binary_join_element_wise(*(pa.scalar(one) if isinstance(one, str) else one for one in parts), "")
        assert len(joined) == rows
        return _whole(joined)

    def note(self, wrong: pa.BooleanArray, problem: str) -> None:
        """Rows that can't be sent; the first problem of a row stays."""
        mask = wrong.fill_null(False).to_numpy(zero_copy_only=False)
        mask &= self.problems == None  # noqa: E711 - element by element
        if mask.any():
            self.problems[mask] = problem

    def column(self, name: str) -> Column:
        """The typed column of a variable or link."""
        known = self._columns.get(name)
        if known is None:
            known = self._columns[name] = self._made(name)
        return known

    def _made(self, name: str) -> Column:
        rows = self._table.num_rows
        if name.startswith(LINK):
            return text_column(self._links.get(name.removeprefix(LINK), pa.nulls(rows, pa.string())))
        variable = self._message.variables.get(name)
        if variable is None:  # in mails, what their sender puts in
            assert name == UNSUBSCRIBE
            return text_column(pa.array([f"{{{{{UNSUBSCRIBE}}}}}"] * rows, pa.string()))
        return typed_column(self._raw(variable), variable, self._wording, self._zones)

    def _raw(self, variable: Variable) -> pa.Array:
        if variable.from_ is None or variable.from_ not in self._table.column_names:
            return pa.nulls(self._table.num_rows, pa.string())
        return _whole(self._table.column(variable.from_))

    def _piece(self, piece: Piece, whole: Compiled) -> pa.StringArray:
        columns = [self.column(name) for name in piece.names]
        if piece.plain and not whole.html and columns[0].text is not None:
            text = columns[0].text
            self.note(text.is_null(), _missing(piece.names[0]))
            return text
        first, codes = combine([one.codes for one in columns])
        texts: list[str | None] = []
        problems: list[str | None] = []
        for row in first.tolist():
            told = {name: one.values[one.codes[row]] for name, one in zip(piece.names, columns, strict=True)}
            text, problem = _written(piece, told)
            texts.append(text)
            problems.append(problem)
        if any(problem is not None for problem in problems):
            faulty = np.array(problems, dtype=object)[codes]
            empty = self.problems == None  # noqa: E711 - element by element
            self.problems[empty] = faulty[empty]
        return pa.array(texts, pa.string()).take(pa.array(codes))


def _written(piece: Piece, told: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The piece with these values, or why it can't be written."""
    for name, value in told.items():
        if isinstance(value, Bad):
            return None, f"variable {name}: {value.problem}"
    context: dict[str, Any] = {name: value for name, value in told.items() if value is not None and "." not in name}
    links = {name.removeprefix(LINK): value for name, value in told.items() if name.startswith(LINK) and value}
    if any(name.startswith(LINK) for name in told):
        context["links"] = links
    try:
        return piece.template.render(context), None
    except UndefinedError as error:
        found = _UNDEFINED.search(str(error.message))
        return None, _missing(found[1] if found is not None else piece.names[0], links=piece.names)
    except (LiquidError, ValueError) as error:
        return None, str(error.message if isinstance(error, LiquidError) else error)


def _missing(name: str, links: Sequence[str] = ()) -> str:
    if name.startswith(LINK) or LINK + name in links:
        return f"link {name.removeprefix(LINK)} could not be made"
    return f"variable {name} has no value and no default"


def _limits(values: Values, content: Content, kind: MessageKind | None, leaf: Leaf, text: pa.StringArray) -> None:
    """Texts that the platform would refuse."""
    rule = field_of(content.channel, leaf.place)
    if rule is not None:
        fits = pc.match_substring_regex(text, f"^({rule.pattern})$")
        values.note(pc.invert(fits), f"{leaf.where}: {rule.en} ({rule.zh})")
        return
    part = None if kind is None else next((one for one in kind.content if one.name == leaf.place[0]), None)
    if part is not None and part.limit is not None and len(leaf.place) == 1:
        # binary_length counts the bytes of UTF-8.
        size = pc.binary_length(text) if part.bytes else pc.utf8_length(text)
        unit = "bytes" if part.bytes else "characters"
        values.note(pc.greater(size, part.limit), f"{leaf.where}: longer than {part.limit} {unit}")


def _is_url(kind: MessageKind | None, leaf: Leaf) -> bool:
    part = None if kind is None else next((one for one in kind.content if one.name == leaf.place[0]), None)
    return part is not None and part.kind == "url" and len(leaf.place) == 1


def _addresses(values: Values, where: str, text: pa.StringArray, hosts: Sequence[str]) -> None:
    """Addresses that are none, or lead to where they may not."""
    host = pc.struct_field(pc.extract_regex(text, r"^https?://(?P<host>[^/?#:@\s\\]+)(?::\d+)?(?:[/?#]|$)"), "host")
    values.note(pc.and_(pc.is_valid(text), pc.is_null(host)), f"{where}: this is no https:// address")
    if hosts:
        coded = _whole(host).dictionary_encode()
        allowed = pa.array([allowed_host(one, hosts) for one in coded.dictionary.to_pylist()], pa.bool_())
        if len(allowed):
            values.note(pc.invert(allowed.take(coded.indices)), f"{where}: links may not lead to this host")


def allowed_host(host: str, hosts: Sequence[str]) -> bool:
    """Whether a host is one of these, or below one (``example.com`` lets ``shop.example.com`` in)."""
    name = host.lower().rstrip(".")
    return any(name == one.lower() or name.endswith("." + one.lower()) for one in hosts)


def host_of(address: str) -> str | None:
    """The host of an http(s) address, or None where it is no such address."""
    try:
        parsed = urlsplit(address)
        return parsed.hostname if parsed.scheme in ("http", "https") and parsed.username is None else None
    except ValueError:
        return None


def _whole(column: Any) -> Any:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _built(value: Any, place: tuple[str | int, ...], texts: Mapping[tuple[str | int, ...], str]) -> Any:
    """The tree with its texts; those that differ from row to row are left out."""
    if isinstance(value, str):
        return texts.get(place)
    if isinstance(value, Mapping):
        return {str(name): _built(one, (*place, str(name)), texts) for name, one in value.items()}
    if isinstance(value, list):
        return [_built(one, (*place, number), texts) for number, one in enumerate(value)]
    return value


def _maker(value: Any, place: tuple[str | int, ...], texts: Mapping[Any, str], columns: Mapping[Any, list[str]]) -> Any:
    """What gives a part of the tree for a row."""
    if isinstance(value, str):
        if place in columns:
            return columns[place].__getitem__
        text = texts[place]
        return lambda _row: text
    if isinstance(value, Mapping):
        inner = [(str(name), _maker(one, (*place, str(name)), texts, columns)) for name, one in value.items()]
        return lambda row: {name: make(row) for name, make in inner}
    if isinstance(value, list):
        parts = [_maker(one, (*place, number), texts, columns) for number, one in enumerate(value)]
        return lambda row: [make(row) for make in parts]
    return lambda _row: value


def _joined(parts: list[Rendered]) -> Rendered:
    texts: dict[tuple[str | int, ...], str | pa.StringArray] = {}
    for place, first in parts[0]._texts.items():
        texts[place] = first if isinstance(first, str) else pa.concat_arrays([one._texts[place] for one in parts])
    problems = [problem for one in parts for problem in one.problems]
    return Rendered(sum(one.rows for one in parts), problems, parts[0]._tree, texts)

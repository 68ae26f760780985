"""Attributes, tags and lists as they were at an instant, with what the journey itself wrote meanwhile."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa
from sqlglot import exp

from onepool.audience.conditions.compiler.facts import _TAG_COLUMNS as TAG_COLUMNS
from onepool.audience.conditions.compiler.predicates import Reader, typed
from onepool.audience.conditions.compiler.scope import table
from onepool.audience.conditions.compiler.sql import E, Params, certain, col, fn, named
from onepool.audience.conditions.compiler.steps import bound
from onepool.audience.conditions.model import AttributeLeaf, TagLeaf, canonical_text
from onepool.audience.conditions.names import Context
from onepool.audience.conditions.parts import Predicate
from onepool.journeys.backtest.events import SCOPE
from onepool.journeys.backtest.lines import MISSING, Bools, Codes, Line, People, ints
from onepool.journeys.backtest.stays import Stays
from onepool.journeys.backtest.types import I64
from onepool.journeys.world.texts import text_of
from onepool.pool import Session

_TOLD: Final = "_backtest_texts"
_payload = msgspec.json.Decoder(dict[str, dict[str, Any]]).decode


class Written:
    """What the journey wrote, in memory: by name and place (time, code) in the order in which it was written."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._said: dict[str, dict[int, list[tuple[int, int]]]] = {}
        self._who: dict[str, Bools] = {}

    def add(self, name: str, place: int, time: int, code: int) -> None:
        if name not in self._said:
            self._said[name] = {}
            self._who[name] = np.zeros(len(self._people), np.bool_)
        self._said[name].setdefault(place, []).append((time, code))
        self._who[name][place] = True

    def over(self, name: str, places: I64, instants: I64, codes: I64, since: I64) -> I64:
        """`codes` (in force `since`), with what was written up to the instants where that is not older."""
        said = self._said.get(name)
        if said is None:
            return codes
        found = codes.copy()
        for row in np.flatnonzero(self._who[name][places]).tolist():
            known = [one for one in said[int(places[row])] if one[0] <= instants[row] and one[0] >= since[row]]
            if known:
                found[row] = max(known, key=lambda one: one[0])[1]
        return found


class Values:
    """Values of customers by instant. Texts are canonical, as attribute facts have them."""

    def __init__(self, session: Session, ctx: Context, people: People, end: int) -> None:
        self._session, self._ctx, self._people, self._end = session, ctx, people, end
        self._codes: dict[str, Codes] = {}
        self._lines: dict[str, Line] = {}
        self._began: dict[str, I64] = {}
        self._lists: dict[str, Stays] = {}
        self._held: dict[str, Bools] = {}
        self._shown: dict[str, list[str | None]] = {}
        self._written = Written(people)

    # what is asked

    def attribute(self, leaf: AttributeLeaf, places: I64, instants: I64) -> Bools:
        """Whether the latest value told up to the instant passes."""
        sql_type = str(self._ctx.names.attributes[leaf.attribute])
        level = self._ctx.names.levels.get(f"attribute:{leaf.attribute}")
        name = f"attribute:{leaf.attribute}"
        codes = self._attribute_codes(leaf.attribute, places, instants)
        return self._tested(name, leaf, lambda text: typed(text, sql_type), sql_type, level)[codes]

    def tag(self, leaf: TagLeaf, places: I64, instants: I64) -> Bools:
        """Whether the tag's value at the instant passes."""
        sql_type = TAG_COLUMNS[self._ctx.names.tags[leaf.tag].type][1]
        name = f"tag:{leaf.tag}"
        line = self._line(name)
        at = line.latest(places, instants, inclusive=True)
        there = at >= 0
        codes = np.full(places.size, MISSING, np.int64)
        codes[there] = line.code[at[there]]
        since = np.full(places.size, np.iinfo(np.int64).min, np.int64)
        since[there] = line.time[at[there]]
        # Changes before the last run over everybody count no more.
        began = self._began[name]
        run = np.searchsorted(began, instants, side="right") - 1
        old = there & (run >= 0) & (since < (began[run] if began.size else since))
        codes[old] = MISSING
        codes = self._written.over(name, places, instants, codes, since)
        return self._tested(name, leaf, lambda text: _of_tag(text, sql_type), sql_type, None)[codes]

    def listed(self, name: str, places: I64, instants: I64) -> Bools:
        """Who was on a list at the instants."""
        if name not in self._lists:
            found = self._session.query(
                f"""SELECT c.customer_id, epoch_us(l.time) AS since, epoch_us(l.until) AS until FROM (
                    SELECT identifier_id, time, NULL::TIMESTAMPTZ AS until FROM list_entries WHERE list = $list
                    UNION ALL SELECT identifier_id, time, until FROM list_past WHERE list = $list
                ) l JOIN customer_of c USING (identifier_id) SEMI JOIN {SCOPE} s USING (customer_id)""",
                {"list": name},
            )
            place = self._people.places(ints(found, "customer_id"))
            ended = found.column("until").is_valid().to_numpy()
            until = ints(found.filter(pa.array(ended)), "until")
            self._lists[name] = Stays(place, ints(found, "since"), place[ended], until)
        return self._lists[name].at(places, instants)

    def texts(self, attribute: str, places: I64, instants: I64) -> list[str | None]:
        """The attribute's text at the instants, as the executor carries values (see `world.texts.text_of`)."""
        if attribute not in self._ctx.names.attributes:
            return [None] * places.size
        codes = self._attribute_codes(attribute, places, instants)
        known = self._codes[f"attribute:{attribute}"].texts
        shown = self._shown.get(attribute)
        if shown is None or len(shown) != len(known) + 1:
            sql_type = str(self._ctx.names.attributes[attribute])
            shown = self._shown[attribute] = self._through(known, lambda text: text_of(typed(text, sql_type), sql_type))
        return [shown[one] for one in codes.tolist()]

    def told(self, attributes: Sequence[str]) -> Line:
        """When one of these attributes was told of whom."""
        found = self._session.query(
            f"""SELECT c.customer_id, epoch_us(f.time) AS time, f.seq FROM attribute_facts f
            JOIN customer_of c USING (identifier_id) SEMI JOIN {SCOPE} s USING (customer_id)
            WHERE f.attribute IN (SELECT unnest($names::VARCHAR[]))""",
            {"names": sorted(attributes)},
        )
        return Line.of(self._people, ints(found, "customer_id"), ints(found, "time"), ints(found, "seq"))

    # what is written

    def write(self, effects: pa.Table) -> None:
        """What nodes set (`executor.ports.EFFECTS`): attributes and tags from the instant on at which they did."""
        for row in effects.to_pylist():
            kind = {"set_profile": "attribute", "tag": "tag"}.get(row["kind"])
            if kind is None:
                continue
            place = int(self._people.places(np.array([row["customer_id"]], np.int64))[0])
            for name, value in _payload(row["payload"])["set"].items():
                codes = self._codes.setdefault(f"{kind}:{name}", Codes())
                said = _canonical(value)
                self._written.add(f"{kind}:{name}", place, row["created"], MISSING if said is None else codes.one(said))

    # columns

    def _attribute_codes(self, attribute: str, places: I64, instants: I64) -> I64:
        name = f"attribute:{attribute}"
        line = self._line(name)
        at = line.latest(places, instants, inclusive=True)
        there = at >= 0
        codes = np.full(places.size, MISSING, np.int64)
        codes[there] = line.code[at[there]]
        since = np.full(places.size, np.iinfo(np.int64).min, np.int64)
        since[there] = line.time[at[there]]
        return self._written.over(name, places, instants, codes, since)

    def _line(self, name: str) -> Line:
        if name not in self._lines:
            codes = self._codes.setdefault(name, Codes())
            kind, _, own = name.partition(":")
            found = self._facts(own) if kind == "attribute" else self._tags(name, own)
            code = codes.column(found.column("value"))
            self._lines[name] = Line.of(
                self._people, ints(found, "customer_id"), ints(found, "time"), ints(found, "seq"), code
            )
        return self._lines[name]

    def _facts(self, attribute: str) -> pa.Table:
        return self._session.query(
            f"""SELECT c.customer_id, epoch_us(f.time) AS time, f.seq, f.value FROM attribute_facts f
            JOIN customer_of c USING (identifier_id) SEMI JOIN {SCOPE} s USING (customer_id)
            WHERE f.attribute = $name AND f.time <= make_timestamptz($end)""",
            {"name": attribute, "end": self._end},
        )

    def _tags(self, name: str, tag: str) -> pa.Table:
        column = TAG_COLUMNS[self._ctx.names.tags[tag].type][0]
        value = {"value": "value", "number": "number::VARCHAR", "list": "to_json(list)::VARCHAR"}[column]
        began = self._session.query(
            'SELECT DISTINCT epoch_us(as_of) AS "at" FROM tag_partitions WHERE tag = $tag ORDER BY 1', {"tag": tag}
        )
        self._began[name] = ints(began, "at")
        return self._session.query(
            f"""SELECT t.customer_id, epoch_us(t.as_of) AS time, t.change_id AS seq, t.value FROM (
                SELECT customer_id, as_of, change_id, {value} AS value FROM tag_changes WHERE tag = $tag
                UNION ALL SELECT customer_id, as_of, -1, {value} FROM tag_partitions WHERE tag = $tag) t
            SEMI JOIN {SCOPE} s USING (customer_id)""",
            {"tag": tag},
        )

    def _tested(self, name: str, leaf: Predicate, read: Any, sql_type: str, level: int | None) -> Bools:
        """By code whether the value passes; at the end what holds of a missing one."""
        self._line(name)
        known = self._codes[name].texts
        key = canonical_text(leaf)
        held = self._held.get(key)
        if held is None or held.size != len(known) + 1:
            reader = Reader(self._ctx, self._end, Params())
            test = certain(reader.tests(read(col("text")), sql_type, leaf, level))
            found = self._asked(known, test, reader.params.values)
            held = self._held[key] = np.array(found.to_numpy(zero_copy_only=False), np.bool_)
        return held

    def _through(self, known: Sequence[str], value: Any) -> list[str | None]:
        found: list[str | None] = self._asked(known, value(col("text")), {}).to_pylist()
        return found

    def _asked(self, known: Sequence[str], value: E, params: Mapping[str, object]) -> pa.ChunkedArray:
        """An expression over `text`, for each known text and at the end for none."""
        texts = pa.array([*known, None], pa.string())
        self._session.relation(_TOLD, pa.table({"place": np.arange(len(texts)), "text": texts}))
        query = exp.select(named(value, "found")).from_(table(_TOLD)).order_by(col("place"))
        text = query.sql("duckdb")
        return self._session.query(text, bound(text, params)).column("found")


def _of_tag(text: E, sql_type: str) -> E:
    if sql_type == "VARCHAR[]":
        return fn("from_json", text, exp.Literal.string('["VARCHAR"]'))
    return text if sql_type == "VARCHAR" else exp.cast(text, sql_type)


def _canonical(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)

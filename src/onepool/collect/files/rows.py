"""Files in which every row is one item: events, customers, objects, links."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from onepool.collect.files.mapping import OBJECTS, Kind
from onepool.collect.files.render import ROUNDED, Columns, Parameters, quoted
from onepool.collect.files.staging import Staging

RANGE = 20_000
"""Rows fetched from the staging at once."""

_SHAPE = {"events": ("event", ""), "customers": ("profile", "profile_updated"), "links": ("link", "identity_linked")}


class RowStage:
    """Renders each row as an item while the file is read, and gives every item its message id at the end.

    The id is the row's ``event_id`` where there is one, else the digest of the row's content and how many equal rows
    came before it in the file: so two equal rows stay two and importing the file again changes nothing. Rows that state
    something without saying when (a customer's city, a product's price) count as new in each new file: their digest
    covers the file's digest, or a value that changes back would be taken for a repetition.
    """

    def __init__(self, kind: Kind, staging: Staging) -> None:
        self._kind = kind
        self._staging = staging
        staging.execute(
            "CREATE TABLE staged"
            " (row BIGINT, digest UBIGINT, key VARCHAR, name VARCHAR, dated BOOLEAN, content VARCHAR)"
        )

    def statement(self, columns: Columns) -> str:
        """The INSERT for blocks of one layout."""
        kind, name = ("object", OBJECTS[self._kind]) if self._kind in OBJECTS else _SHAPE[self._kind]
        parameters: Parameters = columns.parameters
        label = f"coalesce({columns.text('control', 'event')}, '')" if self._kind == "events" else parameters.text(name)
        time = next((columns.json(t) for t in columns.targets("control") if t.name == "time"), "NULL::VARCHAR")
        fields = columns.members("field")
        traits = columns.members("attribute")
        content = (
            f"concat_ws(',', {parameters.text(quoted('kind') + ':' + quoted(kind))}, '\"name\":' || to_json({label}),"
            f" '\"time\":' || {time}, '\"ids\":' || {columns.identifiers()},"
            f" '\"fields\":{{' || {fields} || '}}', '\"traits\":{{' || {traits} || '}}')"
        )
        timeless = self._kind not in ("events", "links")
        dated = f"({time}) IS NOT NULL" if timeless else "true"
        return f"""
            INSERT INTO staged SELECT row, hash(content), key, name, dated, content FROM (
                SELECT row, {_key(columns)} AS key, {label} AS name, {dated} AS dated,
                    {content} AS content
                FROM (SELECT row, {columns.cleaned} FROM block))"""  # noqa: S608 only placeholders are put in

    def items(self, sha256: str) -> Iterator[pa.Table]:
        """The items in the order of the file: ``row``, ``name``, ``content`` (JSON)."""
        self._staging.execute(
            "CREATE TABLE repeats AS SELECT row, row_number() OVER (PARTITION BY content ORDER BY row) AS nth"
            " FROM staged WHERE key IS NULL"
            " AND digest IN (SELECT digest FROM staged GROUP BY digest HAVING count(*) > 1)"
        )
        last = self._staging.value("SELECT coalesce(max(row), 0) FROM staged")
        for start in range(0, last + 1, RANGE):
            found = self._staging.query(
                """SELECT s.row, s.name, '{"row":' || s.row || ',"message_id":' || to_json(coalesce(s.key,
                       substr(sha256(CASE WHEN s.dated THEN s.content ELSE s.content || $file END), 1, 40)
                       || '.' || coalesce(r.nth, 1))) || ',' || s.content || '}' AS content
                   FROM staged s LEFT JOIN repeats r USING (row)
                   WHERE s.row >= $from AND s.row < $to ORDER BY s.row""",
                {"file": sha256, "from": start, "to": start + RANGE},
            )
            if found.num_rows:
                yield found


def _key(columns: Columns) -> str:
    """SQL of a row's own id; none where it is a number that lost its digits."""
    key = columns.text("control", "event_id")
    return f"CASE WHEN NOT regexp_full_match({key}, '{ROUNDED}') THEN {key} END"

"""Members of segments as an audience of an advertising platform: files of hashes, of those who may be told to it.

A row is one hash in one of the platform's files. So a number that somebody gave up, or whose bearer withdrew their
consent, is taken out of the platform's audience by its hash, whoever bore it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from onepool.channels import registry
from onepool.channels.base import Account, Hashed, hashed, write_audience
from onepool.collect.accounts import open_account
from onepool.collect.touchpoint import Touchpoint
from onepool.pool import Session
from onepool.pool.schema import IN_USE
from onepool.privacy.consents import reading
from onepool.reach import suppression
from onepool.reach.definition import AUDIENCE_KEYS, Destination, DestinationError
from onepool.reach.files import NOTHING

CATEGORY: Final = "promotion"
"""Showing advertisements to people is that, whatever the segment is called."""

REMOVED: Final = "_remove"
"""How the names of files end whose hashes are to be taken out of the platform's audience."""

SCHEMA: Final = pa.schema([(name, pa.string()) for name in AUDIENCE_KEYS])

_FOUND: Final = f"""SELECT DISTINCT c.customer_id, i.identifier_id, i.type, i.value
    FROM segment_members m JOIN customer_of c USING (customer_id) JOIN identifiers i USING (identifier_id)
    WHERE list_contains($segments, m.segment) AND list_contains($types, i.type) AND {IN_USE}
        AND (i.valid_to IS NULL OR i.valid_to > make_timestamptz($at)) ORDER BY ALL"""

_BEARERS: Final = """SELECT c.customer_id, c.identifier_id FROM customer_of c
    WHERE c.customer_id IN (SELECT customer_id FROM segment_members WHERE list_contains($segments, segment))"""


def formats_of(touchpoints: Mapping[str, Touchpoint], destination: Destination) -> Sequence[Hashed]:
    """The files that the platform of a destination takes. Raises DestinationError."""
    assert destination.to.kind == "ads"
    point = touchpoints.get(destination.to.touchpoint)
    channel = registry.find(point.channel) if point is not None else None
    if point is None or channel is None or channel.audience is None:
        raise DestinationError(
            f"there is no touchpoint {destination.to.touchpoint} of an advertising platform", where="to.touchpoint"
        )
    account: Account = open_account(point)
    return channel.audience(account)


def rows(
    session: Session, connection: Connection, destination: Destination, formats: Sequence[Hashed], channel: str,
    purpose: str, at: int,
) -> tuple[pa.Table, int]:  # fmt: skip
    """What the platform may be told now: (format, hash), each once, in order; and how many members are left out of it.

    Of each member the identifiers that are theirs at the instant ``at`` (µs). Left out is whoever has not agreed to
    ``purpose`` over ``channel``, refuses the channel, or is kept back by a suppression; members whom no identifier
    names that the platform takes are not counted.
    """
    params: dict[str, Any] = {"segments": list(destination.segments)}
    types = sorted({one.type for one in formats})
    found = session.query(_FOUND, {**params, "types": types, "at": at})
    if found.num_rows == 0:
        return SCHEMA.empty_table(), 0
    allowed = _allowed(connection, session.query(_BEARERS, params), found, channel, purpose, at)
    told = found.filter(pa.array(allowed))
    left_out = pc.count_distinct(found["customer_id"]).as_py() - pc.count_distinct(told["customer_id"]).as_py()
    people = (
        {kind: (value,)} for kind, value in zip(*(told[name].to_pylist() for name in ("type", "value")), strict=True)
    )
    lines = sorted(set(hashed(people, formats)))
    columns = {"format": [name for name, _ in lines], "hash": [line for _, line in lines]}
    return pa.Table.from_pydict(columns, schema=SCHEMA), left_out


def _allowed(
    connection: Connection, bearers: pa.Table, found: pa.Table, channel: str, purpose: str, at: int
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    count = found.num_rows
    words = {"purpose": purpose, "category": CATEGORY, "channel": channel}
    texts = {
        name: pa.array([text], pa.string()).take(pa.array(np.zeros(count, np.int64))) for name, text in words.items()
    }
    asked = pa.table({"customer_id": found["customer_id"], "identifier_id": found["identifier_id"], **texts})
    asked = asked.combine_chunks()
    kept_back = suppression.suppressed(connection, bearers, asked, at)
    allowed = np.array([reason is None for reason in kept_back], np.bool_)
    customers = asked.column("customer_id").to_numpy()
    allowed &= ~reading.refused(connection, bearers, customers, channel, at)
    allowed &= reading.consented(connection, bearers, asked.select(reading.ASKED.names), at).granted
    return allowed


def write(
    destination: Destination, formats: Sequence[Hashed], changed: pa.Table, gone: pa.Table, run: int, attempt: int,
    exports: Path,
) -> str:  # fmt: skip
    """Write the platform's files into a folder and say where. Everything: a folder that is written anew; changes: a
    folder for each run that has some, where what is to be taken out has files of its own.

    Raises:
        DestinationError: in words.
    """
    target = destination.to
    assert target.kind == "ads"
    name = destination.destination
    names = [one.name for one in formats]
    lines = list(_lines(changed))
    if destination.mode == "changes":
        lines += _lines(gone, REMOVED) if destination.gone == "delete" else []
        if not lines:
            return NOTHING
        name += f"-{run:08d}" + (f"_{attempt}" if attempt else "")
        names = sorted({file for file, _ in lines})
    path = f"{target.path}/{name}" if target.path else name
    try:
        # A format that the platform's touchpoint had before may still stand among what is gone.
        write_audience(lines, sorted({*names, *(file for file, _ in lines)}), exports / path)
    except OSError as error:
        raise DestinationError(f"the files can't be written: {str(error)[:200]}", where=path) from error
    return f"exports/{path}"


def _lines(table: pa.Table, ending: str = "") -> Iterable[tuple[str, str]]:
    names = pc.binary_join_element_wise(table["format"], pa.scalar(ending), pa.scalar("")).to_pylist()
    return zip(names, table["hash"].to_pylist(), strict=True)

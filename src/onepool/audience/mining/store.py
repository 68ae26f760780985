"""Trained models in the state: one row for each run of a learned tag, with its card."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, and_, delete, desc, insert, select

from onepool.audience.mining.card import ModelCard
from onepool.clock import from_micros, to_micros
from onepool.state import State
from onepool.state.schema import tag_models

KEPT = 100
"""Runs kept of each tag."""

_ALLOWED = frozenset("biufU")


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """One run. `version`: of the tag's definition; `model`: arrays, see `pack` (None where the run was refused)."""

    tag: str
    version: int
    as_of: datetime
    trained_at: datetime
    card: ModelCard
    model: bytes | None

    @property
    def refused(self) -> bool:
        return bool(self.card.refusals)


class ModelLog:
    """The runs of learned tags in the state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def latest(self, tag: str, at: datetime | None = None) -> TrainedModel | None:
        """The newest run, refused or not (at or before an instant)."""
        return self._one(tag, at, accepted=False)

    def before(self, tag: str, at: datetime) -> TrainedModel | None:
        """The newest run before an instant that was published."""
        with self._state.read() as connection:
            query = select(tag_models).where(and_(tag_models.c.as_of < to_micros(at), ~tag_models.c.refused))
            row = connection.execute(_newest(query, tag)).first()
        return None if row is None else _trained(row)

    def published(self, tag: str, at: datetime | None = None) -> TrainedModel | None:
        """The newest run that was published (at or before an instant): the one behind the values."""
        return self._one(tag, at, accepted=True)

    def runs(self, tag: str) -> list[TrainedModel]:
        """All runs that are kept, the newest first, without their models."""
        columns = [column for column in tag_models.c if column.name != "model"]
        with self._state.read() as connection:
            rows = connection.execute(
                select(*columns)
                .where(tag_models.c.tag == tag)
                .order_by(desc(tag_models.c.as_of), desc(tag_models.c.id))
            ).all()
        return [_trained(row) for row in rows]

    def _one(self, tag: str, at: datetime | None, *, accepted: bool) -> TrainedModel | None:
        query = select(tag_models)
        if at is not None:
            query = query.where(tag_models.c.as_of <= to_micros(at))
        if accepted:
            query = query.where(~tag_models.c.refused)
        with self._state.read() as connection:
            row = connection.execute(_newest(query, tag)).first()
        return None if row is None else _trained(row)


def save_model(
    connection: Connection,
    *,
    tag: str,
    version: int,
    at: datetime,
    trained_at: datetime,
    card: ModelCard,
    model: bytes | None,
) -> None:
    """Keep a run inside the caller's transaction. A run at the same instant replaces the one before; old ones go."""
    as_of = to_micros(at)
    same = and_(tag_models.c.tag == tag, tag_models.c.as_of == as_of)
    connection.execute(delete(tag_models).where(same))
    values = {
        "tag": tag,
        "version": version,
        "as_of": as_of,
        "trained_at": to_micros(trained_at),
        "refused": bool(card.refusals),
        "card": card.model_dump_json(),
        "model": None if card.refusals else model,
    }
    connection.execute(insert(tag_models).values(**values))
    newest = select(tag_models.c.id).where(tag_models.c.tag == tag).order_by(desc(tag_models.c.as_of)).limit(KEPT)
    kept = connection.execute(newest).scalars().all()
    connection.execute(delete(tag_models).where(and_(tag_models.c.tag == tag, tag_models.c.id.not_in(kept))))


def pack(arrays: dict[str, npt.NDArray[Any]]) -> bytes:
    """Arrays of numbers and texts as NumPy's npz. Never objects: what is read back can't run anything.

    >>> unpack(pack({"means": np.array([1.0, 2.0])}))["means"].tolist()
    [1.0, 2.0]
    """
    for name, array in arrays.items():
        if array.dtype.kind not in _ALLOWED:
            raise TypeError(f"{name} is an array of {array.dtype}: numbers and texts can be kept")
    sink = BytesIO()
    np.savez_compressed(sink, **arrays)  # type: ignore[arg-type]
    return sink.getvalue()


def unpack(raw: bytes) -> dict[str, npt.NDArray[Any]]:
    """The arrays of `pack`."""
    with np.load(BytesIO(raw), allow_pickle=False) as found:
        return {name: found[name] for name in found.files}


def _newest(query: Any, tag: str) -> Any:
    return query.where(tag_models.c.tag == tag).order_by(desc(tag_models.c.as_of), desc(tag_models.c.id)).limit(1)


def _trained(row: Any) -> TrainedModel:
    return TrainedModel(
        tag=row.tag,
        version=row.version,
        as_of=from_micros(row.as_of),
        trained_at=from_micros(row.trained_at),
        card=ModelCard.model_validate_json(row.card),
        model=getattr(row, "model", None),
    )

"""What customers are called, as far as whoever asks may see it."""

from __future__ import annotations

from collections.abc import Iterable

from onepool.api.access import Caller
from onepool.api.showing import shown
from onepool.api.workspace import WorkspaceLike
from onepool.pool import Session
from onepool.privacy.masking import PERSON_NAMES


def names_of(ws: WorkspaceLike, session: Session, who: Caller, ids: list[int]) -> dict[int, str | None]:
    """Names by number, in one query. Missing: who is no customer (any more)."""
    known = [name for name in sorted(PERSON_NAMES) if name in ws.standard().attributes]
    if not ids or not known:
        return {}
    listed = ", ".join(f'"{name}"' for name in known)
    rows = session.query(
        f"SELECT customer_id, {listed} FROM profiles WHERE list_contains($ids::BIGINT[], customer_id)",  # noqa: S608 names of the standard
        {"ids": ids},
    ).to_pylist()
    view = shown(who, ws.standard())
    return {
        row["customer_id"]: view.name({key: value for key, value in row.items() if isinstance(value, str)})
        for row in rows
    }


def called(ws: WorkspaceLike, who: Caller, ids: Iterable[int | None]) -> dict[int | None, str | None]:
    """The same for the rows of a list, some of which may be nobody's."""
    wanted = sorted({one for one in ids if one is not None})
    if not wanted:
        return {}
    with ws.pool.read() as session:
        return dict(names_of(ws, session, who, wanted).items())

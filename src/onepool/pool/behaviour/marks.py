"""What the pool itself says of its history, in table `meta`, in the transaction of what it tells.

`pool`: a name given once, so that files of another pool are not taken for this one's. `epoch`: how often events were
changed or added out of turn (values handed on, things tried again), which a build on disk can't see by itself.
`version`: changes with every commit that changes events or whose they are; readers find the state of their snapshot by
it.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

from onepool.pool.engine import Session

_POOL, _EPOCH, _VERSION = "behaviour_pool", "behaviour_epoch", "behaviour_version"
_KEYS = [_POOL, _EPOCH, _VERSION]


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks of a snapshot; `pool` and `version` are None where nobody has set them."""

    pool: str | None
    epoch: int
    version: str | None


def read(session: Session) -> Marks:
    """The marks that the session sees."""
    found = session.query("SELECT key, value FROM meta WHERE key IN (SELECT unnest($keys))", {"keys": _KEYS})
    values = dict(zip(found.column("key").to_pylist(), found.column("value").to_pylist(), strict=True))
    return Marks(values.get(_POOL), int(values.get(_EPOCH) or 0), values.get(_VERSION))


def version(session: Session) -> str | None:
    """The version that the session sees, which every reader asks for: one comparison costs half of what three do."""
    found = session.query("SELECT value FROM meta WHERE key = $key", {"key": _VERSION})
    return found.column("value")[0].as_py() if found.num_rows else None


def name_pool(session: Session) -> str:
    """Give the pool its name."""
    name = uuid4().hex
    _put(session, _POOL, name)
    return name


def new_version(session: Session) -> str:
    """Whoever changes events, or whose they are, says so in the same transaction. Returns the new version."""
    version = uuid4().hex
    session.execute("UPDATE meta SET value = $value WHERE key = $key", {"key": _VERSION, "value": version})
    return version


def begin_versions(session: Session) -> str:
    """As `new_version`, for a pool that may have none yet."""
    version = uuid4().hex
    _put(session, _VERSION, version)
    return version


def new_epoch(session: Session, epoch: int) -> None:
    """History was changed, or added to out of turn: builds on disk of an earlier epoch are not to be opened again."""
    _put(session, _EPOCH, str(epoch))


def _put(session: Session, key: str, value: str) -> None:
    session.execute("DELETE FROM meta WHERE key = $key", {"key": key})
    session.execute("INSERT INTO meta VALUES ($key, $value)", {"key": key, "value": value})
